"""Many requests, few transactions: whoever comes while a commit is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from bot.updates import Incoming

WAIT_SECONDS = 10.0
"""Who has waited so long for a commit is sent away, to come again."""

MOST_WAITING = 2000
"""With so many waiting, further ones are sent away at once."""

MOST_AT_ONCE = 100
"""Updates in one transaction."""

log = get_logger(__name__)


class NotTakenError(Exception):
    """The update was not taken, or nobody knows: it is to be sent again, which does no harm."""


class GroupCommit:
    """Commits updates in the order in which they came, as many at once as there are.

    Args:
        take: Commits updates, in their order.
        wait: Seconds that one may wait.
    """

    def __init__(self, take: Callable[[Sequence[Incoming]], Awaitable[None]], wait: float = WAIT_SECONDS) -> None:
        self._take = take
        self._wait = wait
        self._waiting: list[tuple[Incoming, asyncio.Future[None]]] = []
        self._some = asyncio.Event()
        self._is_open = False

    async def put(self, item: Incoming) -> None:
        """Return once the update is committed.

        Raises:
            NotTakenError: It is not, or nobody knows.
        """
        if not self._is_open or len(self._waiting) >= MOST_WAITING:
            raise NotTakenError
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        self._some.set()
        try:
            async with asyncio.timeout(self._wait):
                await done
        except TimeoutError:
            raise NotTakenError from None

    async def run(self) -> None:
        """Commit until cancelled."""
        self._is_open = True
        batch: list[tuple[Incoming, asyncio.Future[None]]] = []
        try:
            while True:
                await self._some.wait()
                batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
                await self._commit(batch)
                if not self._waiting:
                    self._some.clear()
        finally:
            self._is_open = False
            _send_away(batch + self._waiting)
            self._waiting = []

    async def _commit(self, batch: list[tuple[Incoming, asyncio.Future[None]]]) -> None:
        try:
            await self._take([item for item, done in batch if not done.done()])
        except (SQLAlchemyError, OSError) as error:
            log.warning("inbox_met_an_outage", error=type(error).__name__, updates=len(batch))
            _send_away(batch)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)


def _send_away(batch: Sequence[tuple[Incoming, asyncio.Future[None]]]) -> None:
    for _, done in batch:
        with suppress(asyncio.InvalidStateError):
            done.set_exception(NotTakenError())

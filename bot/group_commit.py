"""Many requests, few transactions: whoever comes while a commit is under way shares the next one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

WAIT_SECONDS = 10.0
"""Who has waited so long for a commit is sent away, to come again."""

MOST_WAITING = 2000
"""With so many waiting, further ones are sent away at once."""

MOST_AT_ONCE = 100
"""Items in one transaction."""

T = TypeVar("T")

log = get_logger(__name__)


class NotTakenError(Exception):
    """The item was not taken, or nobody knows: it is to be handed in again, which does no harm."""


class GroupCommit(Generic[T]):
    """Commits items in the order in which they came, as many at once as there are.

    Args:
        take: Commits items, in their order; commits all or none.
        wait: Seconds that one may wait.
    """

    def __init__(self, take: Callable[[Sequence[T]], Awaitable[None]], wait: float = WAIT_SECONDS) -> None:
        self._take = take
        self._wait = wait
        self._waiting: list[tuple[T, asyncio.Future[None]]] = []
        self._some = asyncio.Event()
        self._is_open = False

    async def put(self, item: T) -> None:
        """Return once the item is committed.

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
        batch: list[tuple[T, asyncio.Future[None]]] = []
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

    async def _commit(self, batch: list[tuple[T, asyncio.Future[None]]]) -> None:
        try:
            await self._take([item for item, done in batch if not done.done()])
        except (SQLAlchemyError, OSError) as error:
            log.warning("inbox_met_an_outage", error=type(error).__name__, items=len(batch))
            _send_away(batch)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(None)


def _send_away(batch: Sequence[tuple[T, asyncio.Future[None]]]) -> None:
    for _, done in batch:
        with suppress(asyncio.InvalidStateError):
            done.set_exception(NotTakenError())

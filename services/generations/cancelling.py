"""Cancel, from any place at any state: what a person wants reaches the run that does the work, within a second."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from services.store.database import Database
from services.store.schema import GenerationRow

WATCH_SECONDS = 0.5
"""How often the rows of running generations are asked for a wish to cancel that came through another process."""

log = get_logger(__name__)


class CancelRequestedError(Exception):
    """The person wants the generation cancelled."""


class CancelScopes:
    """The blocks of running generations that Cancel ends at once, wherever they wait."""

    def __init__(self) -> None:
        self._scopes: dict[str, asyncio.Timeout] = {}
        self._any = asyncio.Event()

    @asynccontextmanager
    async def scope(self, generation_id: str) -> AsyncIterator[None]:
        """A block that :meth:`cancel` ends.

        Raises:
            CancelRequestedError: It was ended so.
        """
        # A timeout with no time is the standard library's way to end a block from outside and tell it from a
        # cancelled task.
        try:
            async with asyncio.timeout(None) as timeout:
                self._scopes[generation_id] = timeout
                self._any.set()
                try:
                    yield
                finally:
                    self._scopes.pop(generation_id, None)
        except TimeoutError:
            if timeout.expired():
                raise CancelRequestedError from None
            raise

    def cancel(self, generation_id: str) -> None:
        """End the generation's block, if this process runs one."""
        timeout = self._scopes.pop(generation_id, None)
        if timeout is not None and not timeout.expired():
            timeout.reschedule(asyncio.get_running_loop().time())

    async def wait_for_any(self) -> list[str]:
        """The ids of the open blocks; waits while there is none."""
        while not self._scopes:
            self._any.clear()
            await self._any.wait()
        return list(self._scopes)


class CancelWatch:
    """Hands wishes to cancel from the rows to the blocks of this process.

    Args:
        database: Where the rows are.
        scopes: The blocks.
        sleep: Waits some seconds.
    """

    def __init__(self, database: Database, scopes: CancelScopes, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._database = database
        self._scopes = scopes
        self._sleep = sleep

    async def run(self) -> None:
        """Watch until cancelled; idle while nothing runs. A database that does not answer is asked again."""
        while True:
            ids = await self._scopes.wait_for_any()
            try:
                for generation_id in await self._wanted(ids):
                    self._scopes.cancel(generation_id)
            except (SQLAlchemyError, OSError) as error:
                log.warning("cancel_watch_failed", error=type(error).__name__)
            await self._sleep(WATCH_SECONDS)

    async def _wanted(self, ids: list[str]) -> list[str]:
        async with self._database.read() as session:
            query = select(GenerationRow.id).where(
                GenerationRow.id.in_(ids), GenerationRow.cancel_requested_at.is_not(None)
            )
            return list(await session.scalars(query))

"""The doors of the database that are left until all packages use the new ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from functools import cached_property

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from services.store.old_engines import Engines, async_url, make_engine
from services.store.outage_log import OutageLog
from services.store.turns import Turns

CLOSE_SECONDS = 1.0
"""What transactions that were cut off are given to let go of their connections."""


class OldDoors:
    """Transactions as context managers."""

    def __init__(self, engine: Engine, outages: OutageLog) -> None:
        self._url = engine.url.render_as_string(hide_password=False)
        self._outages = outages
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._turns = Turns() if self._is_sqlite else None
        self._closing: set[asyncio.Task[None]] = set()

    @cached_property
    def old_engine(self) -> AsyncEngine:
        """The asynchronous engine."""
        return make_engine(async_url(self._url))

    @cached_property
    def _old(self) -> Engines:
        return Engines.of(self.old_engine)

    @asynccontextmanager
    async def old_write(self, *, hurry: bool = False, durable: bool = True) -> AsyncIterator[AsyncSession]:
        """A transaction that may write; committed when the block ends, rolled back when it raises.

        Args:
            hurry: On SQLite, whether to go before those who wait to write.
            durable: On SQLite, whether the commit waits until it would survive a loss of power, which takes a disk
                milliseconds. It survives the end of the process in any case.
        """
        engine = self._old.durable if durable else self._old.quick
        async with self._turn(hurry=hurry), self._transaction(engine) as session:
            yield session

    @asynccontextmanager
    async def write_one(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one statement that is a durable transaction by itself, which spares its begin and end."""
        async with self._turn(), self._connection(self._old.durable_one) as connection:
            yield connection

    @asynccontextmanager
    async def old_read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads."""
        async with self._transaction(self.old_engine) as session:
            yield session

    @asynccontextmanager
    async def look(self) -> AsyncIterator[AsyncConnection]:
        """A connection for statements that only read, each of which sees what is newest then."""
        async with self._connection(self._old.look) as connection:
            yield connection

    def _turn(self, *, hurry: bool = False) -> AbstractAsyncContextManager[None]:
        return self._turns.turn(hurry=hurry) if self._turns else nullcontext()

    @asynccontextmanager
    async def _transaction(self, engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
        session = AsyncSession(engine, expire_on_commit=False)
        async with self._watched(session), session.begin():
            yield session

    @asynccontextmanager
    async def _connection(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        try:
            connection = await engine.connect()
        except (SQLAlchemyError, OSError) as error:
            self._outages.failed(error)
            raise
        async with self._watched(connection):
            yield connection

    @asynccontextmanager
    async def _watched(self, work: AsyncSession | AsyncConnection) -> AsyncIterator[None]:
        """Note whether the database works, and put the connection back at the end."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            self._outages.failed(error)
            raise
        finally:
            await self._put_back(work)
        self._outages.worked()

    async def _put_back(self, work: AsyncSession | AsyncConnection) -> None:
        """Give the connection back, also when the caller is cancelled: the end of the process waits for that."""
        closing = asyncio.ensure_future(work.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        await asyncio.shield(closing)

    async def old_close(self) -> None:
        """Close every connection."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_SECONDS)
        if "old_engine" in self.__dict__:
            await self.old_engine.dispose()

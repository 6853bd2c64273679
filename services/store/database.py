"""The database: one engine, transactions that read or write, migrations at start.

Writers of one process wait for each other in the event loop rather than in SQLite's busy handler, which sleeps.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession

from services.store.condition import Condition, reason_of
from services.store.engines import Engines, async_url, make_engine
from services.store.schema import Base
from services.store.turns import Turns

CLOSE_SECONDS = 1.0
"""What transactions that were cut off are given to let go of their connections."""

NEWEST = "0001"
"""The newest migration."""

_VERSIONS = "alembic_version"
_CREATE_VERSIONS = f"""CREATE TABLE {_VERSIONS} (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT {_VERSIONS}_pkc PRIMARY KEY (version_num)
)"""

MIGRATION_LOCK = 7205759403792793
"""PostgreSQL's advisory lock around migrations: processes that start together must not make the tables at once."""

_LOCK = text("SELECT pg_advisory_xact_lock(:key)")

EXCLUSIVE_PAUSE_SECONDS = 0.1


class DatabaseError(Exception):
    """The database cannot be used; the message is one sentence for the operator and holds no password."""


class DatabaseHeldError(DatabaseError):
    """Another process holds the lock of the SQLite file for longer than is waited for it."""


class NewerTablesError(Exception):
    """The tables have a form that this version does not know: a newer one was here."""


class MigrationError(DatabaseError):
    """The tables cannot be brought to the form of this version; they are as they were."""


class Database:
    """Transactions over one engine; made by :func:`open_database`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._engines = Engines.of(engine)
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._turns = Turns() if self._is_sqlite else None
        self._condition = Condition()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def is_sqlite(self) -> bool:
        """Whether one process and one file hold everything."""
        return self._is_sqlite

    @property
    def engine(self) -> AsyncEngine:
        """The engine, for what needs a connection of its own."""
        return self._engine

    @asynccontextmanager
    async def write(self, *, hurry: bool = False, durable: bool = True) -> AsyncIterator[AsyncSession]:
        """A transaction that may write; committed when the block ends, rolled back when it raises.

        Args:
            hurry: On SQLite, whether to go before those who wait to write.
            durable: On SQLite, whether the commit waits until it would survive a loss of power, which takes a disk
                milliseconds. It survives the end of the process in any case.
        """
        engine = self._engines.durable if durable else self._engines.quick
        async with self._turn(hurry=hurry), self._transaction(engine) as session:
            yield session

    @asynccontextmanager
    async def write_one(self) -> AsyncIterator[AsyncConnection]:
        """A connection for one statement that is a durable transaction by itself, which spares its begin and end."""
        async with self._turn(), self._connection(self._engines.durable_one) as connection:
            yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads."""
        async with self._transaction(self._engine) as session:
            yield session

    @asynccontextmanager
    async def look(self) -> AsyncIterator[AsyncConnection]:
        """A connection for statements that only read, each of which sees what is newest then."""
        async with self._connection(self._engines.look) as connection:
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
            self._condition.failed(error)
            raise
        async with self._watched(connection):
            yield connection

    @asynccontextmanager
    async def _watched(self, work: AsyncSession | AsyncConnection) -> AsyncIterator[None]:
        """Note whether the database works, and put the connection back at the end."""
        try:
            yield
        except (SQLAlchemyError, OSError) as error:
            self._condition.failed(error)
            raise
        finally:
            await self._put_back(work)
        self._condition.worked()

    async def _put_back(self, work: AsyncSession | AsyncConnection) -> None:
        """Give the connection back, also when the caller is cancelled: the end of the process waits for that."""
        closing = asyncio.ensure_future(work.close())
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        await asyncio.shield(closing)

    @asynccontextmanager
    async def exclusively(self, key: int, sleep: Callable[[float], Awaitable[None]]) -> AsyncIterator[None]:
        """A block that only one process at a time is in; on SQLite there is only one.

        Args:
            key: Of PostgreSQL's advisory lock.
            sleep: Waits some seconds.
        """
        if self._is_sqlite:
            yield
            return
        # No transaction and no statement lasts meanwhile: what makes an index "concurrently" waits for all of them.
        async with self._engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            while not await connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}):
                await sleep(EXCLUSIVE_PAUSE_SECONDS)
            try:
                yield
            finally:
                await connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": key})

    async def ping(self) -> None:
        """Prove that the database answers.

        Raises:
            DatabaseError: It does not.
        """
        try:
            async with self.read() as session:
                # A table is read: a constant SQLite gives without a look at its file.
                await session.execute(text(f"SELECT version_num FROM {_VERSIONS}"))  # noqa: S608
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(f"the database does not answer ({type(error).__name__})") from error

    async def close(self) -> None:
        """Close every connection."""
        if self._closing:
            await asyncio.wait(self._closing, timeout=CLOSE_SECONDS)
        await self._engine.dispose()


def _migrate(connection: Connection) -> None:
    """Bring the tables to the newest form.

    Most starts find that form, or nothing at all; Alembic, which takes as much memory as the bot's own code, is
    called for the rest. That both ways lead to the same tables is held by a test.
    """
    tables = inspect(connection).get_table_names()
    if not tables:
        Base.metadata.create_all(connection)
        connection.execute(text(_CREATE_VERSIONS))
        connection.execute(text(f"INSERT INTO {_VERSIONS} VALUES (:newest)"), {"newest": NEWEST})  # noqa: S608
    elif _VERSIONS not in tables or list(connection.scalars(text(f"SELECT version_num FROM {_VERSIONS}"))) != [NEWEST]:  # noqa: S608
        from services.store.upgrading import upgrade  # noqa: PLC0415 - see above

        upgrade(connection)


async def open_database(database_url: str) -> Database:
    """Connect, and bring the tables to the newest form.

    Args:
        database_url: ``sqlite:///…`` or ``postgresql://…``.

    Raises:
        MigrationError: It is there, and cannot be brought to the newest form; it is left as it was.
        DatabaseHeldError: Another process holds its lock.
        DatabaseError: It cannot be opened.
    """
    url = async_url(database_url)
    name = url.get_backend_name()
    engine = make_engine(url)
    try:
        async with Engines.of(engine).durable.begin() as connection:
            if name != "sqlite":
                # A migration may compute for longer than a transaction may idle.
                await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
                await connection.execute(_LOCK, {"key": MIGRATION_LOCK})
            await _bring_up_to_date(connection, name)
    except (SQLAlchemyError, OSError) as error:
        await engine.dispose()
        kind = DatabaseHeldError if name == "sqlite" and "locked" in reason_of(error) else DatabaseError
        raise kind(f"DATABASE_URL: the {name} database cannot be opened: {reason_of(error)}") from error
    except DatabaseError:
        await engine.dispose()
        raise
    return Database(engine)


async def _bring_up_to_date(connection: AsyncConnection, name: str) -> None:
    try:
        await connection.run_sync(_migrate)
    except NewerTablesError as error:
        raise MigrationError(
            f"DATABASE_URL: the {name} database was made by a newer version of the bot; "
            "run that version, or restore the backup from before the upgrade"
        ) from error
    except Exception as error:
        raise MigrationError(
            f"DATABASE_URL: the {name} database could not be brought to the form of this version and was left as it "
            f"was: {reason_of(error)}"
        ) from error

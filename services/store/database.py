"""The database: transactions that read or write as plain functions in threads, migrations at start, a look beforehand.

A function takes a :class:`~sqlalchemy.orm.Session` and runs as one transaction: committed when it returns, rolled back
when it raises. On SQLite one thread writes, so that writers wait for each other in its queue rather than in SQLite's
busy handler, which sleeps.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from sqlalchemy import Column, Connection, Engine, MetaData, PrimaryKeyConstraint, String, Table, inspect, select, text
from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session
from structlog import get_logger

import services.store.payment_tables
import services.store.schema  # noqa: F401 - both name the tables that are made
from services.store.base import Base
from services.store.engines import POOL_SIZE, WRITE, make_engine
from services.store.threads import Threads, in_own_thread

CLOSE_SECONDS = 1.5
"""How long transactions that have been asked for are waited for at the end; the disk may hang."""

SQLITE_READERS = 2

MIGRATIONS = Path(__file__).parent / "migrations"

NEWEST = max(path.name[:4] for path in (MIGRATIONS / "versions").glob("*.py"))
"""The newest migration; each begins with its number."""

_VERSIONS = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""As Alembic makes it."""

MIGRATION_LOCK = 7205759403792793
"""PostgreSQL's advisory lock around migrations: processes that start together must not make the tables at once."""

REPEAT_SECONDS = 30.0
"""An outage that lasts is said again after so long."""

DATABASE_OUTAGES = (OperationalError, InterfaceError, DisconnectionError, PoolTimeoutError)
"""What says that the database itself is locked, full or gone, rather than that a statement is wrong."""

log = get_logger(__name__)
T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class DatabaseError(Exception):
    """The database cannot be used; the message is one sentence for the operator and holds no password."""


class DatabaseHeldError(DatabaseError):
    """Another process holds the lock of the SQLite file for longer than is waited for it."""


def reason_of(error: Exception) -> str:
    """The first line of what a driver says, without the statement."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


@dataclass(slots=True)
class OutageLog:
    """Logs a database outage once, and once when it ends; one that lasts is said again now and then."""

    now: Callable[[], float] = time.monotonic
    _failing_since: float | None = None
    _said_at: float = 0.0

    def failed(self, error: Exception) -> None:
        """Note an error of a transaction; one that tells nothing of the database's condition is left alone."""
        if not isinstance(error, (*DATABASE_OUTAGES, OSError)):
            return
        now = self.now()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._said_at < REPEAT_SECONDS:
            return
        self._said_at = now
        log.error("database_fails", reason=reason_of(error), hint="work waits and goes on by itself once it is back")

    def worked(self) -> None:
        """Note a transaction that came to its end."""
        if self._failing_since is not None:
            log.warning("database_works_again", seconds=round(self.now() - self._failing_since, 1))
            self._failing_since = None


class Database:
    """Transactions over one engine; made by :func:`open_database`."""

    def __init__(self, engine: Engine) -> None:
        self._outages = OutageLog()
        self.engine = engine
        """For what needs a connection of its own."""
        self._durable = engine.execution_options(**{WRITE: "FULL"})
        self._relaxed = engine.execution_options(**{WRITE: "NORMAL"})
        if self.is_sqlite:
            self._writers, self._readers = Threads("database-write", 1), Threads("database-read", SQLITE_READERS)
        else:
            self._writers = self._readers = Threads("database", POOL_SIZE)

    @property
    def is_sqlite(self) -> bool:
        """Whether one process and one file hold everything."""
        return self.engine.dialect.name == "sqlite"

    async def read(self, work: Callable[[Session, *Ts], T], *args: *Ts) -> T:
        """Run a function that only reads, and sees one moment on SQLite; rows that it loaded may be read afterwards."""
        return await self._run(self._readers, self.engine, work, *args)

    async def write(
        self, work: Callable[[Session, *Ts], T], *args: *Ts, durable: bool = True, urgent: bool = False
    ) -> T:
        """Run a function that may write; rows that it loaded may be read afterwards.

        A caller who is cancelled meanwhile does not learn whether it was committed, as after a crash.

        Args:
            work: Is given a session of its own.
            *args: Its other arguments.
            durable: On SQLite, whether the commit waits until it would survive a loss of power, which takes a disk
                milliseconds. It survives the end of the process in any case.
            urgent: Whether somebody outside waits for this commit, so that it goes before those that wait already.
        """
        engine = self._durable if durable else self._relaxed
        return await self._run(self._writers, engine, work, *args, urgent=urgent)

    async def _run(
        self, threads: Threads, engine: Engine, work: Callable[[Session, *Ts], T], *args: *Ts, urgent: bool = False
    ) -> T:
        try:
            result = await threads.run(partial(_transaction, engine, work, *args), urgent=urgent)
        except (SQLAlchemyError, OSError) as error:
            self._outages.failed(error)
            raise
        self._outages.worked()
        return result

    async def ping(self) -> None:
        """Prove that the database answers.

        Raises:
            DatabaseError: It does not.
        """
        try:
            # A table is read: a constant SQLite gives without a look at its file.
            await self.read(lambda session: session.execute(select(_VERSIONS)).all())
        except (SQLAlchemyError, OSError) as error:
            raise DatabaseError(f"the database does not answer ({type(error).__name__})") from error

    async def close(self) -> None:
        """Finish the transactions that were asked for, within a bound, and close every connection."""
        for threads in (self._readers, self._writers):
            await threads.close(CLOSE_SECONDS)
        await _dispose(self.engine)


def _transaction(engine: Engine, work: Callable[[Session, *Ts], T], *args: *Ts) -> T:
    with Session(engine, expire_on_commit=False) as session, session.begin():
        return work(session, *args)


async def _dispose(engine: Engine) -> None:
    """Close the connections that are not in use; the last one may have to write to a disk that hangs."""
    with suppress(TimeoutError):
        async with asyncio.timeout(CLOSE_SECONDS):
            await in_own_thread("database-close", engine.dispose)


def _migrate(connection: Connection) -> None:
    """Bring the tables to the newest form.

    Most starts find that form, or nothing at all; Alembic, which takes as much memory as the bot's own code, is
    called for the rest. That both ways lead to the same tables is held by a test.
    """
    if not inspect(connection).get_table_names():
        Base.metadata.create_all(connection, checkfirst=False)
        _VERSIONS.create(connection, checkfirst=False)
        connection.execute(_VERSIONS.insert().values(version_num=NEWEST))
    elif revision(connection) != NEWEST:
        upgrade(connection)


def revision(connection: Connection) -> str:
    """The revision of the tables, which grows from one to the next; empty where there are none."""
    if not inspect(connection).has_table(_VERSIONS.name):
        return ""
    return connection.scalar(select(_VERSIONS.c.version_num)) or ""


def upgrade(connection: Connection) -> None:
    """Run every migration that is missing, in the connection's transaction.

    Raises:
        DatabaseError: A newer version was here.
    """
    from alembic import command  # noqa: PLC0415 - see above
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise DatabaseError(
            f"DATABASE_URL: the {connection.dialect.name} database was made by a newer version of the bot; "
            "run that version, or restore the backup from before the upgrade"
        ) from error


async def open_database(database_url: str) -> Database:
    """Connect to ``sqlite:///…`` or ``postgresql://…``, and bring the tables to the newest form.

    Raises:
        DatabaseHeldError: Another process holds its lock.
        DatabaseError: It cannot be opened, or not be brought to the newest form; then it is left as it was.
    """
    engine = make_engine(database_url)
    name = engine.dialect.name
    try:
        await in_own_thread("database-open", partial(_prepare, engine))
    except DatabaseError:
        await _dispose(engine)
        raise
    except (SQLAlchemyError, OSError) as error:
        await _dispose(engine)
        kind = DatabaseHeldError if name == "sqlite" and "locked" in reason_of(error) else DatabaseError
        raise kind(f"DATABASE_URL: the {name} database cannot be opened: {reason_of(error)}") from error
    return Database(engine)


def _prepare(engine: Engine) -> None:
    with engine.execution_options(**{WRITE: "FULL"}).begin() as connection:
        if engine.dialect.name != "sqlite":
            # A migration may compute for longer than a transaction may idle.
            connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            _migrate(connection)
        except DatabaseError:
            raise
        except Exception as error:
            raise DatabaseError(
                f"DATABASE_URL: the {engine.dialect.name} database could not be brought to the form of this version "
                f"and was left as it was: {reason_of(error)}"
            ) from error


async def look_into(database_url: str, work: Callable[[Session], T], *, as_writer: bool = False) -> T | None:
    """Read from a database whose tables are not brought forward; None where SQLite's file is still to be made.

    Args:
        work: Is given a session of its own.
        as_writer: Prove as well that SQLite's file can be written.

    Raises:
        DatabaseError: It cannot be used.
    """
    engine = make_engine(database_url)
    name = engine.dialect.name
    if name == "sqlite" and _is_missing(Path(engine.url.database or "")):
        return None

    def look() -> T:
        try:
            return _transaction(engine.execution_options(**{WRITE: "FULL"}) if as_writer else engine, work)
        finally:
            engine.dispose()

    try:
        return await in_own_thread("database-look", look)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"the {name} database cannot be used: {reason_of(error)}") from error


def _is_missing(path: Path) -> bool:
    if not path.parent.is_dir():
        raise DatabaseError("the sqlite database cannot be made: its directory does not exist")
    return not path.exists()

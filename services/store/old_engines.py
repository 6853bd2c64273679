"""Engines: how SQLite and PostgreSQL are connected to.

SQLite runs in WAL, and a commit that money hangs on waits for the disk (``synchronous=FULL``): with it, all that was
committed before survives a loss of power. Others survive the end of the process, however sudden. Source: SQLite's page
on ``PRAGMA synchronous``.
"""

import sqlite3
from dataclasses import dataclass
from typing import Self

from sqlalchemy import Connection, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from services.store.one_hop import OneHopConnection
from services.store.sqlite_file import always_the_same, give_up_strangers

BUSY_TIMEOUT_SECONDS = 30

IDLE_SECONDS = 5
"""A process that is frozen in the middle of a transaction loses it, and its locks, after so long."""

BEGIN = "begin_with"
"""The execution option that says with which statements a transaction on SQLite begins."""

_POSTGRESQL_ARGUMENTS = {
    "connect_timeout": 10,
    # A server that is gone without a word (its machine lost power, the network fell apart) is given up in time.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Options of the connection. Source: PostgreSQL's page on "Database Connection Control Functions"."""


@dataclass(frozen=True, slots=True)
class Engines:
    """One engine, for transactions of each kind.

    Attributes:
        durable: Commits wait until they would survive a loss of power.
        quick: On SQLite, commits survive the end of the process, and need not wait for that.
        durable_one: Each statement is a durable transaction by itself.
        look: Each statement reads by itself.
    """

    durable: AsyncEngine
    quick: AsyncEngine
    durable_one: AsyncEngine
    look: AsyncEngine

    @classmethod
    def of(cls, engine: AsyncEngine) -> Self:
        """All of them, with the same connections."""
        if engine.dialect.name != "sqlite":
            alone = engine.execution_options(isolation_level="AUTOCOMMIT")
            return cls(engine, engine, alone, alone)
        full = ("PRAGMA synchronous=FULL",)
        return cls(
            durable=engine.execution_options(**{BEGIN: (*full, "BEGIN IMMEDIATE")}),
            quick=engine.execution_options(**{BEGIN: ("PRAGMA synchronous=NORMAL", "BEGIN IMMEDIATE")}),
            durable_one=engine.execution_options(**{BEGIN: full}),
            look=engine.execution_options(**{BEGIN: ()}),
        )


def async_url(database_url: str) -> URL:
    """The URL with the asynchronous driver of its database.

    Args:
        database_url: ``sqlite:///…`` or ``postgresql://…``.
    """
    url = make_url(database_url)
    driver = "sqlite+aiosqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg"
    return url.set(drivername=driver)


def is_sqlite(database_url: str) -> bool:
    """Whether the URL names an SQLite file."""
    return make_url(database_url).get_backend_name() == "sqlite"


def make_engine(url: URL) -> AsyncEngine:
    """An engine for a URL of :func:`async_url`; nothing is connected yet."""
    return _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgresql_engine(url)


def _postgresql_engine(url: URL) -> AsyncEngine:
    engine = create_async_engine(url, pool_pre_ping=True, hide_parameters=True, connect_args=_POSTGRESQL_ARGUMENTS)
    _prepare_postgresql(engine)
    return engine


def _sqlite_engine(url: URL) -> AsyncEngine:
    path = ""

    def connect() -> sqlite3.Connection:
        _, options = engine.dialect.create_connect_args(url)
        opened: sqlite3.Connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, **options)
        return opened

    async def connection() -> OneHopConnection:
        return await OneHopConnection(connect_again)

    engine = create_async_engine(url, hide_parameters=True, async_creator=connection)
    (path,), _ = engine.dialect.create_connect_args(url)
    connect_again = always_the_same(connect, path)
    _prepare_sqlite(engine)
    give_up_strangers(engine.sync_engine, path)
    return engine


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: "begin" below decides which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, OneHopConnection)
        driver.begin_with(*connection.get_execution_options().get(BEGIN, ("BEGIN DEFERRED",)))


def _prepare_postgresql(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        cursor.close()
        connection.commit()

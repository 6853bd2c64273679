"""Engines: how SQLite and PostgreSQL are connected to.

SQLite runs in WAL, and a commit that money hangs on waits for the disk (``synchronous=FULL``): with it, all that was
committed before survives a loss of power. Others survive the end of the process, however sudden. Source: SQLite's page
on ``PRAGMA synchronous``.
"""

import sqlite3

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from services.store.sqlite_file import always_the_same, give_up_strangers

BUSY_TIMEOUT_SECONDS = 30

IDLE_SECONDS = 5
"""A process that is frozen in the middle of a transaction loses it, and its locks, after so long."""

POOL_SIZE = 5
"""Connections that are kept; there are never more threads that use one."""

WRITE = "write"
"""Execution option: ``FULL`` or ``NORMAL`` begins a transaction on SQLite that writes and is so synchronous."""

_POSTGRESQL_ARGUMENTS = {
    "connect_timeout": 10,
    # A server that is gone without a word (its machine lost power, the network fell apart) is given up in time.
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}
"""Options of the connection. Source: PostgreSQL's page on "Database Connection Control Functions"."""


def driver_url(database_url: str) -> URL:
    """The URL with the driver of its database.

    Args:
        database_url: ``sqlite:///…`` or ``postgresql://…``.
    """
    url = make_url(database_url)
    return url.set(drivername="sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg")


def is_sqlite(database_url: str) -> bool:
    """Whether the URL names an SQLite file."""
    return make_url(database_url).get_backend_name() == "sqlite"


def make_engine(url: URL) -> Engine:
    """An engine for a URL of :func:`driver_url`; nothing is connected yet."""
    return _sqlite_engine(url) if url.get_backend_name() == "sqlite" else _postgresql_engine(url)


def _postgresql_engine(url: URL) -> Engine:
    engine = create_engine(
        url, pool_pre_ping=True, pool_size=POOL_SIZE, hide_parameters=True, connect_args=_POSTGRESQL_ARGUMENTS
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'")
        cursor.close()
        connection.commit()

    return engine


def _sqlite_engine(url: URL) -> Engine:
    path = ""

    def connect() -> sqlite3.Connection:
        _, options = engine.dialect.create_connect_args(url)
        opened: sqlite3.Connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, **options)
        return opened

    def connection() -> sqlite3.Connection:
        return connect_again()

    engine = create_engine(url, poolclass=QueuePool, pool_size=POOL_SIZE, hide_parameters=True, creator=connection)
    (path,), _ = engine.dialect.create_connect_args(url)
    connect_again = always_the_same(connect, path)

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
        # The driver must not begin transactions by itself: "begin" below decides which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        synchronous = connection.get_execution_options().get(WRITE)
        if synchronous is None:
            # Touches no file and cannot fail, so that it need not take the long way, which turns errors into ours.
            connection.connection.cursor().execute("BEGIN DEFERRED")
            return
        if connection.info.get(WRITE) != synchronous:
            connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
            connection.info[WRITE] = synchronous
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    give_up_strangers(engine, path)
    return engine

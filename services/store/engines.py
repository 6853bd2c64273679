"""Engines: how SQLite and PostgreSQL are connected to.

SQLite runs in WAL, and a commit that money hangs on waits for the disk (``synchronous=FULL``): with it, all that was
committed before survives a loss of power. Others survive the end of the process, however sudden. Source: SQLite's page
on ``PRAGMA synchronous``.

Its file may be moved away, deleted or replaced while the bot runs. SQLite itself would go on with a file that nobody
finds any more, and make an empty one for the next connection. Here connections to such a file are given up and no file
is made, so that all work waits until the file is back. Source: SQLite's page "How To Corrupt An SQLite Database File",
section 4.2.
"""

import os
import sqlite3
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Engine, QueuePool, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

BUSY_TIMEOUT_SECONDS = 30

IDLE_SECONDS = 5
"""A process that is frozen in the middle of a transaction loses it, and its locks, after so long."""

POOL_SIZE = 5
"""Connections that are kept; there are never more threads that use one."""

WRITE = "write"
"""Execution option: ``FULL`` or ``NORMAL`` begins a transaction on SQLite that writes and is so synchronous."""

_FILE = "file"

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
    """The URL, ``sqlite:///…`` or ``postgresql://…``, with the driver of its database."""
    url = make_url(database_url)
    return url.set(drivername="sqlite" if url.get_backend_name() == "sqlite" else "postgresql+psycopg")


def is_sqlite(database_url: str) -> bool:
    """Whether the URL names an SQLite file."""
    return make_url(database_url).get_backend_name() == "sqlite"


def make_engine(database_url: str) -> Engine:
    """An engine for ``sqlite:///…`` or ``postgresql://…``; nothing is connected yet."""
    url = driver_url(database_url)
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
    engine = create_engine(url, poolclass=QueuePool, pool_size=POOL_SIZE, hide_parameters=True)
    (path,), _ = engine.dialect.create_connect_args(url)
    first: tuple[int, int] | None = None

    @event.listens_for(engine, "do_connect")
    def on_do_connect(
        _dialect: Dialect, _record: ConnectionPoolEntry, _path: Sequence[object], options: dict[str, Any]
    ) -> sqlite3.Connection:
        # The file is made the first time, and no other is known ever after: one in its place would be read together
        # with the journal of the first, which destroys it. A database in memory has no file.
        nonlocal first
        if first is not None and (found := _identity(path)) != first:
            if found is None:
                raise sqlite3.OperationalError("the database file is gone")
            raise sqlite3.OperationalError("the database file is another one now; stop the bot to replace it")
        connection: sqlite3.Connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_SECONDS, **options)
        first = first or _identity(path)
        return connection

    @event.listens_for(engine, "connect")
    def on_connect(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_FILE] = _identity(path)
        # The driver must not begin transactions by itself: "begin" below decides which kind.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "checkout")
    def on_checkout(_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if record.info[_FILE] != _identity(path):
            raise DisconnectionError("the database file was moved, deleted or replaced")

    event.listen(engine, "begin", _begin)
    return engine


def _identity(path: str) -> tuple[int, int] | None:
    """Which file is at a path; None where there is none."""
    try:
        found = os.stat(path)  # noqa: PTH116 - called for every transaction, with what the driver is given
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _begin(connection: Connection) -> None:
    synchronous = connection.get_execution_options().get(WRITE)
    if synchronous is None:
        # Touches no file and cannot fail, so that it need not take the long way, which turns errors into ours.
        connection.connection.cursor().execute("BEGIN DEFERRED")
        return
    if connection.info.get(WRITE) != synchronous:
        connection.exec_driver_sql(f"PRAGMA synchronous={synchronous}")
        connection.info[WRITE] = synchronous
    connection.exec_driver_sql("BEGIN IMMEDIATE")

"""An SQLite file that is moved away, deleted or replaced while the bot runs.

SQLite itself would go on with a file that nobody finds any more, and make an empty one for the next connection. Here
connections to such a file are given up and no file is made, so that all work waits until the file is back. Source:
SQLite's page "How To Corrupt An SQLite Database File", section 4.2.
"""

import os
import sqlite3
from collections.abc import Callable

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_KEY = "file"


def refuse_if_gone(path: str) -> None:
    """Let no connection make the file anew.

    Raises:
        sqlite3.OperationalError: It is not there.
    """
    if not os.path.exists(path):  # noqa: PTH110 - called for every connection, with what the driver is given
        raise sqlite3.OperationalError("the database file is gone")


def always_the_same(connect: Callable[[], sqlite3.Connection], path: str) -> Callable[[], sqlite3.Connection]:
    """A way to connect that makes the file the first time, and knows no other ever after.

    Another file in its place would be read together with the journal of the first, which destroys it.

    Args:
        connect: Connects.
        path: What it connects to; a database in memory has no file, and is left alone.
    """
    first: tuple[int, int] | None = None

    def connect_again() -> sqlite3.Connection:
        nonlocal first
        if first is not None:
            refuse_if_gone(path)
            if _identity(path) != first:
                raise sqlite3.OperationalError("the database file is another one now; stop the bot to replace it")
        connection = connect()
        first = first or _identity(path)
        return connection

    return connect_again


def give_up_strangers(engine: Engine, path: str) -> None:
    """Before each use, give up a connection whose file is not the one at the path any more.

    Args:
        engine: Its pool is watched.
        path: The file.
    """

    @event.listens_for(engine, "connect")
    def on_connect(_connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
        record.info[_KEY] = _identity(path)

    @event.listens_for(engine, "checkout")
    def on_checkout(_connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: PoolProxiedConnection) -> None:
        if record.info.get(_KEY) != _identity(path):
            raise DisconnectionError("the database file was moved, deleted or replaced")


def _identity(path: str) -> tuple[int, int] | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - see above
    except OSError:
        return None
    return found.st_dev, found.st_ino

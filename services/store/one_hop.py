"""SQLite beside the event loop with one change of thread for each statement, where the driver makes four.

``aiosqlite`` asks its thread for a cursor, for the execution, for the rows and for the cursor's end, each a wait of
its own. Here a statement, its rows and the transaction that it opens are one. Sources: ``aiosqlite/core.py`` 0.22 and
SQLAlchemy's ``connectors/asyncio.py`` 2.1, which calls these methods.
"""

import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Self

import aiosqlite
from aiosqlite.context import contextmanager

ROWS_AT_ONCE = 64


class OneHopCursor(aiosqlite.Cursor):
    """A cursor that holds what a statement gave; it holds nothing of the database.

    Args:
        connection: Where it executes.
    """

    def __init__(self, connection: "OneHopConnection") -> None:
        self.iter_chunk_size = ROWS_AT_ONCE
        self._connection = connection
        self._rows: Sequence[Any] = ()
        self._described: Any = None
        self._rowcount = -1
        self._lastrowid: int | None = None

    async def execute(self, sql: str, parameters: Iterable[Any] | None = None) -> "OneHopCursor":
        """Execute a statement and fetch all its rows."""
        await self._connection.in_its_thread(self._execute_and_fetch, self._connection.take_begin(), sql, parameters)
        return self

    async def executemany(self, sql: str, parameters: Iterable[Iterable[Any]]) -> "OneHopCursor":
        """Execute a statement for each set of parameters."""
        await self._connection.in_its_thread(self._execute_many, self._connection.take_begin(), sql, parameters)
        return self

    async def fetchall(self) -> Sequence[Any]:
        """The rows, once."""
        rows, self._rows = self._rows, ()
        return rows

    async def close(self) -> None:
        """Nothing is left to be closed."""

    @property
    def rowcount(self) -> int:
        """Rows that were changed."""
        return self._rowcount

    @property
    def lastrowid(self) -> int | None:
        """The row id of the last insert."""
        return self._lastrowid

    @property
    def description(self) -> Any:  # noqa: ANN401 - the DB-API's
        """The names of the columns, or None without rows."""
        return self._described

    def _execute_and_fetch(self, begin: Iterable[str], sql: str, parameters: Iterable[Any] | None) -> None:
        cursor = self._connection.begun_cursor(begin)
        try:
            cursor.execute(sql, () if parameters is None else parameters)  # type: ignore[arg-type]
            self._rows = cursor.fetchall() if cursor.description else ()
            self._keep(cursor)
        finally:
            cursor.close()

    def _execute_many(self, begin: Iterable[str], sql: str, parameters: Iterable[Iterable[Any]]) -> None:
        cursor = self._connection.begun_cursor(begin)
        try:
            cursor.executemany(sql, parameters)  # type: ignore[arg-type]
            self._keep(cursor)
        finally:
            cursor.close()

    def _keep(self, cursor: sqlite3.Cursor) -> None:
        self._described, self._rowcount, self._lastrowid = cursor.description, cursor.rowcount, cursor.lastrowid


class OneHopConnection(aiosqlite.Connection):
    """A connection whose transactions begin with their first statement.

    Args:
        connector: Opens the connection; called in the thread of its own.
    """

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, ROWS_AT_ONCE)
        # A process must be able to end while a connection is open.
        self._thread.daemon = True
        self._begin: tuple[str, ...] = ()
        self._is_begun = self._may_be_open = False

    def __await__(self) -> Generator[Any, None, Self]:
        """Connect."""
        return super().__await__()  # type: ignore[return-value]

    def begin_with(self, *statements: str) -> None:
        """Begin with the next statement.

        Args:
            *statements: What is to be set, and a ``BEGIN``; without that each statement is a transaction by itself.
        """
        self._begin = statements

    def take_begin(self) -> tuple[str, ...]:
        """What the next statement has to begin with, or nothing; asked once."""
        begin, self._begin = self._begin, ()
        return begin

    def begun_cursor(self, begin: Iterable[str]) -> sqlite3.Cursor:
        """A cursor, within the transaction if there is one. To be called in the connection's thread."""
        cursor = self._conn.cursor()
        for statement in begin:
            cursor.execute(statement)
        return cursor

    async def in_its_thread(self, call: Callable[..., None], begin: tuple[str, ...], *args: object) -> None:
        """Call something in the connection's thread.

        Args:
            call: What.
            begin: Of :meth:`take_begin`; its first argument.
            *args: The others.
        """
        self._is_begun = self._is_begun or any(statement.startswith("BEGIN") for statement in begin)
        # Until it has returned, it is to be waited for, also where the caller is cancelled.
        self._may_be_open = True
        await self._execute(call, begin, *args)  # type: ignore[no-untyped-call]
        self._may_be_open = self._is_begun

    @contextmanager
    async def cursor(self) -> aiosqlite.Cursor:
        """A cursor; the thread is not needed for it."""
        return OneHopCursor(self)

    async def commit(self) -> None:
        """Commit, where anything was begun."""
        if self._is_at_work():
            await super().commit()
            self._has_ended()

    async def rollback(self) -> None:
        """Roll back, where anything was begun.

        A connection is rolled back each time that it returns to its pool, mostly after a commit.
        """
        if self._is_at_work():
            await super().rollback()
            self._has_ended()

    def _is_at_work(self) -> bool:
        """Whether there may be a transaction; one that was to begin with the next statement is forgotten."""
        self.take_begin()
        return self._may_be_open

    def _has_ended(self) -> None:
        self._is_begun = self._may_be_open = False

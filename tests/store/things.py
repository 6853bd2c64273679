"""A small table of names in SQLite, written by this process and by another."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path

from sqlalchemy import text

from services.store.database import Database, open_database


@asynccontextmanager
async def things(file: Path) -> AsyncIterator[Database]:
    """A database with an empty table of names."""
    opened = await open_database(f"sqlite:///{file}")
    async with opened.old_write(durable=False) as session:
        await session.execute(text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    yield opened
    await opened.close()


async def add(database: Database, name: str) -> None:
    async with database.write_one() as connection:
        await connection.execute(text("INSERT INTO things VALUES (:name)"), {"name": name})


async def names(database: Database) -> list[str]:
    async with database.look() as connection:
        return list(await connection.scalars(text("SELECT name FROM things ORDER BY name")))


def write_at_once(file: Path, name: str) -> None:
    """Write as another process that waits for nobody."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO things VALUES (?)", (name,))
        connection.execute("COMMIT")

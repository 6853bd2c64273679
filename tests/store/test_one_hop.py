"""Transactions over the connection that begins them late and skips what is not needed."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.store.database import Database, open_database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path}/bot.sqlite3")
    async with opened.old_write() as session:
        await session.execute(text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    yield opened
    await opened.close()


async def names(database: Database) -> list[str]:
    async with database.old_read() as session:
        return list(await session.scalars(text("SELECT name FROM things ORDER BY name")))


async def add(database: Database, *new: str) -> None:
    async with database.old_write() as session:
        for name in new:
            await session.execute(text("INSERT INTO things VALUES (:name)"), {"name": name})


async def test_what_is_committed_stays(database: Database) -> None:
    await add(database, "a", "b")
    assert await names(database) == ["a", "b"]


async def test_an_error_takes_the_whole_block_back(database: Database) -> None:
    await add(database, "a")
    with pytest.raises(IntegrityError):
        await add(database, "b", "a")
    assert await names(database) == ["a"]
    await add(database, "c")
    assert await names(database) == ["a", "c"]


async def test_an_exception_in_between_takes_it_back(database: Database) -> None:
    async def fail() -> None:
        async with database.old_write() as session:
            await session.execute(text("INSERT INTO things VALUES ('a')"))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await names(database) == []


async def test_many_at_once_in_one_statement(database: Database) -> None:
    async with database.old_write() as session:
        await session.execute(text("INSERT INTO things VALUES (:name)"), [{"name": "a"}, {"name": "b"}])
    assert await names(database) == ["a", "b"]


async def test_a_block_without_a_statement(database: Database) -> None:
    async with database.old_write():
        pass
    async with database.old_read():
        pass
    await add(database, "a")
    assert await names(database) == ["a"]


async def test_a_reader_sees_one_moment(database: Database) -> None:
    await add(database, "a")
    async with database.old_read() as session:
        before = list(await session.scalars(text("SELECT name FROM things")))
        await add(database, "b")
        after = list(await session.scalars(text("SELECT name FROM things")))
    assert before == after == ["a"]
    assert await names(database) == ["a", "b"]


async def test_a_writer_that_is_cancelled_leaves_nothing_open(database: Database) -> None:
    for steps in range(40):

        async def write(name: str) -> None:
            await add(database, name, f"{name}+")

        task = asyncio.create_task(write(f"n{steps:02}"))
        # Cancelled at another point of its way each time.
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await add(database, f"m{steps:02}")
    found = await names(database)
    assert [name for name in found if name.startswith("m")] == [f"m{steps:02}" for steps in range(40)]
    # Whatever was cancelled is there as a whole, or not at all.
    assert {name for name in found if name.endswith("+")} == {
        f"{name}+" for name in found if name.startswith("n") and not name.endswith("+")
    }

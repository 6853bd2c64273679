"""Statements that are transactions by themselves, those that only read, and what they leave to the next."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.store.database import Database, open_database

ALL = text("SELECT name FROM things ORDER BY name")
ADD = text("INSERT INTO things VALUES (:name)")
BOTH = text("INSERT INTO things VALUES (:name), (:other)")


@pytest.fixture
async def database(each_database: Database) -> Database:
    async with each_database.old_write(durable=False) as session:
        await session.execute(text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    return each_database


@pytest.fixture
async def other(database: Database, each_url: str) -> AsyncIterator[Database]:
    """Connections of another process."""
    opened = await open_database(each_url)
    yield opened
    await opened.close()


async def names(database: Database) -> list[str]:
    async with database.look() as connection:
        return list(await connection.scalars(ALL))


async def add_one(database: Database, name: str) -> None:
    async with database.write_one() as connection:
        await connection.execute(ADD, {"name": name})


async def add_all_or_none(database: Database, *new: str) -> None:
    async with database.old_write() as session:
        for name in new:
            await session.execute(ADD, {"name": name})


async def test_a_statement_is_there_for_others_before_its_block_ends(database: Database, other: Database) -> None:
    async with database.write_one() as connection:
        await connection.execute(ADD, {"name": "a"})
        assert await names(other) == ["a"]
        await connection.execute(ADD, {"name": "b"})
        assert await names(other) == ["a", "b"]


async def test_what_fails_later_takes_no_earlier_statement_back(database: Database, other: Database) -> None:
    async def fail() -> None:
        async with database.write_one() as connection:
            await connection.execute(ADD, {"name": "a"})
            await connection.execute(BOTH, {"name": "b", "other": "a"})

    async def stop() -> None:
        async with database.write_one() as connection:
            await connection.execute(ADD, {"name": "c"})
            raise LookupError

    with pytest.raises(IntegrityError):
        await fail()
    with pytest.raises(LookupError):
        await stop()
    # Nor is a part left of the one that failed.
    assert await names(other) == ["a", "c"]
    await add_one(other, "d")
    await add_all_or_none(database, "e")
    assert await names(other) == ["a", "c", "d", "e"]


async def test_a_look_sees_what_is_newest_and_nothing_that_is_not_committed(database: Database) -> None:
    async with database.look() as connection:
        async with database.old_write() as session:
            await session.execute(ADD, {"name": "a"})
            assert await names(database) == list(await connection.scalars(ALL)) == []
        assert list(await connection.scalars(ALL)) == ["a"]
        await add_one(database, "b")
        assert list(await connection.scalars(ALL)) == ["a", "b"]


async def nothing(database: Database, kind: str) -> None:
    async with database.look() if kind == "look" else database.write_one():
        pass


@pytest.mark.parametrize("before", ["look", "write_one"])
async def test_a_transaction_after_it_is_a_real_one(database: Database, other: Database, before: str) -> None:
    for name, use in (("a", "twice"), ("b", "for nothing"), ("c", "in vain")):
        if use == "for nothing":
            await nothing(database, before)
        elif use == "in vain" and before == "write_one":
            with pytest.raises(IntegrityError):
                await add_one(database, "a")
        else:
            await (names(database) if before == "look" else add_one(database, name))
            await add_all_or_none(database, f"{name}+")
        here = await names(other)
        with pytest.raises(IntegrityError):
            await add_all_or_none(database, f"{name}-", "a+")
        assert await names(other) == here


async def test_an_empty_transaction_leaves_nothing_to_the_next_statement(database: Database, other: Database) -> None:
    async with database.old_write(durable=False):
        pass
    async with database.write_one() as connection:
        await connection.execute(ADD, {"name": "a"})
        assert await names(other) == ["a"]
    async with database.old_write(durable=False) as session:
        await session.connection()
    async with database.write_one() as connection:
        await connection.execute(ADD, {"name": "b"})
        assert await names(other) == ["a", "b"]


async def test_whoever_is_cancelled_on_postgresql_leaves_no_statement_at_work(
    postgres_database: Database, postgres_url: str
) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    blocker = await open_database(postgres_url)
    async with postgres_database.old_write() as session:
        await session.execute(text("CREATE TABLE things (name TEXT PRIMARY KEY)"))
    async with blocker.old_write() as session:
        await session.execute(ADD, {"name": "a"})
        adding = asyncio.create_task(add_one(postgres_database, "a"))
        async with asyncio.timeout(120), blocker.look() as connection:
            while not await connection.scalar(waiting):
                pass
            adding.cancel()
            await asyncio.wait({adding})
            assert adding.cancelled()
            assert await connection.scalar(waiting) == 0
        await session.rollback()
    await add_one(postgres_database, "b")
    assert await names(postgres_database) == ["b"]
    await blocker.close()

"""What SQLite is told for a statement by itself, and how often its thread is asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from services.store.database import Database
from services.store.one_hop import OneHopConnection
from tests.store.things import add, names, things, write_at_once

FULL, NORMAL = 2, 1


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bot.sqlite3"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    async with things(file) as opened:
        yield opened


async def synchronous(database: Database, kind: str) -> int:
    statement = text("PRAGMA synchronous")
    if kind == "one":
        async with database.write_one() as connection:
            found = await connection.scalar(statement)
    elif kind == "look":
        async with database.look() as connection:
            return int(await connection.scalar(statement) or 0)
    else:
        async with database.old_write(durable=kind == "durable") as session:
            found = await session.scalar(statement)
    return int(found or 0)


async def test_each_statement_waits_for_the_disk_whatever_its_connection_did_before(database: Database) -> None:
    kinds = ["quick", "one", "quick", "look", "one", "one", "durable", "one", "quick"]
    found = {(index, kind): await synchronous(database, kind) for index, kind in enumerate(kinds)}
    wanted = {"quick": NORMAL, "look": NORMAL, "one": FULL, "durable": FULL}
    assert found == {(index, kind): wanted[kind] for index, kind in enumerate(kinds)}


async def test_a_statement_that_fails_leaves_no_lock(database: Database, file: Path) -> None:
    await add(database, "a")
    for number in range(3):
        with pytest.raises(IntegrityError):
            await add(database, "a")
        write_at_once(file, f"b{number}")
    assert await names(database) == ["a", "b0", "b1", "b2"]


async def test_a_transaction_whose_first_statement_fails_leaves_no_lock(database: Database, file: Path) -> None:
    async def fail() -> None:
        async with database.old_write() as session:
            await session.execute(text("INSERT INTO things VALUES ('a')"))

    await add(database, "a")
    with pytest.raises(IntegrityError):
        await fail()
    write_at_once(file, "b")
    assert await names(database) == ["a", "b"]


@pytest.fixture
def hops(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was asked of the threads of connections, by name."""
    found: list[str] = []
    execute = OneHopConnection._execute

    async def counted(self: OneHopConnection, call: Callable[..., object], *args: object) -> object:
        found.append(call.__name__)
        return await execute(self, call, *args)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(OneHopConnection, "_execute", counted)
    return found


async def test_a_statement_by_itself_is_one_change_of_thread_whatever_came_before(
    database: Database, hops: list[str]
) -> None:
    async def write(name: str) -> None:
        async with database.old_write() as session:
            await session.execute(text("INSERT INTO things VALUES (:name)"), {"name": name})

    statement = "_execute_and_fetch"
    await write("a")
    assert hops == [statement, "commit"]
    with pytest.raises(IntegrityError):
        await write("a")
    hops.clear()
    await names(database)
    assert hops == [statement]
    await add(database, "b")
    assert hops == [statement] * 2
    with pytest.raises(IntegrityError):
        await add(database, "b")
    hops.clear()
    await add(database, "c")
    await names(database)
    assert hops == [statement] * 2


async def test_a_statement_waits_for_its_turn_in_the_event_loop(database: Database, hops: list[str]) -> None:
    async with database.old_write() as session:
        await session.execute(text("INSERT INTO things VALUES ('a')"))
        hops.clear()
        adding = asyncio.create_task(add(database, "b"))
        for _ in range(50):
            await asyncio.sleep(0)
        assert hops == []
    await adding
    assert await names(database) == ["a", "b"]


async def test_whoever_looks_holds_up_no_writer(database: Database, file: Path) -> None:
    async with database.look() as connection:
        await connection.scalars(text("SELECT name FROM things"))
        write_at_once(file, "a")
        # Nor is a moment kept that SQLite could not begin to write from.
        assert list(await connection.scalars(text("SELECT name FROM things"))) == ["a"]

"""What a caller who is cancelled leaves of SQLite: no lock, no statement at work, nobody held up."""

import asyncio
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from services.store.database import Database
from services.store.one_hop import OneHopConnection
from tests.store.things import add, names, things, write_at_once


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bot.sqlite3"


@pytest.fixture
async def database(file: Path) -> AsyncIterator[Database]:
    async with things(file) as opened:
        yield opened


class Slow:
    """Statements that last for as long as the test wants."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []

    def __call__(self, name: str) -> str:
        self._loop.call_soon_threadsafe(self.begun.set)
        assert self._over.wait(10)
        return name

    def end(self) -> None:
        self._over.set()

    async def settle(self, database: Database) -> None:
        """Make it known to the one connection that all use in turn."""
        async with database.look() as connection:
            driver = (await connection.get_raw_connection()).driver_connection
            assert isinstance(driver, OneHopConnection)
            self._threads.append(driver._thread)
            await driver.create_function("slow", 1, self)

    async def ended(self) -> None:
        """Wait for the end of the connection, which nobody uses any more."""
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 10)
            assert not thread.is_alive()


async def test_whoever_is_cancelled_in_a_statement_gives_the_turn_back_after_it(database: Database, file: Path) -> None:
    slow = Slow()
    await slow.settle(database)

    async def write() -> None:
        async with database.write_one() as connection:
            await connection.execute(text("INSERT INTO things VALUES (slow('a'))"))

    writing = asyncio.create_task(write())
    await slow.begun.wait()
    writing.cancel()
    after = asyncio.create_task(add(database, "b"))
    for _ in range(50):
        await asyncio.sleep(0)
    assert not writing.done()
    assert not after.done()
    slow.end()
    with pytest.raises(asyncio.CancelledError):
        await writing
    await after
    write_at_once(file, "c")
    assert await names(database) == ["a", "b", "c"]


async def test_whoever_is_cancelled_again_while_that_ends_holds_up_nobody(database: Database, file: Path) -> None:
    slow = Slow()
    await slow.settle(database)

    async def write() -> None:
        async with database.old_write() as session:
            await session.execute(text("INSERT INTO things VALUES (slow('a'))"))

    writing = asyncio.create_task(write())
    await slow.begun.wait()
    for _ in range(3):
        writing.cancel()
        for _ in range(20):
            await asyncio.sleep(0)
    after = asyncio.create_task(add(database, "b"))
    slow.end()
    await asyncio.wait({writing})
    await after
    write_at_once(file, "c")
    assert writing.cancelled()
    assert await names(database) == ["b", "c"]
    await slow.ended()


async def test_whoever_is_cancelled_anywhere_leaves_the_database_usable(database: Database, file: Path) -> None:
    for steps in range(25):
        task = asyncio.create_task(add(database, f"n{steps:02}"))
        # Cancelled at another point of its way each time.
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        write_at_once(file, f"o{steps:02}")
        await add(database, f"p{steps:02}")
    found = await names(database)
    assert {f"{kind}{steps:02}" for kind in "op" for steps in range(25)} <= set(found)


async def test_a_transaction_after_a_cancelled_statement_is_a_real_one(database: Database) -> None:
    slow = Slow()
    await slow.settle(database)

    async def look() -> None:
        async with database.look() as connection:
            await connection.execute(text("SELECT slow('a')"))

    async def fail() -> None:
        async with database.old_write() as session:
            await session.execute(text("INSERT INTO things VALUES ('a')"))
            raise LookupError

    looking = asyncio.create_task(look())
    await slow.begun.wait()
    looking.cancel()
    slow.end()
    await asyncio.wait({looking})
    with pytest.raises(LookupError):
        await fail()
    assert await names(database) == []

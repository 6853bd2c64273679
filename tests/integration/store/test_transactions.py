"""A transaction is a plain function: whole or not at all, on each database, whoever gives up or ends meanwhile."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from services.store.database import Database, open_database
from services.store.threads import Threads


def make(session: Session) -> None:
    session.execute(text("CREATE TABLE things (name VARCHAR(40) PRIMARY KEY)"))


def insert(session: Session, *names: str) -> int:
    for name in names:
        session.execute(text("INSERT INTO things VALUES (:name)"), {"name": name})
    return len(names)


_FIRST = {f"n{steps:02}" for steps in range(25)}


def write_at_once(file: Path, name: str) -> None:
    """Write as another process that waits for nobody."""
    with closing(sqlite3.connect(file, timeout=0, isolation_level=None)) as connection:
        connection.execute("INSERT INTO things VALUES (?)", (name,))


def names(session: Session) -> list[str]:
    return list(session.scalars(text("SELECT name FROM things ORDER BY name")))


@pytest.fixture
async def database(each_database: Database) -> Database:
    await each_database.write(make)
    return each_database


@contextmanager
def gate() -> Iterator[tuple[threading.Event, threading.Event]]:
    """Two signals: the function has begun, and it may go on."""
    begun, go_on = threading.Event(), threading.Event()
    try:
        yield begun, go_on
    finally:
        go_on.set()


async def test_what_a_function_returns_comes_back_and_what_it_wrote_stays(database: Database) -> None:
    assert await database.write(insert, "a", "b") == 2
    assert await database.write(insert, "c", durable=False) == 1
    assert await database.read(names) == ["a", "b", "c"]


async def test_an_error_takes_all_of_it_back(database: Database) -> None:
    def fail(session: Session) -> None:
        insert(session, "b")
        raise LookupError("mine")

    await database.write(insert, "a")
    with pytest.raises(IntegrityError):
        await database.write(insert, "b", "a")
    with pytest.raises(LookupError, match="mine"):
        await database.write(fail)
    await database.write(insert, "c")
    assert await database.read(names) == ["a", "c"]


async def test_a_reader_on_sqlite_sees_one_moment(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/bot.sqlite3")
    await database.write(make)
    await database.write(insert, "a")
    with gate() as (begun, go_on):

        def twice(session: Session) -> tuple[list[str], list[str]]:
            before = names(session)
            begun.set()
            assert go_on.wait(10)
            return before, names(session)

        reading = asyncio.create_task(database.read(twice))
        await asyncio.to_thread(begun.wait, 120)
        await database.write(insert, "b")
        go_on.set()
        assert await reading == (["a"], ["a"])
    assert await database.read(names) == ["a", "b"]
    await database.close()


async def test_many_at_once_lose_nothing(database: Database) -> None:
    wanted = [f"n{number:03}" for number in range(100)]
    await asyncio.gather(*(database.write(insert, name) for name in wanted))
    assert await database.read(names) == wanted


async def test_who_is_cancelled_at_work_goes_at_once_and_the_work_is_whole(database: Database) -> None:
    with gate() as (begun, go_on):

        def slow(session: Session) -> None:
            insert(session, "a")
            begun.set()
            assert go_on.wait(10)
            insert(session, "a+")

        writing = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait, 120)
        writing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await writing
        go_on.set()
        await database.write(insert, "b")
    async with asyncio.timeout(120):
        while (found := await database.read(names)) != ["a", "a+", "b"]:
            assert found in (["b"], ["a", "a+", "b"])


async def test_who_is_cancelled_anywhere_leaves_the_database_usable(tmp_path: Path) -> None:
    file = tmp_path / "bot.sqlite3"
    database = await open_database(f"sqlite:///{file}")
    await database.write(make)
    for steps in range(25):
        task = asyncio.create_task(database.write(insert, f"n{steps:02}", f"n{steps:02}+"))
        # Cancelled at another point of its way each time.
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait({task})
        await database.write(insert, f"p{steps:02}")
        write_at_once(file, f"o{steps:02}")
    found = set(await database.read(names))
    assert {f"{kind}{steps:02}" for kind in "op" for steps in range(25)} <= found
    # What was cancelled is there as a whole, or not at all.
    assert {name for name in found if name.endswith("+")} == {f"{name}+" for name in found if name in _FIRST}
    await database.close()


async def test_what_fails_leaves_no_lock_and_nothing_of_itself(tmp_path: Path) -> None:
    file = tmp_path / "bot.sqlite3"
    database = await open_database(f"sqlite:///{file}")
    await database.write(make)
    await database.write(insert, "a")
    for number in range(3):
        with pytest.raises(IntegrityError):
            await database.write(insert, "c", "a")
        write_at_once(file, f"b{number}")
    assert await database.read(names) == ["a", "b0", "b1", "b2"]
    await database.close()


async def test_a_reader_holds_up_no_writer(tmp_path: Path) -> None:
    file = tmp_path / "bot.sqlite3"
    database = await open_database(f"sqlite:///{file}")
    await database.write(make)

    def read(session: Session) -> list[str]:
        before = names(session)
        write_at_once(file, "a")
        return before

    assert await database.read(read) == []
    assert await database.read(names) == ["a"]
    await database.close()


async def test_who_is_cancelled_while_waiting_does_nothing(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/bot.sqlite3")
    await database.write(make)
    with gate() as (begun, go_on):

        def slow(session: Session) -> None:
            begun.set()
            assert go_on.wait(10)
            insert(session, "a")

        writing = asyncio.create_task(database.write(slow))
        await asyncio.to_thread(begun.wait, 120)
        waiting = asyncio.create_task(database.write(insert, "b"))
        await asyncio.sleep(0)
        waiting.cancel()
        go_on.set()
        await writing
        await asyncio.wait({waiting})
    await database.write(insert, "c")
    assert await database.read(names) == ["a", "c"]
    await database.close()


async def test_a_close_finishes_what_was_asked_for(each_url: str) -> None:
    database = await open_database(each_url)
    await database.write(make)
    tasks = [asyncio.create_task(database.write(insert, f"n{number}")) for number in range(5)]
    await asyncio.sleep(0)
    await database.close()
    assert await asyncio.gather(*tasks) == [1] * 5
    with pytest.raises(RuntimeError, match="closed"):
        await database.write(insert, "late")
    again = await open_database(each_url)
    assert await again.read(names) == [f"n{number}" for number in range(5)]
    await again.close()


async def test_a_close_does_not_wait_for_a_disk_that_hangs(each_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.store.database.CLOSE_SECONDS", 0.1)
    database = await open_database(each_url)
    with gate() as (begun, go_on):

        def hang(_session: Session) -> None:
            begun.set()
            go_on.wait(30)

        hanging = asyncio.create_task(database.write(hang))
        await asyncio.to_thread(begun.wait, 120)
        before = time.monotonic()
        await database.close()
        assert time.monotonic() - before < 5
        go_on.set()
        await asyncio.wait({hanging})


async def test_threads_keep_the_order() -> None:
    threads = Threads("test", 1)
    done: list[int] = []
    await asyncio.gather(*(threads.run(lambda number=number: done.append(number)) for number in range(20)))  # type: ignore[misc]
    assert done == list(range(20))
    assert await threads.close(10)

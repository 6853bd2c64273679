import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy.orm import Session

from services.access import Access, OwnerLists
from services.changes import Changes
from services.clock import Clock
from services.store.database import Database, open_database
from tests.hand_clock import HandClock


async def test_on_sqlite_a_process_hears_itself_and_nobody_else_is_asked(changes: Changes) -> None:
    heard: list[str] = []
    changes.listen("topic", heard.append)
    changes.tell("topic", "7")
    changes.tell("another", "8")
    assert heard == ["7"]


@dataclass
class Process:
    """What one process holds."""

    changes: Changes
    heard: "asyncio.Queue[str]"
    access: Access
    database: Database

    async def announce(self, subject: str) -> None:
        def change(session: Session) -> None:
            self.changes.announce(session, "topic", subject)

        await self.database.write(change)


async def start(stack: AsyncExitStack, url: str) -> Process:
    database = await open_database(url)
    stack.push_async_callback(database.close)
    clock = HandClock()
    changes = Changes(database, Clock())
    heard: asyncio.Queue[str] = asyncio.Queue()
    changes.listen("topic", heard.put_nowait)
    running = asyncio.create_task(changes.run())

    async def stop() -> None:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    stack.push_async_callback(stop)
    async with asyncio.timeout(120):
        # From now on it listens, and what was before may have been missed.
        assert await heard.get() == ""
    return Process(changes, heard, Access(database, OwnerLists(), clock), database)


@pytest.fixture
async def processes(postgres_url: str) -> AsyncIterator[tuple[Process, Process]]:
    async with AsyncExitStack() as stack:
        yield await start(stack, postgres_url), await start(stack, postgres_url)


async def test_another_process_is_woken_by_the_commit(processes: tuple[Process, Process]) -> None:
    here, there = processes
    await here.announce("7")
    async with asyncio.timeout(120):
        assert await there.heard.get() == "7"


async def test_what_is_rolled_back_wakes_nobody(processes: tuple[Process, Process]) -> None:
    here, there = processes

    def fail(session: Session) -> None:
        here.changes.announce(session, "topic", "7")
        raise LookupError

    with pytest.raises(LookupError):
        await here.database.write(fail)
    await here.announce("8")
    async with asyncio.timeout(120):
        assert await there.heard.get() == "8"


async def test_a_lost_connection_is_made_anew_and_everybody_looks(
    processes: tuple[Process, Process], postgres_url: str
) -> None:
    here, there = processes
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')"
        )
    async with asyncio.timeout(120):
        assert await there.heard.get() == ""
        await here.announce("7")
        assert await there.heard.get() == "7"


async def test_two_codes_claimed_in_two_processes_make_one_admin(processes: tuple[Process, Process]) -> None:
    codes = ["code-one", "code-two"]
    assert [await process.access.offer_claim(code) for process, code in zip(processes, codes, strict=True)] == [
        True
    ] * 2
    claims = [
        process.access.claim(code, user_id)
        for user_id, (process, code) in enumerate(zip(processes, codes, strict=True), start=1)
    ]
    assert sorted(await asyncio.gather(*claims)) == [False, True]
    assert len(await processes[0].access.admin_ids()) == 1

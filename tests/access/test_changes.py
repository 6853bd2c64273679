import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import psycopg
import pytest

from services.access import Access, OwnerLists, Verdict
from services.changes import DEAF_SECONDS, TRUSTED_SECONDS, Changes
from services.claim_link import ClaimLink
from services.people import People
from services.rulebook import Rulebook, Subject, SubjectKind
from services.store.database import Database, open_database
from services.texts import Texts
from tests.access.world import ManualClock

PERSON = 7
THE_PERSON = Subject(SubjectKind.USER, PERSON)


async def test_on_sqlite_a_process_hears_itself_and_nobody_else_is_asked(changes: Changes) -> None:
    heard: list[str] = []
    changes.listen("topic", heard.append)
    changes.tell("topic", "7")
    changes.tell("another", "8")
    assert heard == ["7"]
    assert changes.trusted_seconds == float("inf")
    await changes.run()


@dataclass
class Process:
    """What one process holds."""

    changes: Changes
    access: Access
    people: People
    claim_link: ClaimLink
    database: Database


async def start(stack: AsyncExitStack, url: str, name: str) -> Process:
    database = await open_database(url)
    stack.push_async_callback(database.close)
    clock = ManualClock()
    changes = Changes(database, asyncio.sleep)
    rulebook = Rulebook(database, changes, clock)
    people = People(database, changes, Texts("en"), clock)
    claim_link = ClaimLink(rulebook, has_owner=False, clock=clock, new_code=lambda: f"code-{name}")
    running = asyncio.create_task(changes.run())

    async def stop() -> None:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    stack.push_async_callback(stop)
    await until_listening(changes)
    return Process(changes, Access(rulebook, OwnerLists()), people, claim_link, database)


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what another process does: nothing here could say when it is done."""
    async with asyncio.timeout(10):
        while not await look():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def until_listening(changes: Changes, *, listening: bool = True) -> None:
    async def look() -> bool:
        return changes.trusted_seconds == (TRUSTED_SECONDS if listening else DEAF_SECONDS)

    await eventually(look)


async def until_verdict(access: Access, wanted: Verdict) -> None:
    async def look() -> bool:
        return await access.decide(PERSON, PERSON, is_private=True) is wanted

    await eventually(look)


@pytest.fixture
async def processes(postgres_url: str) -> AsyncIterator[tuple[Process, Process]]:
    async with AsyncExitStack() as stack:
        yield await start(stack, postgres_url, "one"), await start(stack, postgres_url, "two")


async def test_another_process_hears_of_a_decision(processes: tuple[Process, Process]) -> None:
    here, there = processes
    await until_verdict(there.access, Verdict.REFUSED)
    await here.access.allow(THE_PERSON)
    await until_verdict(there.access, Verdict.ALLOWED)
    await here.access.deny(THE_PERSON)
    await until_verdict(there.access, Verdict.REFUSED)


async def test_another_process_hears_of_a_setting(processes: tuple[Process, Process]) -> None:
    here, there = processes
    assert (await there.people.preferences(PERSON, "en")).language == "en"
    await here.people.set_language(PERSON, "vi")

    async def is_heard() -> bool:
        return (await there.people.preferences(PERSON, "en")).language == "vi"

    await eventually(is_heard)


async def test_a_lost_connection_is_noticed_and_made_anew(
    processes: tuple[Process, Process], postgres_url: str
) -> None:
    here, there = processes
    await until_verdict(there.access, Verdict.REFUSED)
    async with await psycopg.AsyncConnection.connect(postgres_url, autocommit=True) as connection:
        await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND (query LIKE 'LISTEN%' OR query = 'SELECT 1')"
        )
    await until_listening(there.changes, listening=False)
    await here.access.allow(THE_PERSON)
    await until_listening(there.changes)
    await until_verdict(there.access, Verdict.ALLOWED)


async def test_two_codes_claimed_in_two_processes_make_one_admin(processes: tuple[Process, Process]) -> None:
    codes = [await process.claim_link.claim_link_code() for process in processes]
    claims = [
        process.claim_link.claim(code, user_id)
        for user_id, (process, code) in enumerate(zip(processes, codes, strict=True), start=1)
        if code is not None
    ]
    assert sorted(await asyncio.gather(*claims)) == [False, True]
    assert len(await processes[0].access.admin_ids()) == 1

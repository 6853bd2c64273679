import asyncio
from datetime import timedelta

from services.notices import Notices, chat_key, forget_notices, person_key
from services.store.database import Database
from tests.access.world import Counted, ManualClock

MINUTE = timedelta(minutes=1)


async def test_a_notice_is_due_once_in_its_time(database: Database, clock: ManualClock) -> None:
    notices = Notices(database, clock)
    assert await notices.is_due("a", MINUTE)
    assert not await notices.is_due("a", MINUTE)
    assert await notices.is_due("b", MINUTE)
    clock.pass_(59)
    assert not await notices.is_due("a", MINUTE)
    clock.pass_(1)
    assert await notices.is_due("a", MINUTE)
    assert not await notices.is_due("a", MINUTE)


async def test_of_many_at_once_one_is_due(database: Database, clock: ManualClock) -> None:
    notices = Notices(database, clock)
    due = await asyncio.gather(*(notices.is_due("a", MINUTE) for _ in range(10)))
    assert due.count(True) == 1
    clock.pass_(60)
    due = await asyncio.gather(*(notices.is_due("a", MINUTE) for _ in range(10)))
    assert due.count(True) == 1


async def test_a_flood_writes_nothing(database: Database, clock: ManualClock, counted: Counted) -> None:
    notices = Notices(database, clock)
    await notices.is_due("a", MINUTE)
    counted.statements.clear()
    for _ in range(10):
        await notices.is_due("a", MINUTE)
    assert not [one for one in counted.statements if one.startswith(("INSERT", "UPDATE", "DELETE"))]


async def test_old_notices_are_dropped(database: Database, clock: ManualClock) -> None:
    notices = Notices(database, clock)
    await notices.is_due("old", MINUTE)
    clock.pass_(3600)
    await notices.is_due("new", MINUTE)
    assert await notices.prune(timedelta(minutes=30)) == 1
    assert not await notices.is_due("new", MINUTE)


async def test_only_the_persons_own_notices_are_forgotten(database: Database, clock: ManualClock) -> None:
    notices = Notices(database, clock)
    kept = [person_key("x", 71), person_key("x", 17, "u70"), chat_key("x", 7), "x"]
    gone = [person_key("x", 7), person_key("y", 7, "more", 3)]
    for key in kept + gone:
        assert await notices.is_due(key, MINUTE)
    async with database.old_write() as session:
        assert await forget_notices(session, 7) == len(gone)
    assert [key for key in kept if await notices.is_due(key, MINUTE)] == []
    assert [key for key in gone if await notices.is_due(key, MINUTE)] == gone

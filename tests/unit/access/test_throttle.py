import asyncio
from datetime import timedelta

from services.store.database import Database
from services.throttle import Throttle, chat_key, forget_throttled, person_key, prune_throttled
from tests.hand_clock import HandClock
from tests.unit.access.world import Counted

MINUTE = timedelta(minutes=1)


async def test_a_notice_is_due_once_in_its_time(database: Database, clock: HandClock) -> None:
    throttle = Throttle(database, clock)
    assert await throttle.allows("a", MINUTE)
    assert not await throttle.allows("a", MINUTE)
    assert await throttle.allows("b", MINUTE)
    clock.forward(59)
    assert not await throttle.allows("a", MINUTE)
    clock.forward(1)
    assert await throttle.allows("a", MINUTE)
    assert not await throttle.allows("a", MINUTE)


async def test_of_many_at_once_one_is_due(database: Database, clock: HandClock) -> None:
    throttle = Throttle(database, clock)
    due = await asyncio.gather(*(throttle.allows("a", MINUTE) for _ in range(10)))
    assert due.count(True) == 1
    clock.forward(60)
    due = await asyncio.gather(*(throttle.allows("a", MINUTE) for _ in range(10)))
    assert due.count(True) == 1


async def test_a_flood_writes_nothing(database: Database, clock: HandClock, counted: Counted) -> None:
    throttle = Throttle(database, clock)
    await throttle.allows("a", MINUTE)
    counted.statements.clear()
    for _ in range(10):
        await throttle.allows("a", MINUTE)
    assert not [one for one in counted.statements if one.startswith(("INSERT", "UPDATE", "DELETE"))]


async def test_old_notices_are_dropped(database: Database, clock: HandClock) -> None:
    throttle = Throttle(database, clock)
    await throttle.allows("old", MINUTE)
    clock.forward(3600)
    await throttle.allows("new", MINUTE)
    assert await throttle.database.write(prune_throttled, throttle.clock.now() - timedelta(minutes=30)) == 1
    assert not await throttle.allows("new", MINUTE)


async def test_only_the_persons_own_notices_are_forgotten(database: Database, clock: HandClock) -> None:
    throttle = Throttle(database, clock)
    kept = [person_key("x", 71), person_key("x", 17, "u70"), chat_key("x", 7), "x"]
    gone = [person_key("x", 7), person_key("y", 7, "more", 3)]
    for key in kept + gone:
        assert await throttle.allows(key, MINUTE)
    assert await database.write(forget_throttled, 7) == len(gone)
    assert [key for key in kept if await throttle.allows(key, MINUTE)] == []
    assert [key for key in gone if await throttle.allows(key, MINUTE)] == gone

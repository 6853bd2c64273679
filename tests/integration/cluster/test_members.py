import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from services.cluster import Membership
from services.genaipro.rate_limit import SharedRateLimit
from services.store.database import Database, open_database

HEARTBEAT, LEASE = 1.0, timedelta(seconds=10)


async def run(database: Database, statement: str, **values: float) -> None:
    await database.write(lambda session: session.execute(text(statement), values))


async def scalars(database: Database, query: str) -> list[Any]:
    return await database.read(lambda session: list(session.scalars(text(query))))


class Heart:
    """Lets a process be heard of when the test says so, and pretends that time went by before."""

    def __init__(self, database: Database, name: str, *, is_worker: bool = True) -> None:
        self.database = database
        self.beats = asyncio.Semaphore(0)
        self.asleep = asyncio.Event()
        self.counts: list[int] = []
        self.member = Membership(
            database,
            name,
            self._sleep,
            is_worker=is_worker,
            on_count=self.counts.append,
            heartbeat=HEARTBEAT,
            lease=LEASE,
        )
        self.task = asyncio.ensure_future(self._live())

    async def _live(self) -> None:
        await self.member.join()
        await self.member.run()

    async def _sleep(self, seconds: float) -> None:
        assert seconds == HEARTBEAT
        self.asleep.set()
        await self.beats.acquire()

    async def beat(self) -> None:
        await self.asleep.wait()
        self.asleep.clear()
        self.beats.release()
        await self.asleep.wait()

    async def stop(self) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def pass_time(database: Database, hearts: list[Heart], seconds: float) -> None:
    """Move everything that was told into the past."""
    ago = timedelta(seconds=seconds)
    await run(database, "UPDATE members SET seen_at = seen_at - make_interval(secs => :s)", s=seconds)
    for heart in hearts:
        member = heart.member
        assert member._last is not None
        assert member._unbroken_since is not None
        member._last -= ago
        member._unbroken_since -= ago


@pytest.fixture
async def hearts(postgres_database: Database) -> AsyncIterator[Callable[..., Heart]]:
    made: list[Heart] = []

    def make(name: str, **options: bool) -> Heart:
        made.append(Heart(postgres_database, name, **options))
        return made[-1]

    yield make
    for heart in made:
        await heart.stop()


async def watched(heart: Heart, others: list[Heart]) -> None:
    """Let a process be heard of for long enough to judge."""
    await heart.asleep.wait()
    for _ in range(5):
        await pass_time(heart.database, [heart, *others], 2.0)
        for one in (heart, *others):
            await one.beat()


async def test_who_is_not_heard_of_is_dead_and_nobody_else(
    hearts: Callable[..., Heart], postgres_database: Database
) -> None:
    one, other = hearts("one"), hearts("other")
    await other.asleep.wait()
    await watched(one, [other])
    assert await one.member.alive() == {"one", "other"}
    for _ in range(3):
        await pass_time(postgres_database, [one, other], 4.0)
        await one.beat()
    assert await one.member.alive() == {"one"}
    await other.beat()
    assert await one.member.alive() == {"one", "other"}


async def test_who_leaves_is_gone_at_once(hearts: Callable[..., Heart]) -> None:
    one, other = hearts("one"), hearts("other")
    await other.asleep.wait()
    await watched(one, [other])
    await other.member.leave()
    assert await one.member.alive() == {"one"}


async def test_nobody_is_judged_by_who_has_just_come(hearts: Callable[..., Heart]) -> None:
    one = hearts("one")
    await one.asleep.wait()
    assert await one.member.alive() is None


@pytest.mark.parametrize("seconds", [9.0, 30.0, 3000.0])
async def test_nobody_is_dead_right_after_an_outage(
    hearts: Callable[..., Heart], postgres_database: Database, seconds: float
) -> None:
    one, other = hearts("one"), hearts("other")
    await other.asleep.wait()
    await watched(one, [other])
    await pass_time(postgres_database, [one, other], seconds)
    # Before its own next sign of life, and right after it.
    assert await one.member.alive() is None
    await one.beat()
    assert await one.member.alive() is None
    await other.beat()
    await watched(one, [other])
    assert await one.member.alive() == {"one", "other"}


async def test_one_that_works_speaks_for_all_and_all_are_counted(hearts: Callable[..., Heart]) -> None:
    web, first, second = hearts("a-web", is_worker=False), hearts("b"), hearts("c")
    for heart in (web, first, second):
        await heart.asleep.wait()
    for heart in (web, first, second):
        await heart.beat()
    assert [heart.member.is_leader for heart in (web, first, second)] == [False, True, False]
    assert [heart.counts[-1] for heart in (web, first, second)] == [3, 3, 3]
    await first.member.leave()
    await second.beat()
    assert second.member.is_leader
    assert second.counts[-1] == 2


async def test_a_heartbeat_that_fails_is_not_the_last(
    hearts: Callable[..., Heart], postgres_database: Database
) -> None:
    one = hearts("one")
    await one.asleep.wait()
    await run(postgres_database, "ALTER TABLE members RENAME TO elsewhere")
    await one.beat()
    await run(postgres_database, "ALTER TABLE elsewhere RENAME TO members")
    await run(postgres_database, "DELETE FROM members")
    await one.beat()
    assert await scalars(postgres_database, "SELECT executor_id FROM members") == ["one"]


async def test_the_pace_is_one_for_all_processes(postgres_database: Database, postgres_url: str) -> None:
    another = await open_database(postgres_url)
    pauses: list[float] = []

    async def minute(seconds: float) -> None:
        """Time goes by for as long as somebody waits."""
        pauses.append(seconds)
        await run(
            postgres_database, "UPDATE api_calls SET called_at = called_at - make_interval(secs => :s)", s=seconds
        )

    try:
        waits: list[Callable[[], Awaitable[None]]] = [
            SharedRateLimit(5, database, minute).wait for database in (postgres_database, another)
        ]
        for wait in (waits * 3)[:5]:
            await wait()
        assert pauses == []
        await waits[0]()
        assert len(pauses) == 1
        assert 50 < pauses[0] <= 60
        recent = "SELECT count(*) FROM api_calls WHERE called_at > clock_timestamp() - interval '60 seconds'"
        (count,) = await scalars(postgres_database, recent)
        assert count <= 5
    finally:
        await another.close()


async def test_calls_that_come_together_do_not_slip_past_the_pace(
    postgres_database: Database, postgres_url: str
) -> None:
    another = await open_database(postgres_url)
    full = asyncio.Event()

    async def wait_for_good(seconds: float) -> None:
        full.set()
        await asyncio.Event().wait()

    pacers = [SharedRateLimit(7, database, wait_for_good) for database in (postgres_database, another)]
    calls = [asyncio.create_task(pacers[number % 2].wait()) for number in range(20)]
    try:
        while sum(call.done() for call in calls) < 7:
            await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
            calls.sort(key=lambda call: call.done())
            await asyncio.wait([call for call in calls if not call.done()], timeout=0.01)
        await full.wait()
        assert await scalars(postgres_database, "SELECT count(*) FROM api_calls") == [7]
    finally:
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await another.close()


async def test_a_hold_of_one_process_holds_those_of_all(postgres_database: Database, postgres_url: str) -> None:
    another = await open_database(postgres_url)
    pauses: list[float] = []

    async def go_by(seconds: float) -> None:
        """Time goes by for as long as somebody waits; in the first pause another process is told to wait."""
        pauses.append(seconds)
        for moved in (
            "UPDATE api_calls SET called_at = called_at - make_interval(secs => :s)",
            "UPDATE api_holds SET held_until = held_until - make_interval(secs => :s)",
        ):
            await run(postgres_database, moved, s=seconds)
        if len(pauses) == 1:
            await told.hold(100)
            await told.hold(1)

    try:
        told, other = SharedRateLimit(1, another, go_by), SharedRateLimit(1, postgres_database, go_by)
        await other.wait()
        await other.wait()
        assert len(pauses) == 2
        assert 50 < pauses[0] <= 60
        assert 90 < pauses[1] <= 100
        await told.hold(0)
        assert len(pauses) == 2
    finally:
        await another.close()


async def test_a_hold_that_cannot_be_shared_holds_its_own_process(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []

    async def until_cut_off(seconds: float) -> None:
        pauses.append(seconds)
        raise asyncio.CancelledError

    def gone(*_: object) -> None:
        raise ConnectionRefusedError

    pacer = SharedRateLimit(5, postgres_database, until_cut_off)
    with monkeypatch.context() as outage:
        outage.setattr(postgres_database, "write", gone)
        await pacer.hold(100)
    with pytest.raises(asyncio.CancelledError):
        await pacer.wait()
    assert [90 < pause <= 100 for pause in pauses] == [True]

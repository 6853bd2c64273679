"""Places in the queue, looked up as seldom as they are needed; results that come twice, on each database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import event

from services.genaipro.events import VideoResult
from services.generations.model import Generation, Lease, State, VideoState
from services.generations.queue import PLACES_SECONDS, Claimed, Limits, Queue
from services.store.database import Database
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import MortalDatabase


@pytest.fixture
async def here(each_database: Database) -> AsyncIterator[Bench]:
    made = Bench(MortalDatabase(each_database.engine))
    yield made
    made.close()


def none_start(here: Bench) -> Queue:
    here.queue = Queue(here.database, here.clock, Limits(0, 0, 100, 0), here._next, here.changes)
    return here.queue


def statements(here: Bench) -> list[str]:
    """What is executed from now on."""
    found: list[str] = []

    def on_execute(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            found.append(statement)

    event.listen(here.database.engine, "before_cursor_execute", on_execute)
    return found


async def shown(here: Bench, generation_id: str, message_id: int = 7) -> None:
    assert await here.rows.set_status_message(await here.get(generation_id), message_id)


async def test_a_claim_raises_the_fencing_token_sets_the_owner_and_gives_the_row(here: Bench) -> None:
    generation_id = await here.queued()
    await shown(here, generation_id)
    (claimed,) = (await here.queue.claim_next("one")).generations
    assert claimed == await here.get(generation_id)
    assert (claimed.state, claimed.epoch) == (State.SUBMITTING, 1)
    assert await here.queue.claim_next("one") == Claimed([], [])
    assert await here.queue.leases() == [Lease(generation_id, 1, "one")]


async def test_only_places_that_a_message_shows_are_told(here: Bench) -> None:
    queue = none_start(here)
    first, second, third = [await here.queued(user=user) for user in (1, 2, 3)]
    assert (await queue.claim_next("one")).places() == {}
    await shown(here, third)
    await shown(here, first)
    assert (await queue.claim_next("one")).places() == {first: 1, third: 3}
    await here.rows.request_cancel(first)
    assert (await queue.claim_next("one")).places() == {third: 2}
    assert await queue.positions() == {second: 1, third: 2}
    await here.rows.request_cancel(third)
    assert (await queue.claim_next("one")).places() == {}


async def test_a_turn_that_begins_counts_in_the_places_that_are_left(here: Bench) -> None:
    here.queue = queue = Queue(here.database, here.clock, Limits(1, 1, 100, 0), here._next, here.changes)
    hidden, second, other = await here.queued(user=1), await here.queued(user=1), await here.queued(user=2)
    await shown(here, second)
    await shown(here, other)
    claimed = await queue.claim_next("one")
    assert [one.id for one in claimed.generations] == [second]
    await shown(here, hidden)
    assert claimed.places() == {other: 1}
    assert (await queue.claim_next("one")).places() == await queue.positions() == {other: 1, hidden: 2}


async def test_those_who_ask_for_places_at_the_same_time_share_the_answer(here: Bench) -> None:
    queue = none_start(here)
    only = await here.queued()
    asked = statements(here)
    await queue.positions()
    alone = len(asked)
    await asyncio.sleep(PLACES_SECONDS)
    asked.clear()
    found = await asyncio.gather(*(queue.positions() for _ in range(10)))
    assert found == [{only: 1}] * 10
    # The first asks at once, the second for all who came meanwhile.
    assert len(asked) == 2 * alone
    asked.clear()
    # Who comes a moment later waits a moment, for those who come in it.
    found = await asyncio.gather(*(queue.positions() for _ in range(10)))
    assert found == [{only: 1}] * 10
    assert len(asked) == alone


def found(*urls: str, name: str = "one") -> VideoResult:
    return VideoResult(name, "a cat", urls, True, False, "completed", None)


async def armed(here: Bench, count: int = 1) -> Generation:
    run = await here.take(await here.place(count=count))
    run = await here.rows.arm(run) or run
    assert run.armed_at is not None
    return run


async def test_a_result_that_comes_twice_takes_no_video_back(here: Bench) -> None:
    run = await armed(here, count=2)
    results = [found("https://a.example/0.mp4", "https://a.example/1.mp4")]
    await here.results.record(run, results, exclusive=False)
    await here.results.begin_sending(run, [0])
    assert await here.results.sent(run, [(0, 5, "f")]) is None
    await here.results.record(run, [found("https://a.example/other.mp4")], exclusive=False)
    videos = await here.results.videos(run.id)
    assert [(video.url, video.state) for video in videos] == [
        ("https://a.example/0.mp4", VideoState.SENT),
        ("https://a.example/1.mp4", VideoState.READY),
    ]


async def test_the_last_video_ends_its_generation_unless_that_is_another_runs(here: Bench) -> None:
    run = await armed(here, count=2)
    run = await here.results.record(run, [found("https://a.example/0.mp4")], exclusive=False)
    await here.results.begin_sending(run, [0])
    assert await here.results.sent(replace(run, epoch=run.epoch - 1), [(0, 5, "f")]) is None
    done = await here.results.sent(run, [(0, 5, "f")])
    assert done == await here.get(run.id)
    assert done.state is State.DONE
    # The answer of the first commit may have got lost.
    assert await here.results.sent(run, [(0, 5, "f")]) == done


async def test_a_claim_stays_with_who_was_first(here: Bench) -> None:
    first, second = await armed(here), await armed(here)
    results = [found("https://a.example/0.mp4")]
    await here.results.record(first, results, exclusive=True)
    await here.results.record(second, results, exclusive=False)
    assert set((await here.results.owners(results)).values()) == {first.id}

"""Orders within the limits, turns, places: over real rows."""

from datetime import timedelta

import pytest

from services.generations.model import (
    DailyLimitReached,
    Order,
    Placed,
    PlaceOutcome,
    State,
    TooManyWaiting,
)
from services.generations.queue import ANNOUNCE, Limits, Queue
from services.options import VideoOptions
from tests.unit.generations.bench import PHOTO, Bench
from tests.unit.generations.fates import Post


def limited(here: Bench, active: int = 100, each: int = 100, queued: int = 100, daily: int = 0) -> Queue:
    """The bench's queue, with these limits from now on."""
    queue = Queue(here.database, here.clock, Limits(active, each, queued, daily), here._next, here.changes)
    here.queue = queue
    return queue


async def place(here: Bench, user: int = 1, count: int = 1, key: str = "") -> PlaceOutcome:
    here.clock.forward(1)
    number = here.clock.monotonic()
    order = Order(
        key or f"key {number}", user, None, user, "en", 5, 7, f"prompt {number}", VideoOptions(count), (PHOTO,)
    )
    return await here.database.write(here.queue.place, order)


async def placed(here: Bench, user: int = 1, count: int = 1) -> str:
    outcome = await place(here, user, count)
    assert isinstance(outcome, Placed)
    return outcome.generation_id


async def test_one_key_is_one_generation(here: Bench) -> None:
    first, again = await place(here, key="k"), await place(here, key="k")
    assert isinstance(first, Placed)
    assert again == Placed(first.generation_id, created=False)
    assert await here.claim() == [first.generation_id]


async def test_a_repetition_is_known_even_where_a_new_one_would_be_refused(here: Bench) -> None:
    limited(here, each=1, queued=1)
    first = await place(here, key="k")
    await place(here)
    assert isinstance(await place(here), TooManyWaiting)
    assert isinstance(first, Placed)
    assert await place(here, key="k") == Placed(first.generation_id, created=False)


async def test_so_many_start_as_limits_allow(here: Bench) -> None:
    limited(here, active=3, each=2)
    mine = [await placed(here) for _ in range(3)]
    theirs = [await placed(here, user=2) for _ in range(3)]
    assert await here.claim() == [mine[0], theirs[0], mine[1]]
    assert await here.claim() == []
    await here.run(mine[0])
    assert await here.claim() == [theirs[1]]


async def test_a_turn_waits_for_the_status_message_but_not_for_ever(here: Bench) -> None:
    generation_id = await here.queued()
    assert await here.claim() == []
    await here.clock.sleep(ANNOUNCE.total_seconds())
    assert await here.claim() == [generation_id]


async def test_those_that_could_start_at_once_do_not_count_as_waiting(here: Bench) -> None:
    limited(here, each=2, queued=1)
    outcomes = [await place(here) for _ in range(4)]
    assert [isinstance(outcome, Placed) for outcome in outcomes] == [True, True, True, False]
    assert outcomes[3] == TooManyWaiting(1)


async def test_places_count_from_one_and_move_up(here: Bench) -> None:
    queue = limited(here, active=1)
    running = await placed(here, user=9)
    await here.claim()
    first, second, other = await placed(here), await placed(here), await placed(here, user=2)
    assert await queue.positions() == {first: 1, other: 2, second: 3}
    await here.run(running)
    await here.claim()
    assert await queue.positions() == {other: 1, second: 2}
    await here.run(first)
    assert await queue.positions() == {other: 1, second: 2}
    assert await here.claim() == [other]


async def test_turns_from_before_do_not_count_for_ever(here: Bench) -> None:
    queue = limited(here, active=1)
    for _ in range(3):
        done = await placed(here)
        await here.claim()
        await here.run(done)
    running = await placed(here, user=9)
    await here.claim()
    mine, other = await placed(here), await placed(here, user=2)
    assert await queue.positions() == {mine: 1, other: 2}
    await here.run(running)
    assert await here.claim() == [mine]


@pytest.mark.parametrize(
    ("post", "left"),
    [(Post.COMPLETED, 1), (Post.ERROR_EVENT, 3), (Post.REFUSED, 3), (Post.SERVER_ERROR, 3)],
)
async def test_videos_of_a_day_that_failed_are_given_back(here: Bench, post: Post, left: int) -> None:
    limited(here, daily=3)
    here.service.coming.append(post)
    first = await placed(here, count=2)
    assert await place(here, count=3) == DailyLimitReached(3, 1)
    await here.claim()
    await here.run(first)
    outcome = await place(here, count=3)
    assert isinstance(outcome, Placed) if left == 3 else outcome == DailyLimitReached(3, left)


async def test_cancelled_videos_are_given_back_only_where_they_cost_nothing(here: Bench) -> None:
    limited(here, daily=4)
    waiting = await placed(here, count=2)
    await here.rows.request_cancel(waiting)
    assert isinstance(await place(here, count=2), Placed)
    paid = await placed(here, count=2)
    await here.claim()
    generation = await here.take(paid)
    await here.rows.arm(generation)
    await here.rows.request_cancel(paid)
    await here.run(paid)
    assert (await here.get(paid)).state is State.CANCELLED
    assert await place(here) == DailyLimitReached(4, 0)


async def test_a_day_ends_at_midnight_utc(here: Bench) -> None:
    limited(here, daily=1)
    await placed(here)
    assert await place(here) == DailyLimitReached(1, 0)
    midnight = here.clock.now().replace(hour=0, minute=0, second=0) + timedelta(days=1)
    await here.clock.sleep((midnight - here.clock.now()).total_seconds())
    assert isinstance(await place(here), Placed)

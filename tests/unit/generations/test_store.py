"""Rows: fenced by epochs, changed whole or not at all."""

import asyncio
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from services.failures import Failure, FailureKind
from services.genaipro.events import VideoResult
from services.generations.model import ACTIVE, Generation, Lease, State, VideoState
from services.generations.results import become, moved, not_sent
from services.generations.store import ROWS, RunOvertakenError, change, photos_of
from services.store.schema import GenerationPhotoRow
from tests.unit.generations.bench import PHOTO, Bench


async def taken(here: Bench) -> Generation:
    return await here.take(await here.place())


async def test_what_was_placed_is_what_is_read(here: Bench) -> None:
    row = await here.get(await here.queued("a cat\n\nruns", 3, user=5))
    assert (row.prompt, row.options.count, row.user_id, row.state) == (
        "a cat\n\nruns",
        3,
        5,
        State.QUEUED,
    )
    assert await here.database.read(photos_of, row.id) == (PHOTO,)
    assert await here.rows.get("nobody") is None


async def test_each_taking_overtakes_the_runs_before(here: Bench) -> None:
    stale = await taken(here)
    fresh = await here.take(stale.id)
    assert fresh.epoch == stale.epoch + 1
    for attempt in (
        here.rows.arm(stale),
        here.rows.disarm(stale),
        here.rows.move(stale, State.RECONCILING),
        here.rows.fail(stale, Failure(FailureKind.LOST)),
        here.results.begin_sending(stale, [0]),
    ):
        with pytest.raises(RunOvertakenError):
            await attempt
    assert await here.get(stale.id) == fresh


async def test_what_a_run_that_was_overtaken_says_of_its_videos_changes_nothing(here: Bench) -> None:
    """It may say it late, after a freeze, when the run that follows has sent them."""
    stale = await here.take(await here.place(count=2))
    stale = await here.results.record(
        stale,
        [VideoResult("a", "a cat", ("https://files/0", "https://files/1"), True, False, "completed", None)],
        exclusive=False,
    )
    await here.results.begin_sending(stale, [0])
    fresh = await here.take(stale.id)
    await here.results.begin_sending(fresh, [0])
    assert await here.results.sent(fresh, [(0, 9, "file")]) is None
    before = await here.results.videos(stale.id)
    await here.database.write(not_sent, stale, [0])
    await here.database.write(become, stale, [0], VideoState.LINKED)
    await here.database.write(moved, stale, 0, "https://files/other")
    assert await here.results.videos(stale.id) == before
    assert [video.state for video in before] == [VideoState.SENT, VideoState.READY]


async def test_an_orphan_is_claimed_once_and_only_while_its_end_is_untold(here: Bench) -> None:
    generation = await taken(here)
    orphan = Lease(generation.id, generation.epoch, "dead")
    taken_over = await here.rows.take_over(orphan, "heir")
    assert taken_over == replace(generation, epoch=generation.epoch + 1)
    assert await here.rows.take_over(orphan, "another") is None
    assert Lease(generation.id, generation.epoch + 1, "heir") in await here.queue.leases()
    with pytest.raises(RunOvertakenError):
        await here.rows.move(generation, State.RECONCILING)
    done = await here.run(generation.id)
    assert await here.rows.take_over(Lease(done.id, done.epoch, None), "another") is None


async def test_nothing_leaves_a_final_state(here: Bench) -> None:
    generation = await taken(here)
    failed = await here.rows.fail(generation, Failure(FailureKind.OTHER, "why"))
    for state in set(State) - {State.FAILED}:
        with pytest.raises(RunOvertakenError):
            await here.rows.move(failed, state)
    assert await here.get(generation.id) == failed


async def test_an_end_keeps_its_first_time(here: Bench) -> None:
    generation = await taken(here)
    once = await here.rows.fail(generation, Failure(FailureKind.OTHER))
    await here.clock.sleep(60)
    again = await here.rows.fail(generation, Failure(FailureKind.OTHER))
    assert again.finished_at == once.finished_at


@pytest.mark.parametrize("state", sorted(ACTIVE - {State.SUBMITTING}))
async def test_a_wish_to_cancel_is_noted_while_it_can_be_granted(here: Bench, state: State) -> None:
    generation = await here.rows.move(await taken(here), state)
    after = await here.rows.request_cancel(generation.id)
    assert after is not None
    assert after.state is state
    assert (after.cancel_requested_at is not None) == (state is not State.DELIVERING)


async def test_the_first_wish_to_cancel_counts(here: Bench) -> None:
    generation = await taken(here)
    first = await here.rows.request_cancel(generation.id)
    await here.clock.sleep(5)
    assert await here.rows.request_cancel(generation.id) == first


async def test_what_waits_is_cancelled_at_once(here: Bench) -> None:
    after = await here.rows.request_cancel(await here.queued())
    assert after is not None
    assert after.state is State.CANCELLED
    assert after.finished_at is not None
    assert await here.rows.request_cancel("nobody") is None


async def test_old_ends_go_with_all_that_belongs_to_them_and_nothing_else_goes(here: Bench) -> None:
    old = await here.run(await here.place())
    await here.clock.sleep(1000)
    running = await taken(here)
    new = await here.run(await here.place())
    assert await here.rows.prune(here.clock.now() - timedelta(seconds=500)) == 1
    assert await here.rows.get(old.id) is None
    assert await here.rows.get(running.id) is not None
    assert await here.rows.get(new.id) is not None
    photos = select(func.count()).select_from(GenerationPhotoRow)
    assert await here.database.read(lambda session: session.scalar(photos)) == 2


async def test_a_transaction_cut_off_anywhere_leaves_a_whole_row_and_a_usable_database(here: Bench) -> None:
    chance = random.Random(7)
    generation = await taken(here)
    own = ROWS.c.id == generation.id
    for _ in range(60):
        work = asyncio.create_task(here.rows.move(generation, State.RECONCILING, note="x", server_error=True))
        for _ in range(chance.randrange(12)):
            await asyncio.sleep(0)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        async with asyncio.timeout(120):
            row = await here.get(generation.id)
            assert (row.note, row.server_error) in {("", False), ("x", True)}
            await here.database.write(lambda session: change(session, own, note="", server_error=False))

"""The phases in a row: cancelling, outages, faults of ours, and the end that is told."""

import asyncio
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from telegram.error import NetworkError

from services.failures import Charged, Failure, FailureKind
from services.generations import cancelling
from services.generations.model import Generation, State, VideoState
from services.generations.results import record
from services.generations.worker import MOST_FAULTS
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import Post
from tests.unit.generations.test_deliver import made


class Broken:
    """A phase that fails each time, as a fault of ours does."""

    def __init__(self, error: Exception) -> None:
        self.runs = 0
        self._error = error

    async def __call__(self, _generation: Generation) -> Generation:
        self.runs += 1
        raise self._error


def outage() -> OperationalError:
    return OperationalError("UPDATE", {}, Exception("database is locked"))


async def test_a_fault_before_the_post_ends_with_a_word_and_costs_nothing(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(here.submitter), "run", staticmethod(Broken(RuntimeError("bug"))))
    row = await here.run(await here.place())
    assert row.failure == Failure(FailureKind.INTERNAL)
    assert row.final_shown


async def test_a_fault_after_the_post_is_looked_up(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_generation: object) -> None:
        raise RuntimeError("bug")

    real = here.chat.progress
    monkeypatch.setattr(
        here.chat, "progress", lambda item: broken(item) if item.state is State.STARTING else real(item)
    )
    row = await here.run(await here.place())
    assert row.state is State.DONE
    assert len(here.service.posts) == 1


async def test_a_fault_that_stays_in_the_search_ends_as_lost(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    here.service.coming.append(Post.CUT)
    broken = Broken(RuntimeError("bug"))
    monkeypatch.setattr(type(here.reconciler), "run", staticmethod(broken))
    row = await here.run(await here.place())
    assert row.failure == Failure(FailureKind.LOST, "", Charged.UNKNOWN)
    assert broken.runs == MOST_FAULTS


async def test_a_fault_that_stays_in_delivery_ends_with_links(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = Broken(RuntimeError("bug"))
    monkeypatch.setattr(type(here.deliverer), "run", staticmethod(broken))
    row = await here.run(await here.place(count=2))
    assert row.state is State.DONE
    assert [video.state for video in await here.results.videos(row.id)] == [VideoState.LINKED] * 2
    assert broken.runs == MOST_FAULTS


async def test_an_outage_is_no_fault_and_is_waited_out(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    real, left = here.deliverer.run, [outage()] * 20

    async def run(generation: Generation) -> Generation:
        if left:
            raise left.pop()
        return await real(generation)

    monkeypatch.setattr(type(here.deliverer), "run", staticmethod(run))
    row = await here.run(await here.place(count=2))
    assert row.state is State.DONE
    assert [video.state for video in await here.results.videos(row.id)] == [VideoState.SENT] * 2


async def test_a_statement_that_will_always_be_refused_is_a_fault_and_not_waited_for(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = here.database.write

    async def refused(work: Any, *args: Any, **named: Any) -> Any:
        if work is record:
            raise IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed"))
        return await real(work, *args, **named)

    monkeypatch.setattr(here.database, "write", refused)
    row = await here.run(await here.place())
    assert row.failure == Failure(FailureKind.LOST, "", Charged.UNKNOWN)
    assert len(here.service.posts) == 1


async def test_the_end_is_told_however_long_telegram_cannot_be_reached(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, left = here.chat.end, [NetworkError("down")] * 30

    async def end(generation: Generation) -> None:
        if left:
            raise left.pop()
        await real(generation)

    monkeypatch.setattr(here.chat, "end", end)
    row = await here.run(await here.place())
    assert row.final_shown
    assert len(here.chat.told) == 1


async def test_an_end_that_was_told_is_not_told_again(here: Bench) -> None:
    generation_id = await here.place()
    await here.run(generation_id)
    await here.run(generation_id)
    assert len(here.chat.told) == 1


class Admins:
    """Raises when it is told to, and notes the order."""

    def __init__(self, here: Bench, error: Exception | None = None) -> None:
        self._here, self._error = here, error
        self.told_before: list[int] = []

    async def raise_for(self, _failure: Failure) -> None:
        self.told_before.append(len(self._here.chat.told))
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize("error", [None, outage()])
async def test_the_person_is_told_before_the_admins_and_whatever_becomes_of_them(
    here: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception | None
) -> None:
    admins = Admins(here, error)
    here.runner.alarm = admins.raise_for
    here.service.coming.append(Post.REFUSED)
    row = await here.run(await here.place())
    assert row.final_shown
    assert admins.told_before == [1]


async def test_a_run_that_was_overtaken_stops_and_lets_go_of_the_message(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go: list[Generation] = []

    async def overtaken(run: Generation) -> None:
        let_go.append(run)

    monkeypatch.setattr(here.chat, "overtaken", overtaken)
    generation_id = await here.place()
    stale = await here.take(generation_id)
    await here.take(generation_id)
    assert await here.runner.advance(stale) is None
    assert let_go == [stale]
    assert not here.service.posts


@pytest.mark.parametrize("waits_in", ["photos", "history"])
async def test_cancel_ends_a_phase_wherever_it_waits(
    here: Bench, monkeypatch: pytest.MonkeyPatch, waits_in: str
) -> None:
    waiting = asyncio.Event()

    async def for_ever(*_args: Any, **_named: Any) -> Any:
        waiting.set()
        await asyncio.Event().wait()

    here.service.coming.append(Post.CUT)
    if waits_in == "photos":
        monkeypatch.setattr(here.submitter, "fetch_photo", for_ever)
    else:
        monkeypatch.setattr(here.reconciler, "histories", for_ever)
    generation_id = await here.place()
    run = asyncio.create_task(here.run(generation_id))
    await waiting.wait()
    await here.rows.request_cancel(generation_id)
    assert here.scopes.cancel(generation_id)
    row = await run
    assert row.state is State.CANCELLED
    assert row.charged is (Charged.NO if waits_in == "photos" else Charged.UNKNOWN)
    assert row.final_shown
    assert not here.scopes.cancel(generation_id)


async def test_cancel_ends_a_run_that_is_just_about_to_begin(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def for_ever(*_args: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(cancelling, "ALONE_SECONDS", 3600.0)
    monkeypatch.setattr(here.submitter, "fetch_photo", for_ever)
    watch = asyncio.create_task(here.scopes.run())
    await asyncio.sleep(0)
    generation_id = await here.place()
    await here.rows.request_cancel(generation_id)
    run = asyncio.create_task(here.run(generation_id))
    assert not here.scopes.cancel(generation_id)
    async with asyncio.timeout(120):
        assert (await run).state is State.CANCELLED
    watch.cancel()


async def test_a_wish_to_cancel_that_meets_the_result_comes_too_late(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, cancelled = here.database.write, []

    async def write(work: Any, *args: Any, **named: Any) -> Any:
        after = await real(work, *args, **named)
        if work is record:
            cancelled.append(here.scopes.cancel(after.id))
            await asyncio.sleep(0)
        return after

    monkeypatch.setattr(here.database, "write", write)
    row = await here.run(await here.place(count=2))
    assert row.state is State.DONE
    assert cancelled == [True]


async def test_paid_videos_are_not_cancelled(here: Bench) -> None:
    generation = await made(here)
    after = await here.rows.request_cancel(generation.id)
    assert after is not None
    assert after.cancel_requested_at is None
    assert (await here.run(generation.id)).state is State.DONE

"""From the turn to the end of the stream: what is written before and after the one POST."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from tenacity import Future, RetryCallState

from services.failures import Charged, Failure, FailureKind
from services.genaipro.events import CompletedEvent, NotAcceptedError, StreamEvent, VideoResult
from services.generations import progress
from services.generations.cancelling import CancelRequestedError
from services.generations.model import Generation, State
from services.generations.results import record
from services.generations.store import RunOvertakenError, disarm, fail
from services.generations.submit import BUSY_ATTEMPTS, LONGEST_WAIT_SECONDS, _wait
from services.options import Shape, VideoOptions
from services.photos.model import PhotoError, PhotoFile, PhotoProblem, PhotoRef
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import Post


def outage() -> OperationalError:
    return OperationalError("UPDATE", {}, Exception("database is locked"))


class Failing:
    """Writes, but fails so often at one function of the store; or calls it and fails all the same."""

    def __init__(self, write: Any, function: object, times: int, *, after: bool = False) -> None:
        self._write, self._function, self._after = write, function, after
        self.left = times

    async def __call__(self, work: object, *args: Any, **kwargs: Any) -> Any:
        if work is not self._function or self.left == 0:
            return await self._write(work, *args, **kwargs)
        self.left -= 1
        if self._after:
            await self._write(work, *args, **kwargs)
        raise outage()


async def taken(here: Bench, **order: Any) -> Generation:
    return await here.take(await here.place(**order))


async def test_the_arming_is_committed_before_the_post(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    generation = await taken(here)
    seen: list[Generation] = []
    real = here.service.make_videos

    @asynccontextmanager
    async def looking(
        photos: Sequence[PhotoFile], prompt: str, options: VideoOptions
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        seen.append(await here.get(generation.id))
        async with real(photos, prompt, options) as events:
            yield events

    monkeypatch.setattr(here.service, "make_videos", looking)
    await here.submitter.run(generation)
    assert [(row.armed_at is not None, row.attempts) for row in seen] == [(True, 1)]


@pytest.mark.parametrize(("shape", "tall"), [(Shape.WIDE, 0), (Shape.TALL, 1)])
async def test_a_tall_request_is_a_call_of_its_own(here: Bench, shape: Shape, tall: int) -> None:
    armed = await here.rows.arm(await taken(here))
    assert armed is not None
    await here.submitter._listen(replace(armed, options=VideoOptions(shape=shape)), [])
    assert (here.service.tall, len(here.service.posts)) == (tall, 1)


async def test_an_armed_row_is_only_looked_up(here: Bench) -> None:
    generation = await taken(here)
    armed = await here.rows.arm(generation)
    assert armed is not None
    after = await here.submitter.run(armed)
    assert (after.state, after.charged) == (State.RECONCILING, Charged.UNKNOWN)
    assert not here.service.posts


async def test_a_row_is_armed_once(here: Bench) -> None:
    generation = await taken(here)
    await here.rows.arm(generation)
    with pytest.raises(RunOvertakenError):
        await here.rows.arm(generation)


async def test_a_wish_to_cancel_that_comes_before_the_arming_stops_the_post(here: Bench) -> None:
    generation = await taken(here)
    await here.rows.request_cancel(generation.id)
    with pytest.raises(CancelRequestedError):
        await here.submitter.run(generation)
    assert not here.service.posts
    assert (await here.get(generation.id)).armed_at is None


async def test_a_photo_that_is_gone_costs_nothing(here: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    async def gone(_ref: PhotoRef, _directory: object, _position: int) -> PhotoFile:
        raise PhotoError(PhotoProblem.GONE)

    monkeypatch.setattr(here.submitter, "fetch_photo", gone)
    after = await here.submitter.run(await taken(here))
    assert after.failure == Failure(FailureKind.PHOTOS)
    assert not here.service.posts


async def test_what_is_refused_as_busy_is_disarmed_and_tried_again(here: Bench) -> None:
    here.service.coming.extend([Post.BUSY, Post.BUSY])
    after = await here.submitter.run(await taken(here))
    assert (after.state, after.attempts) == (State.DELIVERING, 3)


async def test_attempts_are_counted_over_restarts(here: Bench) -> None:
    here.service.coming.extend([Post.BUSY] * 20)
    generation = await taken(here)
    for _ in range(3):
        armed = await here.rows.arm(generation)
        assert armed is not None
        generation = await here.rows.disarm(armed)
    after = await here.submitter.run(generation)
    assert (after.state, after.attempts) == (State.FAILED, BUSY_ATTEMPTS)
    assert len(here.service.posts) == BUSY_ATTEMPTS - 3


@pytest.mark.parametrize(
    ("outcome", "state"),
    [(Post.COMPLETED, State.DELIVERING), (Post.REFUSED, State.FAILED), (Post.ERROR_EVENT, State.FAILED)],
)
@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
async def test_what_is_known_of_the_money_is_held_through_an_outage(
    here: Bench, monkeypatch: pytest.MonkeyPatch, outcome: Post, state: State, after: bool
) -> None:
    here.service.coming.append(outcome)
    generation = await taken(here, count=2)
    function = record if state is State.DELIVERING else fail
    write = Failing(here.database.write, function, 3, after=after)
    monkeypatch.setattr(here.database, "write", write)
    ended = await here.submitter.run(generation)
    assert ended.state is state
    assert write.left == 0
    assert len(here.service.posts) == 1
    assert len(await here.results.videos(generation.id)) == (2 if state is State.DELIVERING else 0)


async def test_an_outage_between_refusal_and_disarming_is_waited_for(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.service.coming.append(Post.BUSY)
    write = Failing(here.database.write, disarm, 2)
    monkeypatch.setattr(here.database, "write", write)
    after = await here.submitter.run(await taken(here))
    assert after.state is State.DELIVERING
    assert write.left == 0


async def test_progress_that_cannot_be_stored_does_not_end_the_stream(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation, real = await taken(here), here.service.make_videos

    @asynccontextmanager
    async def written_down(
        photos: Sequence[PhotoFile], prompt: str, options: VideoOptions
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        async def each(events: AsyncIterator[StreamEvent]) -> AsyncIterator[StreamEvent]:
            async for event in events:
                yield event
                await here.log.write()

        async with real(photos, prompt, options) as events:
            yield each(events)

    failing = Failing(here.database.write, progress._store, 99)
    monkeypatch.setattr(here.service, "make_videos", written_down)
    monkeypatch.setattr(here.database, "write", failing)
    after = await here.submitter.run(generation)
    assert after.state is State.DELIVERING
    assert failing.left == 99 - len(("starting", "odd", "processing"))


async def test_a_result_that_comes_in_time_is_kept_however_long_the_database_is_gone(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = here.clock.monotonic()
    monkeypatch.setattr(here.database, "write", Failing(here.database.write, record, 500))
    after = await here.submitter.run(await taken(here))
    assert after.state is State.DELIVERING
    assert here.clock.monotonic() - began > 1800


async def test_a_run_that_was_overtaken_in_mid_stream_writes_nothing(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = await taken(here)

    @asynccontextmanager
    async def overtaken(*_request: object) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        async def events() -> AsyncIterator[StreamEvent]:
            await here.take(generation.id)
            yield CompletedEvent((VideoResult("i", "p", ("https://a.example/1",), True, False, "", None),))

        yield events()

    monkeypatch.setattr(here.service, "make_videos", overtaken)
    with pytest.raises(RunOvertakenError):
        await here.submitter.run(generation)
    row = await here.get(generation.id)
    assert (row.state, row.epoch) == (State.SUBMITTING, generation.epoch + 1)
    assert await here.results.videos(generation.id) == []


@pytest.mark.parametrize(
    ("results", "state", "kind"),
    [
        ((), State.FAILED, FailureKind.OTHER),
        ((VideoResult("i", "p", (), True, False, "completed", None),), State.RECONCILING, None),
        ((VideoResult("i", "p", (), False, False, "", None),), State.RECONCILING, None),
        ((VideoResult("i", "p", (), False, False, "pending", None),), State.RECONCILING, None),
        ((VideoResult("i", "p", (), False, True, "AUDIO_FILTERED", None),), State.FAILED, FailureKind.AUDIO),
    ],
    ids=["nothing", "made but not said where", "of an unknown end", "still made", "failed"],
)
async def test_an_array_without_addresses(
    here: Bench,
    monkeypatch: pytest.MonkeyPatch,
    results: tuple[VideoResult, ...],
    state: State,
    kind: FailureKind | None,
) -> None:
    @asynccontextmanager
    async def ends_so(*_request: object) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        async def events() -> AsyncIterator[StreamEvent]:
            yield CompletedEvent(results)

        yield events()

    monkeypatch.setattr(here.service, "make_videos", ends_so)
    after = await here.submitter.run(await taken(here))
    assert after.state is state
    assert (after.failure.kind if after.failure else None) is kind
    # What is still being made may take its time; what is made is found soon or never.
    if state is State.RECONCILING:
        assert after.server_error is (results[0].status != "pending")


async def test_the_time_limit_ends_the_stream_and_the_result_is_looked_up(
    here: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    @asynccontextmanager
    async def endless(*_request: object) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        async def events() -> AsyncIterator[StreamEvent]:
            await asyncio.Event().wait()
            yield CompletedEvent(())

        yield events()

    monkeypatch.setattr(here.service, "make_videos", endless)
    here.generation_timeout = 0.01
    here.boot()
    after = await here.submitter.run(await taken(here))
    assert (after.state, after.server_error) == (State.RECONCILING, False)


def waits(attempt: int, retry_after: float | None) -> float:
    state = RetryCallState(None, None, (), {})  # type: ignore[arg-type]
    state.attempt_number = attempt
    state.outcome = Future(attempt)
    state.outcome.set_exception(NotAcceptedError(Failure(FailureKind.BUSY), 429, retry_after))
    return _wait(state)


def test_waits_grow_with_chance_and_keep_to_what_was_asked_for() -> None:
    assert 2 <= waits(1, None) <= 4
    assert 16 <= waits(4, None) <= 18
    assert len({waits(3, None) for _ in range(9)}) > 1
    assert 0 <= waits(2, 0.0) <= 1
    assert 40 <= waits(1, 40.0) <= 41
    assert waits(1, 99999.0) == LONGEST_WAIT_SECONDS

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.health import Probe, metrics_route
from bot.http import http_server
from bot.metrics import OutboxCollector, StateTimes, queue_gauge
from services.failures import Failure, FailureKind
from services.generations.model import Generation, State
from services.outbox.calls import JobState, Priority
from services.outbox.scheduler import Counters
from services.store.database import open_database
from services.store.schema import GenerationRow
from tests.counted import Counted
from tests.generations import QUEUED
from tests.hand_clock import HandClock

CREDITS = Failure(FailureKind.CREDITS)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def times(clock: HandClock) -> StateTimes:
    return StateTimes(clock)


@pytest.fixture
def counted() -> Counted:
    return Counted()


def generation(clock: HandClock, state: State = State.SUBMITTING, *, epoch: int = 1, waited: float = 0) -> Generation:
    now = clock.now()
    queued_at = now - timedelta(seconds=waited)
    return replace(QUEUED, state=state, epoch=epoch, queued_at=queued_at, started_at=now)


def time_in(counted: Counted, state: State) -> tuple[float, float]:
    count, total = (counted(f"generation_state_seconds_{part}", state=state.value) for part in ("count", "sum"))
    # What other tests counted before is subtracted, which leaves a rounding.
    return count, round(total, 6)


def test_each_state_is_timed_and_the_end_counted_once(times: StateTimes, counted: Counted, clock: HandClock) -> None:
    run = generation(clock, waited=7)
    for state, seconds in ((State.SUBMITTING, 2), (State.PROCESSING, 30), (State.DELIVERING, 4), (State.DONE, 1)):
        run = replace(run, state=state)
        times.seen(run)
        times.seen(run)
        clock.forward(seconds)
    times.seen(run)
    assert time_in(counted, State.QUEUED) == (1, 7)
    assert time_in(counted, State.SUBMITTING) == (1, 2)
    assert time_in(counted, State.PROCESSING) == (1, 30)
    assert time_in(counted, State.DELIVERING) == (1, 4)
    assert counted("generations_finished_total", state="done") == 1
    assert counted("reconciliations_total") == 0


def test_a_failure_is_counted_by_its_reason(times: StateTimes, counted: Counted, clock: HandClock) -> None:
    times.seen(generation(clock, State.RECONCILING))
    times.seen(replace(generation(clock, State.FAILED), failure=CREDITS))
    assert counted("generations_finished_total", state="failed") == 1
    assert counted("generation_failures_total", reason="credits") == 1
    assert counted("reconciliations_total") == 1


def test_what_an_earlier_process_began_is_not_timed(times: StateTimes, counted: Counted, clock: HandClock) -> None:
    times.seen(generation(clock, State.PROCESSING, epoch=2, waited=9))
    clock.forward(5)
    times.seen(generation(clock, State.RECONCILING, epoch=2))
    clock.forward(5)
    times.seen(generation(clock, State.DONE, epoch=2))
    assert time_in(counted, State.PROCESSING) == (0, 0)
    assert time_in(counted, State.QUEUED) == (0, 0)
    assert time_in(counted, State.RECONCILING) == (1, 5)


def test_many_generations_are_forgotten_in_time(
    times: StateTimes, counted: Counted, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.metrics.REMEMBERED", 3)
    for number in range(10):
        times.seen(replace(generation(clock, State.DONE), id=str(number)))
    assert counted("generations_finished_total", state="done") == 10
    assert len(times._stations) == 3


async def scrape(port: int) -> dict[str, float]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {
        sample.name + "".join(f",{key}={text}" for key, text in sample.labels.items()): sample.value
        for sample in samples
    }


@asynccontextmanager
async def serving(port: int, fill: Callable[[CollectorRegistry, dict[str, Probe]], object]) -> AsyncIterator[None]:
    registry, looks = CollectorRegistry(), dict[str, Probe]()
    registry.register(REGISTRY)
    fill(registry, looks)
    async with http_server("127.0.0.1", port, [metrics_route(registry, looks)]):
        yield


async def test_the_outbox_is_told(port: int) -> None:
    counters = Counters(waiting=dict.fromkeys(Priority, 2), floods=7)
    counters.unsent |= {JobState.SUPERSEDED: 3, JobState.UNCHANGED: 5}

    def fill(registry: CollectorRegistry, _looks: dict[str, Probe]) -> None:
        registry.register(OutboxCollector(counters))

    async with serving(port, fill):
        told = await scrape(port)
    assert told["pho2video_outbox_dropped_total,reason=superseded"] == 3
    assert told["pho2video_outbox_dropped_total,reason=unchanged"] == 5
    assert told["pho2video_outbox_floods_total"] == 7
    assert told["pho2video_outbox_waiting,priority=result"] == 2
    assert told["process_resident_memory_bytes"] > 1000


async def test_the_queue_is_counted_and_not_told_while_it_is_not_known(
    port: int, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_work: object) -> None:
        raise ConnectionError

    database = await open_database(f"sqlite:///{tmp_path / 'x.sqlite3'}")
    rows = [
        GenerationRow(
            id=str(number),
            request_key=str(number),
            chat_id=1,
            user_id=1,
            language="en",
            request_message_id=1,
            prompt="p",
            count=1,
            state=state.value,
            queued_at=clock.now(),
        )
        for number, state in enumerate((State.QUEUED, State.QUEUED, State.PROCESSING, State.DONE))
    ]
    await database.write(lambda session: session.add_all(rows))

    def fill(registry: CollectorRegistry, looks: dict[str, Probe]) -> None:
        looks["queue"] = queue_gauge(registry, database)

    async with serving(port, fill):
        told = await scrape(port)
        assert told["pho2video_generations,state=queued"] == 2
        assert told["pho2video_generations,state=processing"] == 1
        assert "pho2video_generations,state=done" not in told
        monkeypatch.setattr(database, "read", broken)
        told = await scrape(port)
        assert "pho2video_generations,state=queued" not in told
        assert "process_resident_memory_bytes" in told
    await database.close()

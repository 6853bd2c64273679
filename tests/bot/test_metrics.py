import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.parser import text_string_to_metric_families

from bot.http import HttpServer
from bot.metrics import Metrics, OutboxCollector, QueueGauge
from services.failures import Charged, Failure, FailureKind
from services.genaipro.events import (
    CompletedEvent,
    CreditGrant,
    FailedEvent,
    GenAIProError,
    MaybeAcceptedError,
    NotAcceptedError,
    RefusedError,
    ResultPage,
    StatusEvent,
    StreamEvent,
)
from services.generations.model import Generation, State
from services.metering import MeteredGenAIPro
from services.outbox.counters import Counters
from services.outbox.priority import Priority
from services.photos.model import PhotoFile
from services.store.database import open_database
from services.store.schema import GenerationRow
from services.telemetry import PostOutcome, Service, Telemetry
from tests.bot.hand_clock import HandClock

CREDITS = Failure(FailureKind.CREDITS)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def telemetry(clock: HandClock) -> Telemetry:
    return Telemetry(CollectorRegistry(), clock)


@pytest.fixture
def sock() -> Iterator[socket.socket]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound


def generation(clock: HandClock, state: State = State.SUBMITTING, *, epoch: int = 1, waited: float = 0) -> Generation:
    now = clock.now()
    return Generation(
        id="g",
        chat_id=1,
        thread_id=None,
        user_id=1,
        language="en",
        request_message_id=1,
        status_message_id=2,
        prompt="p",
        count=1,
        photos=(),
        state=state,
        note="",
        epoch=epoch,
        queued_at=now - timedelta(seconds=waited),
        started_at=now,
        armed_at=None,
        attempts=0,
        reconciling_since=None,
        server_error=False,
        cancel_requested_at=None,
        finished_at=None,
        final_shown=False,
        failure=None,
        charged=Charged.NO,
    )


def value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    return telemetry.registry.get_sample_value(f"pho2video_{name}", labels)


def time_in(telemetry: Telemetry, state: State) -> tuple[float | None, float | None]:
    name = "generation_state_seconds"
    return tuple(value(telemetry, f"{name}_{part}", state=state.value) for part in ("count", "sum"))  # type: ignore[return-value]


def test_each_state_is_timed_and_the_end_counted_once(telemetry: Telemetry, clock: HandClock) -> None:
    run = generation(clock, waited=7)
    for state, seconds in ((State.SUBMITTING, 2), (State.PROCESSING, 30), (State.DELIVERING, 4), (State.DONE, 1)):
        run = replace(run, state=state)
        telemetry.seen(run)
        telemetry.seen(run)
        clock.forward(seconds)
    telemetry.seen(run)
    assert time_in(telemetry, State.QUEUED) == (1, 7)
    assert time_in(telemetry, State.SUBMITTING) == (1, 2)
    assert time_in(telemetry, State.PROCESSING) == (1, 30)
    assert time_in(telemetry, State.DELIVERING) == (1, 4)
    assert value(telemetry, "generations_finished_total", state="done") == 1
    assert value(telemetry, "reconciliations_total") == 0


def test_a_failure_is_counted_by_its_reason(telemetry: Telemetry, clock: HandClock) -> None:
    telemetry.seen(generation(clock, State.RECONCILING))
    telemetry.seen(replace(generation(clock, State.FAILED), failure=CREDITS))
    assert value(telemetry, "generations_finished_total", state="failed") == 1
    assert value(telemetry, "generation_failures_total", reason="credits") == 1
    assert value(telemetry, "reconciliations_total") == 1


def test_what_an_earlier_process_began_is_not_timed(telemetry: Telemetry, clock: HandClock) -> None:
    telemetry.seen(generation(clock, State.PROCESSING, epoch=2, waited=9))
    clock.forward(5)
    telemetry.seen(generation(clock, State.RECONCILING, epoch=2))
    clock.forward(5)
    telemetry.seen(generation(clock, State.DONE, epoch=2))
    assert time_in(telemetry, State.PROCESSING) == (None, None)
    assert time_in(telemetry, State.QUEUED) == (None, None)
    assert time_in(telemetry, State.RECONCILING) == (1, 5)


def test_many_generations_are_forgotten_in_time(
    telemetry: Telemetry, clock: HandClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.telemetry.REMEMBERED", 3)
    for number in range(10):
        telemetry.seen(replace(generation(clock, State.DONE), id=str(number)))
    assert value(telemetry, "generations_finished_total", state="done") == 10
    assert len(telemetry._stations) == 3


def test_calls_tell_whether_a_service_is_reached(telemetry: Telemetry) -> None:
    telemetry.called(Service.GENAIPRO, "credits", None)
    assert telemetry.genaipro.is_broken
    telemetry.called(Service.GENAIPRO, "credits", 429)
    assert not telemetry.genaipro.is_broken
    telemetry.called(Service.TELEGRAM, "sendMessage", 502)
    assert telemetry.telegram.is_broken
    assert value(telemetry, "too_many_requests_total", service="genaipro") == 1
    assert value(telemetry, "calls_total", service="genaipro", call="credits", status="0") == 1


def test_expired_credits_are_not_left(telemetry: Telemetry) -> None:
    telemetry.credits_told(
        [CreditGrant(100, 23, None), CreditGrant(50, 0, datetime(2025, 1, 1, tzinfo=UTC)), CreditGrant(5, 9, None)]
    )
    assert value(telemetry, "credits_left") == 77


class Client:
    """A client of GenAIPro that does as it is told."""

    def __init__(self, events: Sequence[StreamEvent] = (), begin: Exception | None = None) -> None:
        self.events = events
        self.begin = begin
        self.end: Exception | None = None

    @asynccontextmanager
    async def ingredients_to_video(
        self, photos: Sequence[PhotoFile], prompt: str, count: int
    ) -> AsyncIterator[AsyncIterator[StreamEvent]]:
        if self.begin is not None:
            raise self.begin

        async def stream() -> AsyncIterator[StreamEvent]:
            for event in self.events:
                yield event
            if self.end is not None:
                raise self.end

        yield stream()

    async def histories(self, page: int = 1, page_size: int = 20) -> ResultPage:
        if self.begin is not None:
            raise self.begin
        return ResultPage([], page, 1)

    async def credits(self) -> tuple[CreditGrant, ...]:
        return (CreditGrant(10, 3, None),)


async def run(client: Client, telemetry: Telemetry, tmp_path: Path) -> None:
    photo = tmp_path / "p.jpg"
    photo.write_bytes(b"x" * 100)
    api = MeteredGenAIPro(client, telemetry)  # type: ignore[arg-type]
    async with api.ingredients_to_video(
        [PhotoFile(photo, "p.jpg", "image/jpeg", photo.stat().st_size)], "p", 1
    ) as events:
        assert value(telemetry, "open_streams") == 1
        async for _ in events:
            pass


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([StatusEvent("starting"), CompletedEvent([])], PostOutcome.COMPLETED),
        ([FailedEvent(CREDITS)], PostOutcome.FAILED),
        ([StatusEvent("starting")], PostOutcome.LEFT),
    ],
)
async def test_posts_are_counted_by_what_came_of_them(
    events: list[StreamEvent], outcome: PostOutcome, telemetry: Telemetry, tmp_path: Path
) -> None:
    await run(Client(events), telemetry, tmp_path)
    assert [value(telemetry, "posts_total", outcome=other.value) for other in PostOutcome] == [
        float(other is outcome) for other in PostOutcome
    ]
    assert value(telemetry, "open_streams") == 0
    assert value(telemetry, "bytes_total", service="genaipro", direction="out") == 100


@pytest.mark.parametrize(
    ("error", "outcome", "calls"),
    [
        (NotAcceptedError(CREDITS, 429), PostOutcome.NOT_ACCEPTED, "429"),
        (NotAcceptedError(CREDITS), PostOutcome.NOT_ACCEPTED, "0"),
        (RefusedError(CREDITS, 402), PostOutcome.REFUSED, "402"),
        (MaybeAcceptedError(CREDITS, 502), PostOutcome.UNKNOWN, "502"),
    ],
)
async def test_posts_that_fail_at_once(
    error: GenAIProError, outcome: PostOutcome, calls: str, telemetry: Telemetry, tmp_path: Path
) -> None:
    with pytest.raises(type(error)):
        await run(Client(begin=error), telemetry, tmp_path)
    assert value(telemetry, "posts_total", outcome=outcome.value) == 1
    assert value(telemetry, "calls_total", service="genaipro", call="ingredients-to-video", status=calls) == 1
    assert value(telemetry, "open_streams") == 0


async def test_a_lost_stream_counts_as_unknown(telemetry: Telemetry, tmp_path: Path) -> None:
    client = Client([StatusEvent("starting")])
    client.end = MaybeAcceptedError(CREDITS, 200)
    with pytest.raises(MaybeAcceptedError):
        await run(client, telemetry, tmp_path)
    assert value(telemetry, "posts_total", outcome="unknown") == 1


async def test_a_photo_that_is_gone_is_no_failure_of_the_service(telemetry: Telemetry, tmp_path: Path) -> None:
    with pytest.raises(RefusedError):
        await run(Client(begin=RefusedError(Failure(FailureKind.PHOTOS))), telemetry, tmp_path)
    assert not telemetry.genaipro.is_broken


async def test_reads_are_counted(telemetry: Telemetry) -> None:
    api = MeteredGenAIPro(Client(), telemetry)  # type: ignore[arg-type]
    await api.histories()
    await api.credits()
    assert value(telemetry, "credits_left") == 7
    assert value(telemetry, "calls_total", service="genaipro", call="histories", status="200") == 1
    broken = MeteredGenAIPro(Client(begin=NotAcceptedError(CREDITS, 503)), telemetry)  # type: ignore[arg-type]
    with pytest.raises(NotAcceptedError):
        await broken.histories()
    assert value(telemetry, "calls_total", service="genaipro", call="histories", status="503") == 1


async def scrape(sock: socket.socket) -> dict[str, float]:
    host, port = sock.getsockname()
    async with aiohttp.ClientSession() as session, session.get(f"http://{host}:{port}/metrics") as response:
        assert response.status == 200
        text = await response.text()
    samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
    return {
        sample.name + "".join(f",{key}={text}" for key, text in sample.labels.items()): sample.value
        for sample in samples
    }


@asynccontextmanager
async def serving(sock: socket.socket, fill: Callable[[CollectorRegistry, Metrics], object]) -> AsyncIterator[None]:
    registry = CollectorRegistry()
    metrics = Metrics(registry)
    fill(registry, metrics)
    async with HttpServer("", 0, [metrics.route()], sock=sock):
        yield


async def test_the_outbox_is_told(sock: socket.socket) -> None:
    counts = MappingProxyType(dict.fromkeys(Priority, 2))
    counters = Counters(counts, 1, 3, 4, 5, 6, 7, 8, counts, 1, 0, 0)

    def fill(registry: CollectorRegistry, _metrics: Metrics) -> None:
        registry.register(OutboxCollector(lambda: counters))

    async with serving(sock, fill):
        told = await scrape(sock)
    assert told["pho2video_outbox_dropped_total,reason=superseded"] == 3
    assert told["pho2video_outbox_dropped_total,reason=unchanged"] == 5
    assert told["pho2video_outbox_floods_total"] == 7
    assert told["pho2video_outbox_waiting,priority=result"] == 2
    assert told["process_resident_memory_bytes"] > 1000


async def test_the_queue_is_counted_and_not_told_while_it_is_not_known(
    sock: socket.socket, tmp_path: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch
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

    def fill(registry: CollectorRegistry, metrics: Metrics) -> None:
        metrics.look("queue", QueueGauge(registry, database).look)

    async with serving(sock, fill):
        told = await scrape(sock)
        assert told["pho2video_generations,state=queued"] == 2
        assert told["pho2video_generations,state=processing"] == 1
        assert "pho2video_generations,state=done" not in told
        monkeypatch.setattr(database, "read", broken)
        told = await scrape(sock)
        assert "pho2video_generations,state=queued" not in told
        assert "process_resident_memory_bytes" in told
    await database.close()

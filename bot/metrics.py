"""`/metrics` for Prometheus: what was counted, and what is looked up at the moment of asking."""

import asyncio
import platform
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Gauge, GCCollector, Histogram, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from structlog import get_logger

from services.clock import Clock
from services.generations.model import FINAL, Generation, State
from services.outbox.scheduler import Counters
from services.outgoing import VERSION
from services.store.database import Database
from services.store.schema import GenerationRow
from services.telemetry import COUNTERS

LOOK_SECONDS = 4.0
"""What a look takes longer is left out of this answer."""

REMEMBERED = 5000
"""Generations whose last state is kept in mind; older ones are forgotten, and their times with them."""

Look = Callable[[], Awaitable[object]]

FINISHED = Counter(
    "pho2video_generations_finished", "Generations that ended, by final state.", ["state"], registry=COUNTERS
)
FAILURES = Counter(
    "pho2video_generation_failures", "Generations that failed, by reason.", ["reason"], registry=COUNTERS
)
STATE_SECONDS = Histogram(
    "pho2video_generation_state_seconds",
    "Seconds that generations spent in each state.",
    ["state"],
    buckets=(0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600),
    registry=COUNTERS,
)
RECONCILIATIONS = Counter(
    "pho2video_reconciliations", "Generations whose result had to be looked up.", registry=COUNTERS
)
for _state in FINAL:
    # An alert can then see the first of its kind.
    FINISHED.labels(_state.value)

log = get_logger(__name__)


def process_registry() -> CollectorRegistry:
    """A registry that tells what every process has; what belongs to one running bot is registered in it."""
    registry = CollectorRegistry()
    registry.register(COUNTERS)
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    labels = ["version", "python"]
    build = Gauge("pho2video_build_info", "Always 1; the labels tell.", labels, registry=registry)
    build.labels(VERSION, platform.python_version()).set(1)
    return registry


def metrics_route(registry: CollectorRegistry, looks: Mapping[str, Look]) -> web.RouteDef:
    """Where Prometheus asks.

    Args:
        registry: Holds everything that is told.
        looks: What is done before each answer, by the name of a part; one that fails is left out.
    """

    async def bring_up_to_date(name: str, look: Look) -> None:
        try:
            async with asyncio.timeout(LOOK_SECONDS):
                await look()
        except Exception as error:  # noqa: BLE001 - one part that fails must not hide the others
            log.warning("metric_not_known", part=name, error=type(error).__name__)

    async def answer(request: web.Request) -> web.Response:
        await asyncio.gather(*(bring_up_to_date(name, look) for name, look in looks.items()))
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return web.get("/metrics", answer)


@dataclass(slots=True)
class StateTimes:
    """Counts generations by their states, and times those states."""

    clock: Clock
    _stations: OrderedDict[str, tuple[State, float | None]] = field(default_factory=OrderedDict)

    def seen(self, generation: Generation) -> None:
        """Take note of where a generation stands; repetitions count once."""
        now = self.clock.monotonic()
        before = self._stations.get(generation.id)
        state, since = before or (None, None)
        if state is generation.state:
            return
        if state is not None and since is not None:
            STATE_SECONDS.labels(state.value).observe(now - since)
        known_since = now if before is not None else self._first_seen(generation, now)
        self._stations[generation.id] = (generation.state, known_since)
        self._stations.move_to_end(generation.id)
        while len(self._stations) > REMEMBERED:
            self._stations.popitem(last=False)
        if generation.state is State.RECONCILING:
            RECONCILIATIONS.inc()
        if generation.state in FINAL:
            FINISHED.labels(generation.state.value).inc()
            if generation.failure is not None:
                FAILURES.labels(generation.failure.kind.value).inc()

    def _first_seen(self, generation: Generation, now: float) -> float | None:
        """When its present state began, as far as this process knows; its time in the queue is in its row."""
        if generation.epoch > 1:
            return None
        end = generation.started_at or generation.finished_at
        if end is not None:
            waited = (end - generation.queued_at).total_seconds()
            STATE_SECONDS.labels(State.QUEUED.value).observe(max(0.0, waited))
        return now


def queue_gauge(registry: CollectorRegistry, database: Database) -> Look:
    """The generations that have not ended, by state, over all processes; what is not known is not told."""
    meaning = "Generations that have not ended, by state; queued ones wait for their turn."
    gauge = Gauge("pho2video_generations", meaning, ["state"], registry=registry)

    async def look() -> None:
        gauge.clear()
        counts = await database.read(_count_unfinished)
        for state in State:
            if state not in FINAL:
                gauge.labels(state.value).set(counts.get(state.value, 0))

    return look


def _count_unfinished(session: Session) -> dict[str, int]:
    unfinished = GenerationRow.state.not_in([state.value for state in FINAL])
    query = select(GenerationRow.state, func.count()).where(unfinished).group_by(GenerationRow.state)
    return {row[0]: row[1] for row in session.execute(query)}


@dataclass(slots=True, eq=False)
class OutboxCollector(Collector):
    """What the outbox counts by itself."""

    counters: Counters

    def collect(self) -> Iterator[Metric]:
        """What they are now, as metrics."""
        now = self.counters
        waiting = GaugeMetricFamily("pho2video_outbox_waiting", "Calls that wait for their turn.", labels=["priority"])
        sent = CounterMetricFamily("pho2video_outbox_sent", "Messages and edits sent.", labels=["priority"])
        for priority, count in now.waiting.items():
            waiting.add_metric([priority.name.lower()], count)
        for priority, count in now.sent.items():
            sent.add_metric([priority.name.lower()], count)
        dropped = CounterMetricFamily("pho2video_outbox_dropped", "Edits that need not be sent.", labels=["reason"])
        for state, count in now.unsent.items():
            dropped.add_metric([state.name.lower()], count)
        yield from (waiting, sent, dropped)
        yield CounterMetricFamily("pho2video_outbox_failed", "Calls that failed.", value=now.failed)
        yield CounterMetricFamily("pho2video_outbox_floods", "Answers that said: too many requests.", value=now.floods)
        yield CounterMetricFamily("pho2video_outbox_pauses", "Pauses of the whole bot after a flood.", value=now.pauses)
        yield GaugeMetricFamily("pho2video_outbox_running", "Calls under way now.", value=now.running)

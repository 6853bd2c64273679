"""What `/metrics` tells beside the counters: generations by their states, and the outbox."""

import platform
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.clock import Clock
from services.generations.model import FINAL, Generation, State
from services.http_requests import VERSION
from services.outbox.scheduler import Counters
from services.store.database import Database
from services.store.schema import GenerationRow

REMEMBERED = 5000
"""Generations whose last state is kept in mind; older ones are forgotten, and their times with them."""

BUILD = Gauge("pho2video_build_info", "Always 1; the labels tell.", ["version", "python"])
BUILD.labels(VERSION, platform.python_version()).set(1)
FINISHED = Counter("pho2video_generations_finished", "Generations that ended, by final state.", ["state"])
FAILURES = Counter("pho2video_generation_failures", "Generations that failed, by reason.", ["reason"])
STATE_SECONDS = Histogram(
    "pho2video_generation_state_seconds",
    "Seconds that generations spent in each state.",
    ["state"],
    buckets=(0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600),
)
RECONCILIATIONS = Counter("pho2video_reconciliations", "Generations whose result had to be looked up.")
for _state in FINAL:
    # An alert can then see the first of its kind.
    FINISHED.labels(_state.value)


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


def queue_gauge(registry: CollectorRegistry, database: Database) -> Callable[[], Awaitable[None]]:
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
        dropped = CounterMetricFamily("pho2video_outbox_dropped", "Edits that need not be sent.", labels=["reason"])
        for family, counts in ((waiting, now.waiting), (sent, now.sent), (dropped, now.unsent)):
            for key, count in counts.items():
                family.add_metric([key.name.lower()], count)
            yield family
        yield CounterMetricFamily("pho2video_outbox_failed", "Calls that failed.", value=now.failed)
        yield CounterMetricFamily("pho2video_outbox_floods", "Answers that said: too many requests.", value=now.floods)
        yield CounterMetricFamily("pho2video_outbox_pauses", "Pauses of the whole bot after a flood.", value=now.pauses)
        yield GaugeMetricFamily("pho2video_outbox_running", "Calls under way now.", value=now.running)

"""What the process counts about itself: one registry of its own, handed to those who count.

No label ever holds an id, a text, an address or anything else that grows with use. Source of the naming: the pages
of Prometheus on metric and label naming.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.clock import Clock
from services.contact import Contact
from services.genaipro.events import CreditGrant
from services.generations.model import FINAL, Generation, State

REMEMBERED = 5000
"""Generations whose last state is kept in mind; older ones are forgotten, and their times with them."""

STATE_BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 900, 1800, 3600)
ANSWER_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5)


class Service(StrEnum):
    """Whom the process talks to."""

    TELEGRAM = "telegram"
    GENAIPRO = "genaipro"
    FILES = "files"
    """Where the addresses of finished videos lead."""


class PostOutcome(StrEnum):
    """What came of one paid POST."""

    COMPLETED = "completed"
    """The terminal event brought results."""
    FAILED = "failed"
    """The terminal event was an error."""
    REFUSED = "refused"
    NOT_ACCEPTED = "not-accepted"
    """Provably not accepted: may be tried again."""
    UNKNOWN = "unknown"
    """May have been accepted: is looked up."""
    LEFT = "left"
    """Closed by the bot: cancelled, out of time, or the process ends."""


@dataclass(frozen=True, slots=True)
class _Station:
    state: State
    since: float | None


class Telemetry:
    """All counters of a process.

    Args:
        registry: Where they are registered; never the global one, so that two processes in one test stay apart.
        clock: Its monotonic side measures, its other one dates.

    Attributes:
        registry: As given.
        telegram: Whether Telegram was reached.
        genaipro: Whether GenAIPro was reached.
    """

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        self.registry = registry
        self.telegram = Contact(clock)
        self.genaipro = Contact(clock)
        self._clock = clock
        self._stations: OrderedDict[str, _Station] = OrderedDict()
        self._updates = Counter(
            "pho2video_updates", "Updates taken from Telegram, by kind.", ["kind"], registry=registry
        )
        self._repeated = Counter(
            "pho2video_updates_repeated", "Updates that came again and were dropped.", registry=registry
        )
        self._webhook = Counter(
            "pho2video_webhook_requests", "Requests to the webhook, by status.", ["status"], registry=registry
        )
        self._webhook_seconds = Histogram(
            "pho2video_webhook_seconds",
            "Seconds from a webhook request to its answer.",
            buckets=ANSWER_BUCKETS,
            registry=registry,
        )
        self._finished = Counter(
            "pho2video_generations_finished", "Generations that ended, by final state.", ["state"], registry=registry
        )
        self._failures = Counter(
            "pho2video_generation_failures", "Generations that failed, by reason.", ["reason"], registry=registry
        )
        self._state_seconds = Histogram(
            "pho2video_generation_state_seconds",
            "Seconds that generations spent in each state.",
            ["state"],
            buckets=STATE_BUCKETS,
            registry=registry,
        )
        self._reconciliations = Counter(
            "pho2video_reconciliations", "Generations whose result had to be looked up.", registry=registry
        )
        self._posts = Counter("pho2video_posts", "Paid requests made, by outcome.", ["outcome"], registry=registry)
        self._streams = Gauge("pho2video_open_streams", "Paid requests under way now.", registry=registry)
        self._calls = Counter(
            "pho2video_calls",
            "Calls made, by service, call and HTTP status; status 0 is no answer.",
            ["service", "call", "status"],
            registry=registry,
        )
        self._too_many = Counter(
            "pho2video_too_many_requests", "Answers of status 429, by service.", ["service"], registry=registry
        )
        self._bytes = Counter(
            "pho2video_bytes", "Bytes of bodies, by service and direction.", ["service", "direction"], registry=registry
        )
        self._credits = Gauge(
            "pho2video_credits_left", "Credits left at GenAIPro when it was last asked.", registry=registry
        )
        self._credits.set(float("nan"))
        self._prepare()

    def _prepare(self) -> None:
        """Begin the series at zero: an alert can then see the first of its kind."""
        for state in FINAL:
            self._finished.labels(state.value)
        for outcome in PostOutcome:
            self._posts.labels(outcome.value)
        for service in (Service.TELEGRAM, Service.GENAIPRO):
            self._too_many.labels(service.value)
        for service in Service:
            for direction in ("in", "out"):
                self._bytes.labels(service.value, direction)

    def updates_taken(self, kinds: Sequence[str], repeated: int) -> None:
        """Count updates.

        Args:
            kinds: The kind of each new one.
            repeated: How many came again.
        """
        for kind in kinds:
            self._updates.labels(kind).inc()
        self._repeated.inc(repeated)

    def webhook_answered(self, status: int, seconds: float) -> None:
        """Count a request to the webhook and measure it."""
        self._webhook.labels(str(status)).inc()
        self._webhook_seconds.observe(seconds)

    def seen(self, generation: Generation) -> None:
        """Take note of where a generation stands; repetitions count once."""
        now = self._clock.monotonic()
        before = self._stations.get(generation.id)
        if before is not None and before.state is generation.state:
            return
        known_since: float | None = now
        if before is not None and before.since is not None:
            self._state_seconds.labels(before.state.value).observe(now - before.since)
        elif before is None:
            known_since = self._first_seen(generation, now)
        self._stations[generation.id] = _Station(generation.state, known_since)
        self._stations.move_to_end(generation.id)
        while len(self._stations) > REMEMBERED:
            self._stations.popitem(last=False)
        if generation.state is State.RECONCILING:
            self._reconciliations.inc()
        if generation.state in FINAL:
            self._finished.labels(generation.state.value).inc()
            if generation.failure is not None:
                self._failures.labels(generation.failure.kind.value).inc()

    def _first_seen(self, generation: Generation, now: float) -> float | None:
        """When its present state began, as far as this process knows; its time in the queue is in its row."""
        if generation.epoch > 1:
            return None
        end = generation.started_at or generation.finished_at
        if end is not None:
            waited = (end - generation.queued_at).total_seconds()
            self._state_seconds.labels(State.QUEUED.value).observe(max(0.0, waited))
        return now

    def called(self, service: Service, call: str, status: int | None) -> None:
        """Count a call, and take note of whether it was answered.

        Args:
            service: Whom.
            call: One of a fixed set of names.
            status: The HTTP status, or None without an answer.
        """
        self._calls.labels(service.value, call, str(status or 0)).inc()
        if status == 429:
            self._too_many.labels(service.value).inc()
        contact = {Service.TELEGRAM: self.telegram, Service.GENAIPRO: self.genaipro}.get(service)
        if contact is None:
            return
        if status is None or status >= 500:
            contact.failed()
        else:
            contact.answered()

    def received(self, service: Service, size: int) -> None:
        """Count bytes in."""
        self._bytes.labels(service.value, "in").inc(size)

    def sent(self, service: Service, size: int) -> None:
        """Count bytes out."""
        self._bytes.labels(service.value, "out").inc(size)

    @contextmanager
    def stream(self) -> Iterator[None]:
        """A paid request, from its beginning to its end."""
        with self._streams.track_inprogress():
            yield

    def posted(self, outcome: PostOutcome) -> None:
        """Count what came of a paid request."""
        self._posts.labels(outcome.value).inc()

    def credits_told(self, grants: Sequence[CreditGrant]) -> None:
        """Take note of the credits that are left, without those that have expired."""
        now = self._clock.now()
        self._credits.set(sum(grant.left for grant in grants if grant.expires_at is None or grant.expires_at > now))

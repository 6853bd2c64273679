"""What a process counts, and whether it reaches what is outside.

Each counter is incremented where the thing happens. No label ever holds an id, a text, an address or anything else that
grows with use. What belongs to one running bot, and not to its process, is registered in ``bot/health.py``. Source of
the naming: the pages of Prometheus on metric and label naming.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import inf

from prometheus_client import PLATFORM_COLLECTOR, REGISTRY, Counter, Gauge, Histogram

from services.clock import Clock


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


UPDATES = Counter("pho2video_updates", "Updates taken from Telegram, by kind.", ["kind"])
UPDATES_REPEATED = Counter("pho2video_updates_repeated", "Updates that came again and were dropped.")
WEBHOOK_REQUESTS = Counter("pho2video_webhook_requests", "Requests to the webhook, by status.", ["status"])
WEBHOOK_SECONDS = Histogram(
    "pho2video_webhook_seconds",
    "Seconds from a webhook request to its answer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
POSTS = Counter("pho2video_posts", "Paid requests made, by outcome.", ["outcome"])
OPEN_STREAMS = Gauge("pho2video_open_streams", "Paid requests under way now.")
CALLS = Counter(
    "pho2video_calls",
    "Calls made, by service, call and HTTP status; status 0 is no answer.",
    ["service", "call", "status"],
)
TOO_MANY_REQUESTS = Counter("pho2video_too_many_requests", "Answers of status 429, by service.", ["service"])
BYTES = Counter("pho2video_bytes", "Bytes of bodies, by service and direction.", ["service", "direction"])
CREDITS_LEFT = Gauge("pho2video_credits_left", "Credits left at GenAIPro when it was last asked.")
STARS_TAKEN = Counter("pho2video_stars_taken", "Telegram Stars that people paid.")
STARS_RETURNED = Counter("pho2video_stars_returned", "Telegram Stars that went back to people.")
REFUNDS_REFUSED = Counter("pho2video_refunds_refused", "Refunds that Telegram refused; each is tried again.")
CREDIT_VIDEOS = Gauge("pho2video_credit_videos", "Videos that people have as credit, when it was last counted.")
PAYMENT_FAULTS = Gauge("pho2video_payment_faults", "What did not add up in the books when they were last checked.")

# Series are shown before anything is counted: an alert can then see the first of its kind.
CREDITS_LEFT.set(float("nan"))
for _outcome in PostOutcome:
    POSTS.labels(_outcome)
for _service in Service:
    for _direction in ("in", "out"):
        BYTES.labels(_service, _direction)
for _service in (Service.TELEGRAM, Service.GENAIPRO):
    TOO_MANY_REQUESTS.labels(_service)
# The version of Python is told with the bot's own.
REGISTRY.unregister(PLATFORM_COLLECTOR)


def count_call(service: Service, call: str, status: int | None) -> None:
    """Count a call, by one of a fixed set of names and the HTTP status, None without an answer."""
    CALLS.labels(service, call, str(status or 0)).inc()
    if status == 429:
        TOO_MANY_REQUESTS.labels(service).inc()


GRACE_SECONDS = 10.0
"""A failure counts once nothing else has succeeded for so long: one broken connection is no outage."""


class PartFailedError(Exception):
    """A part of the process, or what it depends on, does not do its work."""


@dataclass(slots=True)
class Contact:
    """The last outcomes of calls to one thing: whether something outside was reached lately."""

    _clock: Clock
    _answered_at: float = -inf
    _failed_at: float = -inf

    def answered(self) -> None:
        """A call was answered."""
        self._answered_at = self._clock.monotonic()

    def failed(self) -> None:
        """A call was not."""
        self._failed_at = self._clock.monotonic()

    def heard(self, status: int | None) -> None:
        """Take note of an HTTP status, None without an answer; a server that fails does not count as reached."""
        if status is None or status >= 500:
            self.failed()
        else:
            self.answered()

    @property
    def silence(self) -> float:
        """Seconds since the last answer, infinity before the first."""
        return self._clock.monotonic() - self._answered_at

    @property
    def since_tried(self) -> float:
        """Seconds since the last answer or failure, infinity before the first."""
        return self._clock.monotonic() - max(self._answered_at, self._failed_at)

    @property
    def is_broken(self) -> bool:
        """Whether the newest outcome is a failure, and the newest answer longer ago than the grace."""
        return -inf < self._failed_at >= self._answered_at and self.silence > GRACE_SECONDS

    async def check(self, longest: float) -> None:
        """Raise ``PartFailedError`` where it is failing now, or has been silent for more than `longest` seconds."""
        silence = self.silence
        if silence == inf:
            raise PartFailedError("never reached since the start")
        if self.is_broken or silence > longest:
            raise PartFailedError(f"not reached for {silence:.0f} s")

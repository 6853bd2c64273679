"""What an operator sees of the process, put together: health, readiness, metrics. Parts join as they begin to work."""

from collections.abc import Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge

from bot.health import Health, LoopWatch
from bot.metrics import Metrics, OutboxCollector, PartGauge, QueueGauge
from bot.outbox import Outbox
from bot.polling import POLL_SECONDS, READ_MARGIN_SECONDS
from bot.settings import Settings
from bot.webhook import LOOK_SECONDS
from services.clock import Clock
from services.contact import Contact
from services.reach import GenAIProReach
from services.services import Services
from services.store.database import Database
from services.telemetry import Telemetry

TELEGRAM_SILENCE = max(POLL_SECONDS + READ_MARGIN_SECONDS, LOOK_SECONDS) + 60.0
"""Seconds without an answer of Telegram's that are normal for a bot that nobody writes to."""

QUEUE_SILENCE = 60.0
"""Seconds without a look at the queue that an outage of the database explains at most."""


class Monitoring:
    """Health, readiness and metrics of one process.

    Args:
        settings: The settings.
        clock: Tells the time.

    Attributes:
        telemetry: The counters.
        loop: Measures the event loop.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._per_minute = settings.genaipro_requests_per_minute
        self._clock = clock
        self._registry = CollectorRegistry()
        self._health = Health()
        self._metrics = Metrics(self._registry)
        self.telemetry = Telemetry(self._registry, clock)
        self.loop = LoopWatch(clock, clock.sleep)
        self._health.lives_by("loop", self.loop.check)
        parts = PartGauge(self._registry, self._health.states)
        self._metrics.look("parts", parts.look)
        lag = "Worst lateness of the event loop in the last half minute."
        Gauge("pho2video_loop_lag_seconds", lag, registry=self._registry).set_function(lambda: self.loop.lag)

    def routes(self) -> list[web.RouteDef]:
        """Where all this is asked over HTTP."""
        return [*self._health.routes(), self._metrics.route()]

    def watch_database(self, database: Database) -> None:
        """The database is open."""
        self._health.lives_by("database", database.ping)
        self._health.works_by("database", database.ping)
        self._metrics.look("queue", QueueGauge(self._registry, database).look)

    def watch_telegram(self, outbox: Outbox, silence: float) -> None:
        """The bot makes calls.

        Args:
            outbox: What they pass.
            silence: Seconds without an answer of Telegram's that are normal.
        """
        self._registry.register(OutboxCollector(outbox.counters))

        async def reached() -> None:
            self.telemetry.telegram.check(silence)

        self._health.works_by("telegram", reached)

    def watch_updates(self, contact: Contact, waiting: Callable[[], int]) -> None:
        """Updates are taken.

        Args:
            contact: Whether they are.
            waiting: How many are not handled yet.
        """

        async def taken() -> None:
            contact.check(TELEGRAM_SILENCE)

        self._health.works_by("updates", taken)
        gauge = Gauge("pho2video_updates_waiting", "Updates taken and not handled yet.", registry=self._registry)
        gauge.set_function(waiting)

    def watch_worker(self, services: Services) -> None:
        """Generations are worked on."""

        async def looked() -> None:
            services.worker.contact.check(QUEUE_SILENCE)

        self._health.works_by("worker", looked)
        reach = GenAIProReach(services.genaipro.credits, self.telemetry.genaipro, self._per_minute, self._clock)
        self._health.works_by("genaipro", reach.check)
        self._metrics.look("credits", reach.refresh_credits)

    def started(self) -> None:
        """All parts have joined."""
        self._health.started()

    def stopping(self) -> None:
        """The process takes nothing on any more."""
        self._health.stopping()

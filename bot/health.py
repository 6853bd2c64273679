"""`/healthz`, `/readyz` and `/metrics`: whether the process lives, does its work, and what it counts.

Parts join as they begin to work; each can fail.
"""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge
from structlog import get_logger

from bot.http import PROBE_SECONDS, Probe, probe_route
from bot.metrics import Metrics, OutboxCollector, PartGauge, QueueGauge, StateTimes
from bot.outbox import Outbox
from bot.polling import POLL_SECONDS, READ_MARGIN_SECONDS
from bot.settings import Settings
from bot.webhook import LOOK_SECONDS
from services.clock import Clock
from services.genaipro.events import GenAIProError
from services.services import Services
from services.store.database import Database
from services.telemetry import Contact, NotReachedError

LOOP_TICK_SECONDS = 1.0
LONGEST_LAG_SECONDS = 10.0
"""An event loop that comes so much too late stands still for everybody."""

LAG_KEPT_SECONDS = 30.0
"""For how long a standstill is told."""

TELEGRAM_SILENCE = max(POLL_SECONDS + READ_MARGIN_SECONDS, LOOK_SECONDS) + 60.0
"""Seconds without an answer of Telegram's that are normal for a bot that nobody writes to."""

QUEUE_SILENCE = 60.0
"""Seconds without a look at the queue that an outage of the database explains at most."""

IDLE_SECONDS = 180.0
"""Silence after which the service is asked, and no sooner: other calls tell as much."""

AGAIN_SECONDS = 15.0
"""Time between two questions while it does not answer."""

ANSWER_SECONDS = 4.0
"""An answer that takes longer counts as none."""

CREDITS_SECONDS = 300.0
"""How old the number of credits may grow while somebody watches it."""

LEAST_PER_MINUTE = 10
"""With a smaller limit on calls, none of them is spent on asking."""

log = get_logger(__name__)


class PartFailedError(Exception):
    """A part does not do its work."""


class Health:
    """The parts of the process that are asked; each begins to be asked when it begins to work."""

    def __init__(self) -> None:
        self._alive: dict[str, Probe] = {}
        self._ready: dict[str, Probe] = {"started": _not_started}

    def lives_by(self, name: str, probe: Probe) -> None:
        """Add a part without which the process is better restarted."""
        self._alive[name] = probe

    def works_by(self, name: str, probe: Probe) -> None:
        """Add a part without which the process does not do its work."""
        self._ready[name] = probe

    def started(self) -> None:
        """All parts are there."""
        self._ready["started"] = _well

    def stopping(self) -> None:
        """The process takes nothing on any more."""
        self._ready["started"] = _not_started

    def routes(self) -> list[web.RouteDef]:
        """Where they are asked over HTTP."""
        return [probe_route("/healthz", self._alive), probe_route("/readyz", self._ready)]

    async def states(self) -> dict[str, bool]:
        """Which parts are well now, for metrics."""
        probes = self._alive | self._ready

        async def is_well(probe: Probe) -> bool:
            try:
                async with asyncio.timeout(PROBE_SECONDS):
                    await probe()
            except Exception:  # noqa: BLE001 - whatever is wrong with a part, it is not well
                return False
            return True

        states = await asyncio.gather(*(is_well(probe) for probe in probes.values()))
        return dict(zip(probes, states, strict=True))


class LoopWatch:
    """Measures how late the event loop comes to what is due.

    Args:
        clock: Its monotonic side is read.
        sleep: Waits some seconds.
    """

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._clock = clock
        self._sleep = sleep
        self._worst = 0.0
        self._worst_at = clock.monotonic()

    @property
    def lag(self) -> float:
        """The worst lateness of the last half minute, in seconds."""
        return self._worst if self._clock.monotonic() - self._worst_at <= LAG_KEPT_SECONDS else 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = self._clock.monotonic() + LOOP_TICK_SECONDS
            await self._sleep(LOOP_TICK_SECONDS)
            now = self._clock.monotonic()
            late = max(0.0, now - due)
            if late >= self.lag:
                self._worst, self._worst_at = late, now

    async def check(self) -> None:
        """Prove that the loop comes in time.

        Raises:
            PartFailedError: It stood still within the last half minute.
        """
        if self.lag > LONGEST_LAG_SECONDS:
            raise PartFailedError(f"the event loop stood still for {self.lag:.1f} s")


async def _well() -> None:
    return


async def _not_started() -> None:
    raise PartFailedError("not started yet, or stopping")


class GenAIProProbe:
    """Tells whether GenAIPro answers. It is asked only when somebody wants to know.

    Args:
        ask: A cheap call (the credits), which counts against the limit on calls as any other.
        contact: The outcomes of all calls, of that one too.
        per_minute: The limit on calls.
        clock: Its monotonic side is read.
    """

    def __init__(self, ask: Callable[[], Awaitable[object]], contact: Contact, per_minute: int, clock: Clock) -> None:
        self._ask = ask
        self._contact = contact
        self._may_ask = per_minute >= LEAST_PER_MINUTE
        self._turn = asyncio.Lock()
        self._refreshed = Contact(clock)

    async def check(self) -> None:
        """Prove that it was reached lately. What was never tried and may not be asked counts as reached.

        Raises:
            NotReachedError: It does not answer.
        """
        async with self._turn:
            if self._may_ask and self._is_due():
                await self._find_out()
        if self._contact.is_broken:
            raise NotReachedError("GenAIPro does not answer")

    async def refresh_credits(self) -> None:
        """Ask again when the number of credits is old; an answer tells it to the metrics by itself."""
        async with self._turn:
            age = self._refreshed.silence
            if self._may_ask and not self._contact.is_broken and (age is None or age > CREDITS_SECONDS):
                await self._find_out()

    def _is_due(self) -> bool:
        tried = [age for age in (self._contact.silence, self._contact.since_failure) if age is not None]
        if not tried:
            return True
        return min(tried) > (AGAIN_SECONDS if self._contact.is_broken else IDLE_SECONDS)

    async def _find_out(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._ask()
            self._refreshed.answered()
        except TimeoutError:
            self._contact.failed()
        except GenAIProError as error:
            log.info("genaipro_asked", status=error.status, kind=error.failure.kind.value)


class Monitoring:
    """Health, readiness and metrics of one process.

    Args:
        settings: The settings.
        clock: Tells the time.

    Attributes:
        telegram: Whether Telegram is reached.
        times: Times the states of generations.
        loop: Measures the event loop.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._per_minute = settings.genaipro_requests_per_minute
        self._clock = clock
        self._registry = CollectorRegistry()
        self._health = Health()
        self._metrics = Metrics(self._registry)
        self.telegram = Contact(clock)
        self.times = StateTimes(clock)
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
            self.telegram.check(silence)

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
        client = services.genaipro
        probe = GenAIProProbe(client.credits, client.contact, self._per_minute, self._clock)
        self._health.works_by("genaipro", probe.check)
        self._metrics.look("credits", probe.refresh_credits)

    def started(self) -> None:
        """All parts have joined."""
        self._health.started()

    def stopping(self) -> None:
        """The process takes nothing on any more."""
        self._health.stopping()

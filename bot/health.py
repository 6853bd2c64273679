"""`/healthz`, `/readyz` and `/metrics`: whether the process lives, does its work, and what it counts."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from prometheus_client import CollectorRegistry, Gauge
from structlog import get_logger

from bot.metrics import Look, OutboxCollector, StateTimes, metrics_route, process_registry, queue_gauge
from bot.outbox import Outbox
from bot.polling import POLL_SECONDS, READ_MARGIN_SECONDS
from bot.webhook import LOOK_SECONDS
from services.clock import Clock, Sleep
from services.genaipro.events import GenAIProError
from services.services import Services
from services.store.database import Database
from services.telemetry import Contact, NotReachedError

PROBE_SECONDS = 5.0
"""A probe that has not answered by then has failed."""

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


Probe = Callable[[], Awaitable[object]]
"""Returns when what it asks is well, raises when it is not."""


class PartFailedError(Exception):
    """A part does not do its work."""


async def ask_all(probes: Mapping[str, Probe], seconds: float = PROBE_SECONDS) -> dict[str, Exception | None]:
    """Ask all parts at once, each for so many seconds at most, and return what is wrong with each, or None."""

    async def ask(probe: Probe) -> Exception | None:
        try:
            async with asyncio.timeout(seconds):
                await probe()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, it is not well
            return error
        return None

    return dict(zip(probes, await asyncio.gather(*map(ask, probes.values())), strict=True))


def probe_route(path: str, probes: Mapping[str, Probe], seconds: float = PROBE_SECONDS) -> web.RouteDef:
    """A route that answers 200 when every probe returns, else 503 with the names of those that failed."""

    async def answer(_request: web.Request) -> web.Response:
        outcomes = await ask_all(probes, seconds)
        for name, error in outcomes.items():
            if error is not None:
                log.warning("a part does not answer", path=path, part=name, exc_info=error)
        parts = {name: "ok" if error is None else "failed" for name, error in outcomes.items()}
        is_well = "failed" not in parts.values()
        body = {"status": "ok" if is_well else "failed", "parts": parts}
        return web.json_response(body, status=200 if is_well else 503, headers={"Cache-Control": "no-store"})

    return web.get(path, answer)


async def _well() -> None:
    return


async def _not_started() -> None:
    raise PartFailedError("not started yet, or stopping")


def _reached(contact: Contact, silence: float) -> Probe:
    async def probe() -> None:
        contact.check(silence)

    return probe


@dataclass(slots=True)
class LoopWatch:
    """Measures how late the event loop comes to what is due."""

    clock: Clock
    sleep: Sleep
    _worst: float = 0.0
    _worst_at: float = field(init=False)

    def __post_init__(self) -> None:
        self._worst_at = self.clock.monotonic()

    @property
    def lag(self) -> float:
        """The worst lateness of the last half minute, in seconds."""
        return self._worst if self.clock.monotonic() - self._worst_at <= LAG_KEPT_SECONDS else 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = self.clock.monotonic() + LOOP_TICK_SECONDS
            await self.sleep(LOOP_TICK_SECONDS)
            now = self.clock.monotonic()
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


@dataclass(slots=True)
class GenAIProProbe:
    """Tells whether GenAIPro answers. It is asked only when somebody wants to know."""

    ask: Callable[[], Awaitable[object]]
    """A cheap call (the credits), which counts against the limit on calls as any other."""
    contact: Contact
    """The outcomes of all calls, of that one too."""
    per_minute: int
    """The limit on calls."""
    clock: Clock
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _refreshed: Contact = field(init=False)

    def __post_init__(self) -> None:
        self._refreshed = Contact(self.clock)

    @property
    def _may_ask(self) -> bool:
        return self.per_minute >= LEAST_PER_MINUTE

    async def check(self) -> None:
        """Prove that it was reached lately. What was never tried and may not be asked counts as reached.

        Raises:
            NotReachedError: It does not answer.
        """
        async with self._turn:
            if self._may_ask and self._is_due():
                await self._find_out()
        if self.contact.is_broken:
            raise NotReachedError("GenAIPro does not answer")

    async def refresh_credits(self) -> None:
        """Ask again when the number of credits is old; an answer tells it to the metrics by itself."""
        async with self._turn:
            age = self._refreshed.silence
            if self._may_ask and not self.contact.is_broken and (age is None or age > CREDITS_SECONDS):
                await self._find_out()

    def _is_due(self) -> bool:
        tried = [age for age in (self.contact.silence, self.contact.since_failure) if age is not None]
        if not tried:
            return True
        return min(tried) > (AGAIN_SECONDS if self.contact.is_broken else IDLE_SECONDS)

    async def _find_out(self) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.ask()
            self._refreshed.answered()
        except TimeoutError:
            self.contact.failed()
        except GenAIProError as error:
            log.info("genaipro_asked", status=error.status, kind=error.failure.kind.value)


@dataclass(slots=True)
class Monitoring:
    """Health, readiness and metrics of one process; its parts join as they begin to work."""

    per_minute: int
    """The limit on calls to GenAIPro."""
    clock: Clock
    alive: dict[str, Probe] = field(default_factory=dict)
    """Parts without which the process is better restarted."""
    ready: dict[str, Probe] = field(default_factory=lambda: {"started": _not_started})
    """Parts without which the process does not do its work."""
    looks: dict[str, Look] = field(default_factory=dict)
    """What is brought up to date before the metrics are told."""
    registry: CollectorRegistry = field(default_factory=process_registry)
    telegram: Contact = field(init=False)
    """Whether Telegram is reached."""
    times: StateTimes = field(init=False)
    loop: LoopWatch = field(init=False)

    def __post_init__(self) -> None:
        """Watch what is there from the beginning: the event loop."""
        self.telegram, self.times = Contact(self.clock), StateTimes(self.clock)
        self.loop = LoopWatch(self.clock, self.clock.sleep)
        self.alive["loop"] = self.loop.check
        self._gauge(
            "loop_lag_seconds", "Worst lateness of the event loop in the last half minute.", lambda: self.loop.lag
        )
        part_up = Gauge("pho2video_part_up", "1 when the part of /readyz is well.", ["part"], registry=self.registry)

        async def look_at_parts() -> None:
            for part, error in (await ask_all(self.alive | self.ready)).items():
                part_up.labels(part).set(error is None)

        self.looks["parts"] = look_at_parts

    def _gauge(self, name: str, meaning: str, look: Callable[[], float]) -> None:
        Gauge(f"pho2video_{name}", meaning, registry=self.registry).set_function(look)

    def routes(self) -> list[web.RouteDef]:
        """Where all this is asked over HTTP."""
        healthy, ready = probe_route("/healthz", self.alive), probe_route("/readyz", self.ready)
        return [healthy, ready, metrics_route(self.registry, self.looks)]

    def started(self) -> None:
        """All parts are there."""
        self.ready["started"] = _well

    def stopping(self) -> None:
        """The process takes nothing on any more."""
        self.ready["started"] = _not_started

    def watch_database(self, database: Database) -> None:
        """The database is open."""
        self.alive["database"] = self.ready["database"] = database.ping
        self.looks["queue"] = queue_gauge(self.registry, database)

    def watch_telegram(self, outbox: Outbox, silence: float) -> None:
        """The bot makes calls, through the outbox.

        Args:
            silence: Seconds without an answer of Telegram's that are normal.
        """
        self.registry.register(OutboxCollector(outbox.counters))
        self.ready["telegram"] = _reached(self.telegram, silence)

    def watch_updates(self, contact: Contact, waiting: Callable[[], int]) -> None:
        """Updates are taken: the contact tells whether they are, and `waiting` how many are not handled yet."""
        self.ready["updates"] = _reached(contact, TELEGRAM_SILENCE)
        self._gauge("updates_waiting", "Updates taken and not handled yet.", waiting)

    def watch_worker(self, services: Services) -> None:
        """Generations are worked on."""
        self.ready["worker"] = _reached(services.worker.contact, QUEUE_SILENCE)
        client = services.genaipro
        probe = GenAIProProbe(client.credits, client.contact, self.per_minute, self.clock)
        self.ready["genaipro"] = probe.check
        self.looks["credits"] = probe.refresh_credits

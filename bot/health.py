"""`/healthz`, `/readyz` and `/metrics`: whether the process lives, does its work, and what it counts."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from math import inf

from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry, Gauge
from prometheus_client.exposition import choose_encoder
from structlog import get_logger

from bot.metrics import OutboxCollector, StateTimes, queue_gauge
from bot.outbox import Outbox
from bot.polling import POLL_SECONDS, READ_MARGIN_SECONDS
from bot.webhook import LOOK_SECONDS
from services.clock import Clock
from services.genaipro.events import GenAIProError
from services.services import Services
from services.store.database import Database
from services.telemetry import Contact, PartFailedError

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


async def ask_all(probes: Mapping[str, Probe], seconds: float) -> dict[str, Exception | None]:
    """Ask all parts at once, each for so many seconds at most, and return what is wrong with each, or None."""

    async def ask(probe: Probe) -> Exception | None:
        try:
            async with asyncio.timeout(seconds):
                await probe()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a part, it is not well
            return error
        return None

    return dict(zip(probes, await asyncio.gather(*map(ask, probes.values())), strict=True))


def probe_route(path: str, probes: Mapping[str, Probe]) -> web.RouteDef:
    """A route that answers 200 when every probe returns, else 503 with the names of those that failed."""

    async def answer(_request: web.Request) -> web.Response:
        outcomes = await ask_all(probes, PROBE_SECONDS)
        for name, error in outcomes.items():
            if error is not None:
                log.warning("a part does not answer", path=path, part=name, exc_info=error)
        parts = {name: "ok" if error is None else "failed" for name, error in outcomes.items()}
        is_well = "failed" not in parts.values()
        body = {"status": "ok" if is_well else "failed", "parts": parts}
        return web.json_response(body, status=200 if is_well else 503, headers={"Cache-Control": "no-store"})

    return web.get(path, answer)


def metrics_route(registry: CollectorRegistry, looks: Mapping[str, Probe]) -> web.RouteDef:
    """Where Prometheus asks; what a look that fails would have brought up to date is left out."""

    async def answer(request: web.Request) -> web.Response:
        # One of the looks waits for the probes.
        for name, error in (await ask_all(looks, PROBE_SECONDS + 1.0)).items():
            if error is not None:
                log.warning("metric_not_known", part=name, error=type(error).__name__)
        encode, content_type = choose_encoder(request.headers.get("Accept", ""))
        return web.Response(body=encode(registry), headers={"Content-Type": content_type, "Cache-Control": "no-store"})

    return web.get("/metrics", answer)


@dataclass(slots=True)
class LoopWatch:
    """Measures how late the event loop comes to what is due."""

    clock: Clock
    _worst: float = 0.0
    _worst_at: float = -inf

    def lag(self) -> float:
        """The worst lateness of the last half minute, in seconds."""
        return self._worst if self.clock.monotonic() - self._worst_at <= LAG_KEPT_SECONDS else 0.0

    async def run(self) -> None:
        """Measure until cancelled."""
        while True:
            due = self.clock.monotonic() + LOOP_TICK_SECONDS
            await self.clock.sleep(LOOP_TICK_SECONDS)
            now = self.clock.monotonic()
            late = max(0.0, now - due)
            if late >= self.lag():
                self._worst, self._worst_at = late, now

    async def check(self) -> None:
        """Raise ``PartFailedError`` where the loop stood still within the last half minute."""
        if (lag := self.lag()) > LONGEST_LAG_SECONDS:
            raise PartFailedError(f"the event loop stood still for {lag:.1f} s")


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
    _refreshed_at: float = -inf

    async def check(self) -> None:
        """Raise ``PartFailedError`` where it does not answer; what may not be asked, and was not, counts as well."""
        async with self._turn:
            if self.contact.since_tried > (AGAIN_SECONDS if self.contact.is_broken else IDLE_SECONDS):
                await self._find_out()
        if self.contact.is_broken:
            raise PartFailedError("GenAIPro does not answer")

    async def refresh_credits(self) -> None:
        """Ask again when the number of credits is old; an answer tells it to the metrics by itself."""
        async with self._turn:
            is_old = self.clock.monotonic() - self._refreshed_at > CREDITS_SECONDS
            if is_old and not self.contact.is_broken:
                await self._find_out()

    async def _find_out(self) -> None:
        if self.per_minute < LEAST_PER_MINUTE:
            return
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self.ask()
            self._refreshed_at = self.clock.monotonic()
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
    ready: dict[str, Probe] = field(default_factory=dict)
    """Parts without which the process does not do its work."""
    looks: dict[str, Probe] = field(default_factory=dict)
    """What is brought up to date before the metrics are told."""
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    is_at_work: bool = False
    """Whether all parts are there, and the process takes things on."""
    telegram: Contact = field(init=False)
    """Whether Telegram is reached."""
    times: StateTimes = field(init=False)
    loop: LoopWatch = field(init=False)

    def __post_init__(self) -> None:
        """Watch what is there from the beginning: the process and its event loop."""
        self.telegram, self.times, self.loop = Contact(self.clock), StateTimes(self.clock), LoopWatch(self.clock)
        self.registry.register(REGISTRY)
        self.alive["loop"], self.ready["started"] = self.loop.check, self._check_start
        self._gauge("loop_lag_seconds", "Worst lateness of the event loop in the last half minute.", self.loop.lag)
        part_up = Gauge("pho2video_part_up", "1 when the part of /readyz is well.", ["part"], registry=self.registry)

        async def look_at_parts() -> None:
            for part, error in (await ask_all(self.alive | self.ready, PROBE_SECONDS)).items():
                part_up.labels(part).set(error is None)

        self.looks["parts"] = look_at_parts

    async def _check_start(self) -> None:
        if not self.is_at_work:
            raise PartFailedError("not started yet, or stopping")

    def _gauge(self, name: str, meaning: str, look: Callable[[], float]) -> None:
        Gauge(f"pho2video_{name}", meaning, registry=self.registry).set_function(look)

    def routes(self) -> list[web.RouteDef]:
        """Where all this is asked over HTTP."""
        healthy, ready = probe_route("/healthz", self.alive), probe_route("/readyz", self.ready)
        return [healthy, ready, metrics_route(self.registry, self.looks)]

    def watch_database(self, database: Database) -> None:
        """The database is open."""
        self.alive["database"] = self.ready["database"] = database.ping
        self.looks["queue"] = queue_gauge(self.registry, database)

    def watch_telegram(self, outbox: Outbox, silence: float) -> None:
        """The bot makes calls, through the outbox; that many seconds without an answer of Telegram's are normal."""
        self.registry.register(OutboxCollector(outbox.counters))
        self.ready["telegram"] = partial(self.telegram.check, silence)

    def watch_updates(self, contact: Contact, waiting: Callable[[], int]) -> None:
        """Updates are taken: the contact tells whether they are, and `waiting` how many are not handled yet."""
        self.ready["updates"] = partial(contact.check, TELEGRAM_SILENCE)
        self._gauge("updates_waiting", "Updates taken and not handled yet.", waiting)

    def watch_worker(self, services: Services) -> None:
        """Generations are worked on."""
        self.ready["worker"] = partial(services.worker.contact.check, QUEUE_SILENCE)
        client = services.genaipro
        probe = GenAIProProbe(client.credits_left, client.contact, self.per_minute, self.clock)
        self.ready["genaipro"] = probe.check
        self.looks["credits"] = probe.refresh_credits

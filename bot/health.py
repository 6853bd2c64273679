"""`/healthz` and `/readyz`: whether the process lives, and whether it does its work. Both can fail."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.http import PROBE_SECONDS, Probe, probe_route
from services.clock import Clock

LOOP_TICK_SECONDS = 1.0
LONGEST_LAG_SECONDS = 10.0
"""An event loop that comes so much too late stands still for everybody."""

LAG_KEPT_SECONDS = 30.0
"""For how long a standstill is told."""


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

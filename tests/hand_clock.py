"""Clocks that move by hand."""

import asyncio
import heapq
from datetime import UTC, datetime, timedelta
from itertools import count

from services.clock import Clock

BEGAN = datetime(2026, 3, 30, 10, tzinfo=UTC)


class HandClock(Clock):
    """Both clocks and their ``sleep``: time passes when a test says so, or at once when somebody sleeps.

    Attributes:
        seconds: Of the monotonic clock; may be set.
    """

    def __init__(self, seconds: float = 1000.0) -> None:
        self.seconds = seconds

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds - 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.forward(seconds)
        await asyncio.sleep(0)

    def forward(self, seconds: float) -> None:
        self.seconds += seconds


class StandingClock(HandClock):
    """Time passes only when a test says so; who sleeps waits for it, and sleepers wake in their order."""

    def __init__(self, seconds: float = 1000.0) -> None:
        super().__init__(seconds)
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._turn = count()

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.seconds + seconds, next(self._turn), woken))
        await woken

    async def pass_(self, seconds: float) -> None:
        await self.pass_to(self.seconds + seconds)

    async def pass_to(self, until: float) -> None:
        await settle()
        while self._sleepers and self._sleepers[0][0] <= until + 1e-9:
            due, _, woken = heapq.heappop(self._sleepers)
            self.seconds = max(self.seconds, due)
            if not woken.done():
                woken.set_result(None)
            await settle()
        self.seconds = until

    @property
    def sleeping(self) -> int:
        return sum(not woken.done() for _, _, woken in self._sleepers)


async def settle() -> None:
    """Let everybody run who need not wait for the time."""
    for _ in range(20):
        await asyncio.sleep(0)

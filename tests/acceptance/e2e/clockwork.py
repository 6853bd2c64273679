"""A clock that runs with the machine's and can be put forward, and the waits that go by it."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from services.clock import Clock


class TravelClock(Clock):
    """Both clocks of the product and its ``sleep``; :meth:`advance` ends every wait that is over by then."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._sleepers: dict[asyncio.Future[None], float] = {}

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._offset)

    def monotonic(self) -> float:
        return time.monotonic() + self._offset

    async def sleep(self, seconds: float) -> None:
        """Wait until this clock is so much later, be it by itself or by being put forward."""
        until = self.monotonic() + seconds
        if seconds <= 0:
            await asyncio.sleep(0)
        while (left := until - self.monotonic()) > 0:
            woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._sleepers[woken] = until
            try:
                await asyncio.wait([woken], timeout=left)
            finally:
                del self._sleepers[woken]
                woken.cancel()

    def advance(self, seconds: float) -> None:
        """Put the clock forward."""
        self._offset += seconds
        now = self.monotonic()
        for woken, until in self._sleepers.items():
            if until <= now and not woken.done():
                woken.set_result(None)

    @asynccontextmanager
    async def hurried(self, pace: float = 0.1) -> AsyncIterator[None]:
        """Put the clock forward in small steps, again and again, while the block runs.

        Args:
            pace: Seconds for each round of the event loop's own time, which are a hundred in a second.
        """

        async def hurry() -> None:
            while True:
                await asyncio.sleep(0.01)
                self.advance(pace)

        task = asyncio.create_task(hurry())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

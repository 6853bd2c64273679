"""Handlers begin a few at a time, and in a rush of updates one after the other: taking in goes before handling.

A handler counts for its first moments only. One that waits (for Telegram, for a file) for longer keeps nobody back.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from services.clock import Clock

AT_ONCE = 2
"""Handlers that begin together; what they compute is what keeps an answer waiting."""

COUNTS_SECONDS = 0.02
"""How long a handler counts at most: more begin in a second than Telegram takes messages."""

RUSH_UPDATES = 10
RUSH_SECONDS = 0.1
"""So many updates within so many seconds are a rush: more than one process handles in that time anyway."""

APART_SECONDS = 0.05
"""Time between two handlers that begin in a rush; the rest of the machine takes updates in."""


class Rush:
    """Turns for handlers.

    Args:
        clock: Its monotonic side is read.
        sleep: Waits some seconds.
    """

    def __init__(self, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._clock = clock
        self._sleep = sleep
        self._came: deque[float] = deque(maxlen=RUSH_UPDATES)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._next_at = 0.0

    def came(self) -> None:
        """An update has come."""
        self._came.append(self._clock.monotonic())

    @property
    def is_on(self) -> bool:
        """Whether updates come fast now."""
        return len(self._came) == RUSH_UPDATES and self._clock.monotonic() - self._came[0] < RUSH_SECONDS

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A block that few tasks begin together."""
        await self._places.acquire()
        left = False

        def leave() -> None:
            nonlocal left
            if not left:
                left = True
                self._places.release()

        try:
            await self._keep_apart()
            timer = asyncio.get_running_loop().call_later(COUNTS_SECONDS, leave)
            try:
                yield
            finally:
                timer.cancel()
        finally:
            leave()

    async def _keep_apart(self) -> None:
        while self.is_on and (wait := self._next_at - self._clock.monotonic()) > 0:
            await self._sleep(wait)
        self._next_at = self._clock.monotonic() + APART_SECONDS

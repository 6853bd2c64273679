"""Handlers begin a few at a time: in a rush of updates, taking them in never waits for their handling.

A handler counts for its first moments only. One that waits (for Telegram, for a file) for longer keeps nobody back.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.clock import Clock

AT_ONCE = 2
"""Handlers that begin together; what they compute is what keeps an answer waiting."""

COUNTS_SECONDS = 0.02
"""How long a handler counts at most: more begin in a second than Telegram takes messages."""

RUSH_UPDATES = 10
RUSH_SECONDS = 0.25
"""So many updates within so many seconds are a rush."""

COUNTS_SECONDS_IN_RUSH = 0.1
"""How long a handler counts then: the machine is busy, and each takes longer."""


class Rush:
    """Turns for handlers.

    Args:
        clock: Its monotonic side is read.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._came: deque[float] = deque(maxlen=RUSH_UPDATES)
        self._places = asyncio.Semaphore(AT_ONCE)

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

        counts = COUNTS_SECONDS_IN_RUSH if self.is_on else COUNTS_SECONDS
        timer = asyncio.get_running_loop().call_later(counts, leave)
        try:
            yield
        finally:
            timer.cancel()
            leave()

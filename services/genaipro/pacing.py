"""The bot's own limit on its calls to GenAIPro: never more than so many in any minute, first come first served."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

from services.clock import Clock

WINDOW = 60.0
"""Seconds in which the limit counts."""


class Pace(Protocol):
    """A limit on calls, of this process or of several together."""

    async def wait(self) -> None:
        """Return when the call may be made."""
        ...

    async def hold(self, seconds: float) -> None:
        """Let no call through for so long, whoever makes it; never shortens an earlier hold.

        Args:
            seconds: From now; 0 or less does nothing.
        """
        ...


class Pacer:
    """Lets calls through, at most ``per_minute`` in any 60 seconds, in the order they came.

    A call that is cancelled while it waits takes nothing and holds nobody up.

    Args:
        per_minute: Calls in any 60 seconds, at least 1.
        clock: Its monotonic time is what counts.
        sleep: Waits for so many seconds.
    """

    def __init__(
        self, per_minute: int, clock: Clock, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        if per_minute < 1:
            raise ValueError("at least one call a minute")
        self._clock = clock
        self._sleep = sleep
        self._turn = asyncio.Lock()
        self._let_through: deque[float] = deque(maxlen=per_minute)
        self._per_minute = per_minute
        self._held_until = float("-inf")

    async def wait(self) -> None:
        """Returns when the call may be made; it is counted at that moment."""
        async with self._turn:
            while (now := self._clock.monotonic()) < (free := self._free_at()):
                await self._sleep(free - now)
            self._let_through.append(now)

    async def hold(self, seconds: float) -> None:
        """Lets no call through for so long, those that wait already included; never shortens an earlier hold.

        Args:
            seconds: From now; 0 or less does nothing.
        """
        if seconds > 0:
            self._held_until = max(self._held_until, self._clock.monotonic() + seconds)

    def _free_at(self) -> float:
        full = len(self._let_through) == self._per_minute
        return max(self._held_until, self._let_through[0] + WINDOW if full else float("-inf"))

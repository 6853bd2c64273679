"""Time as it is passed in: aware UTC for what is stored, monotonic for what is measured."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

Sleep = Callable[[float], Awaitable[None]]
"""Waits some seconds."""


class Clock:
    """The machine's two clocks, and waiting by them; the tests have others."""

    def now(self) -> datetime:
        """The current time, aware, UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never go backwards."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)

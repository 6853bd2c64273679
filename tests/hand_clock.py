"""A clock that moves by hand."""

import asyncio
from datetime import UTC, datetime, timedelta

from services.clock import Clock

BEGAN = datetime(2026, 3, 30, 10, tzinfo=UTC)


class HandClock(Clock):
    """Both clocks and their ``sleep``: time passes when a test says so, or at once when somebody sleeps.

    Attributes:
        seconds: Of the monotonic clock; may be set.
    """

    def __init__(self) -> None:
        self.seconds = 1000.0

    def now(self) -> datetime:
        return BEGAN + timedelta(seconds=self.seconds - 1000)

    def monotonic(self) -> float:
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        self.forward(seconds)
        await asyncio.sleep(0)

    def forward(self, seconds: float) -> None:
        self.seconds += seconds

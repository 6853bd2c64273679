"""A gate that holds events back until a test lets them through."""

from sandbox.signals import Signal


class Gate:
    """Lets a number of passers through and holds the rest.

    Args:
        free: How many may pass at once.
    """

    def __init__(self, free: int = 0) -> None:
        self._permits: float = free
        self._passed = 0
        self._waiting = 0
        self._signal = Signal()

    @property
    def passed(self) -> int:
        """How many have passed."""
        return self._passed

    def release(self, count: int | None = None) -> None:
        """Let ``count`` more pass; None lets all pass from now on."""
        self._permits = float("inf") if count is None else self._permits + count
        self._signal.notify()

    async def blocked(self) -> None:
        """Wait until someone stands at the closed gate."""
        await self._signal.until(lambda: self._waiting > 0 and self._permits <= 0)

    async def enter(self) -> None:
        """Pass, or wait for it."""
        self._waiting += 1
        self._signal.notify()
        try:
            await self._signal.until(lambda: self._permits > 0)
        finally:
            self._waiting -= 1
        self._permits -= 1
        self._passed += 1
        self._signal.notify()

"""Waiting for a state without sleeping."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Signal:
    """Wakes those who wait for a state that others change; may be raised from plain functions. For one event loop."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()

    def notify(self) -> None:
        """Have everyone look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def wait(self) -> None:
        """Wait for the next ``notify``."""
        await self._changed.wait()

    async def until(self, look: Callable[[], T | None]) -> T:
        """Wait until ``look`` finds something true, now or after a change; gives that."""
        while not (found := look()):
            await self.wait()
        return found

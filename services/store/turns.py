"""One writer at a time, where who is in a hurry goes before those who wait."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """A lock with two queues. Hurried ones are to be few at a time, or the others never have a turn."""

    def __init__(self) -> None:
        self._is_taken = False
        self._hurried: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def turn(self, *, hurry: bool = False) -> AsyncIterator[None]:
        """A block that one task at a time is in."""
        await self._take(self._hurried if hurry else self._others)
        try:
            yield
        finally:
            self._pass_on()

    async def _take(self, queue: deque[asyncio.Future[None]]) -> None:
        if not self._is_taken:
            self._is_taken = True
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._pass_on()
            elif called in queue:
                queue.remove(called)
            raise

    def _pass_on(self) -> None:
        for queue in (self._hurried, self._others):
            while queue:
                called = queue.popleft()
                if not called.done():
                    called.set_result(None)
                    return
        self._is_taken = False

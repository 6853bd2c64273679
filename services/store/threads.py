"""Threads for work that blocks: few, what is urgent first, and none keeps a process from ending."""

import asyncio
import contextvars
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")


class Threads:
    """A fixed number of daemon threads over one queue, in order of arrival but for what is urgent.

    The standard library's pool joins its threads when the process ends, which a disk that hangs would prevent.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._urgent: deque[Callable[[], None]] = deque()
        self._usual: deque[Callable[[], None]] = deque()
        self._turns: SimpleQueue[bool] = SimpleQueue()
        """True for each call that waits; False ends one thread."""
        self._ended: list[Future[None]] = [Future() for _ in range(threads)]
        self._is_closed = False
        for ended in self._ended:
            threading.Thread(target=self._work, args=(ended,), name=name, daemon=True).start()

    async def run(self, call: Callable[[], T], *, urgent: bool = False) -> T:
        """Run a call in one of the threads; who is cancelled ends it only if it has not begun.

        What is urgent goes before all that waits and is not.

        Raises:
            RuntimeError: The threads were closed.
        """
        if self._is_closed:
            raise RuntimeError("the threads are closed")
        loop, context = asyncio.get_running_loop(), contextvars.copy_context()
        future: asyncio.Future[T] = loop.create_future()

        def settle(outcome: Callable[[Any], None], value: object) -> None:
            with suppress(RuntimeError):  # The loop is closed: nobody waits any more.
                loop.call_soon_threadsafe(lambda: None if future.cancelled() else outcome(value))

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = context.run(call)
            except BaseException as error:  # noqa: BLE001 - it is raised where the call was made
                settle(future.set_exception, error)
            else:
                settle(future.set_result, result)

        (self._urgent if urgent else self._usual).append(work)
        self._turns.put(True)
        return await future

    async def close(self, seconds: float) -> bool:
        """Take no more calls, and wait so many seconds at most for those that were taken; whether all have ended."""
        if not self._is_closed:
            self._is_closed = True
            for _ in self._ended:
                self._turns.put(False)
        waiting = [asyncio.wrap_future(ended) for ended in self._ended]
        _, late = await asyncio.wait(waiting, timeout=seconds)
        return not late

    def _work(self, ended: "Future[None]") -> None:
        while self._turns.get():
            try:
                work = self._urgent.popleft()
            except IndexError:
                work = self._usual.popleft()
            work()
            del work  # What it holds must not live until the next call.
        ended.set_result(None)


async def in_own_thread(name: str, call: Callable[[], T]) -> T:
    """Run one call in a thread that ends with it; who is cancelled leaves it to end by itself."""
    threads = Threads(name, 1)
    try:
        return await threads.run(call)
    finally:
        await threads.close(0)

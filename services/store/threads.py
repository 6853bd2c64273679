"""Threads for work that blocks: few, what is urgent first, and none keeps a process from ending."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from itertools import count
from queue import PriorityQueue
from typing import TypeVar

T = TypeVar("T")

_URGENT, _USUAL, _END = range(3)


class Threads:
    """A fixed number of daemon threads over one queue, in order of arrival but for what is urgent.

    The standard library's pool joins its threads when the process ends, which a disk that hangs would prevent.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._calls: PriorityQueue[tuple[int, int, Callable[[], None] | None]] = PriorityQueue()
        self._numbers = count()
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
        future: Future[T] = Future()
        context = contextvars.copy_context()

        def work() -> None:
            if not future.set_running_or_notify_cancel():
                return
            try:
                result = context.run(call)
            except BaseException as error:  # noqa: BLE001 - it is raised where the call was made
                future.set_exception(error)
            else:
                future.set_result(result)

        self._put(_URGENT if urgent else _USUAL, work)
        return await asyncio.wrap_future(future)

    async def close(self, seconds: float) -> bool:
        """Take no more calls, and wait so many seconds at most for those that were taken; whether all have ended."""
        if not self._is_closed:
            self._is_closed = True
            for _ in self._ended:
                self._put(_END, None)
        waiting = [asyncio.wrap_future(ended) for ended in self._ended]
        _, late = await asyncio.wait(waiting, timeout=seconds)
        return not late

    def _put(self, priority: int, work: Callable[[], None] | None) -> None:
        self._calls.put((priority, next(self._numbers), work))

    def _work(self, ended: "Future[None]") -> None:
        while (work := self._calls.get()[2]) is not None:
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

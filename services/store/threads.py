"""Threads for work that blocks: few, in order of arrival, and none keeps a process from ending."""

import asyncio
import contextvars
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """A fixed number of daemon threads over one queue.

    The standard library's pool joins its threads when the process ends, which a disk that hangs would prevent.
    """

    def __init__(self, name: str, count: int) -> None:
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._ended: list[Future[None]] = [Future() for _ in range(count)]
        self._is_closed = False
        for ended in self._ended:
            threading.Thread(target=self._work, args=(ended,), name=name, daemon=True).start()

    async def run(self, call: Callable[[], T]) -> T:
        """Run a call in one of the threads. Who is cancelled ends a call only if it has not begun.

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

        self._calls.put(work)
        return await asyncio.wrap_future(future)

    async def close(self, seconds: float) -> bool:
        """Take no more calls, and wait for those that were taken.

        Args:
            seconds: How long at most.

        Returns:
            Whether all have ended.
        """
        if not self._is_closed:
            self._is_closed = True
            for _ in self._ended:
                self._calls.put(None)
        waiting = [asyncio.wrap_future(ended) for ended in self._ended]
        _, late = await asyncio.wait(waiting, timeout=seconds)
        return not late

    def _work(self, ended: "Future[None]") -> None:
        while (work := self._calls.get()) is not None:
            work()
            del work  # What it holds must not live until the next call.
        ended.set_result(None)

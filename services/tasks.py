"""Work beside the caller: tasks with an owner, blocking calls in threads, one query for all who ask, rests of loops."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, ParamSpec, TypeVar

from structlog import get_logger

log = get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


async def rest_until(event: asyncio.Event, seconds: float) -> bool:
    """Wait until the event is set, for so many seconds at most, and clear it; whether it was set."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    was_set = event.is_set()
    event.clear()
    return was_set


async def to_its_end(work: Coroutine[Any, Any, T], seconds: float) -> T:
    """Do something that is not to be cut in two: when the caller is cancelled, it is given some seconds."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait({task}, timeout=seconds)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise


async def in_thread(call: Callable[P, T], executor: Executor | None, *args: P.args, **kwargs: P.kwargs) -> T:
    """Runs a blocking call in a thread, that of the executor or of the event loop, and leaves none behind.

    A cancelled caller waits until the call has returned (or is skipped, if it had not begun): what it works on, such as
    a file in a temporary directory, can be removed right afterwards.
    """
    abandoned = False

    def run() -> T:
        if abandoned:
            raise RuntimeError("the caller has given up")
        return call(*args, **kwargs)

    future = asyncio.get_running_loop().run_in_executor(executor, run)
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        abandoned = True
        await asyncio.wait([future])
        if not future.cancelled():
            future.exception()
        raise


@dataclass(slots=True)
class SingleFlight(Generic[T]):
    """Runs one query for all concurrent callers: those who came before it began share its answer."""

    ask: Callable[[], Awaitable[T]]
    pause: float = 0.0
    """Seconds from one query to the next at least: with many callers, one serves all who came meanwhile."""
    _one_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)
    _asked: int = 0
    _asked_at: float = float("-inf")
    _answer: tuple[int, T] | None = None

    async def answer(self) -> T:
        """The answer to a question that was asked after this call; after an error the next who waits asks anew."""
        before = self._asked
        async with self._one_at_a_time:
            if self._answer is not None and self._answer[0] > before:
                return self._answer[1]
            now = asyncio.get_running_loop().time
            if (early := self._asked_at + self.pause - now()) > 0:
                await asyncio.sleep(early)
            self._asked, self._asked_at = self._asked + 1, now()
            number = self._asked
            found = await self.ask()
            self._answer = number, found
            return found


@dataclass(slots=True)
class Tasks:
    """The tasks of one part of the process: every one is kept, and its error is logged."""

    _running: set[asyncio.Task[Any]] = field(default_factory=set)

    def start(self, work: Coroutine[Any, Any, object], *, name: str) -> asyncio.Task[Any]:
        """Run something beside the caller, under a name for logs; an error in it is logged, not raised."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    async def drain(self) -> None:
        """Wait until all that runs now has ended."""
        while self._running:
            await asyncio.wait(set(self._running))

    async def cancel(self) -> None:
        """Cancel all and wait for their end."""
        for task in set(self._running):
            task.cancel()
        await self.drain()

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background_task_failed", task=task.get_name(), exc_info=error)

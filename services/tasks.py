"""Background work with an owner: every task is kept, its error is logged, and all end with the process."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from structlog import get_logger

log = get_logger(__name__)

T = TypeVar("T")


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


class Tasks:
    """The tasks of one part of the process."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, work: Coroutine[Any, Any, object], *, name: str) -> asyncio.Task[Any]:
        """Run something beside the caller.

        Args:
            work: What to run; an error in it is logged, not raised.
            name: For logs and debuggers.
        """
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

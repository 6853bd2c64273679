"""Gives turns: whenever a place is free, the next of the queue become jobs. Also mends what a kill broke."""

import asyncio
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from services.generations.model import Generation, State
from services.generations.queue import Queue
from services.generations.repository import GenerationRows

log = get_logger(__name__)

POLL_SECONDS = 1.0
"""How often the queue is looked at when nobody says that it changed (another process may have)."""

MEND_EVERY = 30
"""Looks at the queue between two searches for generations that have no job."""


class Jobs(Protocol):
    """The job engine."""

    async def start(self, generation_id: str, run: int) -> None:
        """Start a job."""
        ...

    async def alive(self) -> set[str]:
        """The generations that have a job."""
        ...


class QueueBoard(Protocol):
    """Where places in the queue are shown."""

    async def waiting(self, generation: Generation, position: int) -> None:
        """Show a place."""
        ...


class Dispatcher:
    """Moves generations from the queue to the job engine.

    Args:
        queue: Whose turn it is.
        rows: The rows of generations.
        jobs: The job engine.
        board: Where places in the queue are shown.
        changed: Set when something was placed, or a place became free.
    """

    def __init__(
        self, queue: Queue, rows: GenerationRows, jobs: Jobs, board: QueueBoard, changed: asyncio.Event
    ) -> None:
        self._queue = queue
        self._rows = rows
        self._jobs = jobs
        self._board = board
        self._changed = changed
        self._shown: dict[str, int] = {}

    async def run(self) -> None:
        """Work until cancelled. A database that does not answer is asked again."""
        looks = 0
        while True:
            try:
                if looks % MEND_EVERY == 0:
                    await self._mend()
                await self._dispatch()
                await self._show_places()
            except (SQLAlchemyError, OSError) as error:
                log.warning("dispatch_met_an_outage", error=type(error).__name__)
            looks += 1
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return
        finally:
            self._changed.clear()

    async def _dispatch(self) -> None:
        for generation_id in await self._queue.start_next():
            await self._start(generation_id)

    async def _start(self, generation_id: str) -> None:
        generation = await self._rows.get(generation_id)
        if generation is not None:
            log.info("turn_given", generation=generation_id)
            await self._jobs.start(generation_id, generation.epoch)

    async def _mend(self) -> None:
        """Give a job to every generation that had its turn and has none: the process died in between."""
        unfinished = await self._queue.unfinished()
        if not unfinished:
            return
        alive = await self._jobs.alive()
        for generation_id in unfinished:
            if generation_id not in alive:
                log.info("job_missing", generation=generation_id)
                await self._start(generation_id)

    async def _show_places(self) -> None:
        """Tell those that wait about their new place; the outbox drops what comes too often."""
        places = await self._queue.positions()
        changed = {key: place for key, place in places.items() if self._shown.get(key) != place}
        self._shown = places
        for generation_id, place in changed.items():
            generation = await self._rows.get(generation_id)
            if generation is not None and generation.state is State.QUEUED:
                await self._board.waiting(generation, place)

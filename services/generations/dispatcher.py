"""Gives turns: whenever a place is free, the next of the queue become jobs. Also mends what a kill broke."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from services.contact import Contact
from services.generations.engine import Job
from services.generations.model import Generation, State
from services.generations.queue import Queue
from services.generations.repository import GenerationRows

log = get_logger(__name__)

POLL_SECONDS = 1.0
"""How often the queue is looked at when nobody says that it changed (another process may have)."""

REST_SECONDS = 0.05
"""The least time between two looks: with many requests at once, one serves all that changed meanwhile."""

MEND_SECONDS = 5.0
"""Time between two searches for generations that have no job."""


class Jobs(Protocol):
    """The job engine."""

    async def start(self, generation_id: str, run: int) -> None:
        """Start a job."""
        ...

    async def unfinished(self) -> Sequence[Job]:
        """The jobs that have not ended, of all processes."""
        ...

    async def abandon(self, job_ids: Sequence[str]) -> None:
        """Mark jobs of dead processes as ended."""
        ...


class Members(Protocol):
    """The processes of the bot."""

    @property
    def speaks(self) -> bool:
        """Whether this process does what one of those that work on generations shall do for all."""
        ...

    async def living(self) -> set[str] | None:
        """The processes that are alive; None while nobody may be declared dead."""
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
        members: The processes of the bot.
        grace: How old a claim is before a missing job means that its process died.
        changed: Set when something was placed, or a place became free.
        contact: Whether the queue was looked at lately.
    """

    def __init__(
        self,
        queue: Queue,
        rows: GenerationRows,
        jobs: Jobs,
        board: QueueBoard,
        members: Members,
        grace: timedelta,
        changed: asyncio.Event,
        contact: Contact,
    ) -> None:
        self.contact = contact
        self._queue = queue
        self._rows = rows
        self._jobs = jobs
        self._board = board
        self._members = members
        self._grace = grace
        self._changed = changed
        self._shown: dict[str, int] = {}

    async def run(self) -> None:
        """Work until cancelled. A database that does not answer is asked again."""
        loop = asyncio.get_running_loop()
        mend_at = loop.time()
        while True:
            try:
                if loop.time() >= mend_at:
                    await self._mend()
                    mend_at = loop.time() + MEND_SECONDS
                await self._dispatch()
                await self._show_places()
                self.contact.answered()
            except (SQLAlchemyError, OSError) as error:
                self.contact.failed()
                log.warning("dispatch_met_an_outage", error=type(error).__name__)
            await self._pause()

    async def _pause(self) -> None:
        await asyncio.sleep(REST_SECONDS)
        try:
            async with asyncio.timeout(POLL_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return
        finally:
            self._changed.clear()

    async def _dispatch(self) -> None:
        for turn in await self._queue.start_next():
            log.info("turn_given", generation=turn.id)
            await self._jobs.start(turn.id, turn.epoch)

    async def _mend(self) -> None:
        """Give a job to every generation that had its turn and whose process died, before or after it had one."""
        # The order keeps what is alive from looking dead: whoever takes a generation over in between has changed its
        # epoch, and whoever made a job in between had joined before.
        orphans = {item.id: item for item in await self._queue.unfinished(self._grace)}
        if not orphans:
            return
        jobs = await self._jobs.unfinished()
        living = await self._members.living()
        if living is None:
            return
        for job in jobs:
            if job.executor_id in living:
                orphans.pop(job.generation_id, None)
        for generation in orphans.values():
            # Raising the epoch is the claim: of several processes that find the orphan, one takes it.
            if await self._rows.take_over(generation):
                log.warning("generation_taken_over", generation=generation.id, state=generation.state.value)
                await self._jobs.start(generation.id, generation.epoch + 1)
        dead = [job for job in jobs if job.executor_id not in living]
        # One of this very process that nobody runs may have ended a moment ago, and be about to be recorded.
        await self._jobs.abandon([job.id for job in dead if job.executor_id or job.generation_id in orphans])

    async def _show_places(self) -> None:
        """Tell those that wait about their new place; the outbox drops what comes too often."""
        if not self._members.speaks:
            self._shown = {}
            return
        places = await self._queue.positions_shown()
        changed = {key: place for key, place in places.items() if self._shown.get(key) != place}
        self._shown = places
        for generation_id, place in changed.items():
            generation = await self._rows.get(generation_id)
            if generation is not None and generation.state is State.QUEUED:
                await self._board.waiting(generation, place)

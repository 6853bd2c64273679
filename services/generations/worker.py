"""The worker: claims generations whose turn it is, takes over those of dead processes, runs each as a task.

The generation's row is the queue and the lease: ``state`` says where it stands, ``taken_by`` who works on it, and
``epoch``, the fencing token, which run of it counts. A phase begins from the row and leaves its outcome in it, so that
whoever takes a row over goes on from there.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from structlog import get_logger

from services.cluster import Alone, Membership
from services.generations.model import Generation, Lease, State
from services.generations.queue import Claimed, Queue, is_any_waiting
from services.generations.store import load, take_over
from services.retries import OUTAGE
from services.store.database import Database
from services.tasks import Tasks, rest_until
from services.telemetry import Contact

POLL_SECONDS = 1.0
"""How often the queue is looked at when nobody says that it changed (another process may have)."""

REST_SECONDS = 0.05
"""The least time between two looks: with many requests at once, one serves all that changed meanwhile."""

MEND_SECONDS = 5.0
"""Time between two searches for generations that nobody works on."""

log = get_logger(__name__)


@dataclass(slots=True)
class Worker:
    """Runs generations in this process."""

    process_id: str
    database: Database
    queue: Queue
    advance: Callable[[Generation], Awaitable[Generation | None]]
    """Goes through a generation's next phase; None once the run has nothing left to do."""
    show_place: Callable[[Generation, int], Awaitable[None]]
    """Shows a new place in the queue."""
    members: Membership | Alone
    contact: Contact
    _tasks: Tasks = field(default_factory=Tasks, init=False)
    _runs: set[tuple[str, int]] = field(default_factory=set, init=False)
    """The ids and epochs of the generations that run."""
    _places: Mapping[str, int] = field(default_factory=dict, init=False)

    async def run(self) -> None:
        """Work until cancelled. A database that does not answer is asked again."""
        loop = asyncio.get_running_loop()
        mend_at = loop.time()
        while True:
            try:
                if loop.time() >= mend_at:
                    await self.mend()
                    mend_at = loop.time() + MEND_SECONDS
                if await self.database.read(is_any_waiting):
                    claimed = await self.claim()
                    await self._show_places(claimed.places() if self.members.is_leader else {})
                self.contact.answered()
            except OUTAGE as error:
                self.contact.failed()
                log.warning("queue_met_an_outage", error=type(error).__name__)
            await asyncio.sleep(REST_SECONDS)
            await rest_until(self.queue.changed, POLL_SECONDS)

    async def claim(self) -> Claimed:
        """Run as many of those that wait as the limits allow."""
        claimed = await self.queue.claim_next(self.process_id)
        for generation in claimed.generations:
            log.info("turn_given", generation=generation.id)
            self._start(generation)
        return claimed

    async def mend(self) -> None:
        """Take over what nobody works on: its process died, or this one failed to run it."""
        # The rows are read before who lives: a process joins before it claims, so that no owner who lives looks dead.
        leases = [lease for lease in await self.queue.leases() if (lease.id, lease.epoch) not in self._runs]
        if not leases:
            return
        alive = await self.members.alive()
        for lease in leases:
            if lease.taken_by == self.process_id or (alive is not None and lease.taken_by not in alive):
                await self._take_over(lease)

    async def close(self) -> None:
        """Stop all runs; another process, or this one after its next start, goes on with them."""
        await self._tasks.cancel()

    async def _take_over(self, lease: Lease) -> None:
        # Raising the fencing token is the claim: of several processes that find the orphan, one takes it.
        generation = await self.database.write(take_over, lease, self.process_id)
        if generation is not None:
            log.warning("generation_taken_over", generation=generation.id, state=generation.state.value)
            self._start(generation)

    def _start(self, generation: Generation) -> None:
        key = generation.id, generation.epoch
        self._runs.add(key)
        task = self._tasks.start(self._run(generation), name=f"generation-{generation.id}")
        task.add_done_callback(lambda _: self._runs.discard(key))

    async def _run(self, generation: Generation) -> None:
        current: Generation | None = generation
        try:
            while current is not None:
                current = await self.advance(current)
        except Exception:
            # The row is still this process's, so that the next search takes it over.
            log.exception("run_failed", generation=generation.id)

    async def _show_places(self, places: Mapping[str, int]) -> None:
        """Tell those that wait about their new place; the outbox drops what comes too often."""
        known, self._places = self._places, places
        for generation_id, place in places.items():
            if known.get(generation_id) == place:
                continue
            generation = await self.database.read(load, generation_id)
            if generation is not None and generation.state is State.QUEUED:
                await self.show_place(generation, place)

"""The worker: claims generations whose turn it is, takes over those of dead processes, runs each as a task.

The generation's row is the queue and the lease: ``state`` says where it stands, ``taken_by`` who works on it, and
``epoch``, the fencing token, which run of it counts. A run goes from phase to phase: each begins from the row and
leaves its outcome in the row, so that whoever takes a row over goes on from there, and what is repeated after a kill
does no harm.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from structlog import get_logger
from structlog.contextvars import bound_contextvars
from telegram.error import TelegramError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from services.clock import Clock
from services.cluster import Alone, Membership
from services.failures import Charged, Failure, FailureKind
from services.generations.cancelling import CancelRequestedError, CancelScopes
from services.generations.deliver import Deliverer
from services.generations.model import FINAL, PAST_CANCEL, Generation, State
from services.generations.progress import Reporter
from services.generations.queue import Claimed, Queue, is_any_waiting
from services.generations.reconcile import Reconciler
from services.generations.store import QUEUED, RunOvertakenError, fail, load, move, rows_of, take_over
from services.generations.submit import Submitter
from services.retries import OUTAGE, is_outage, through_outages
from services.store.database import Database
from services.tasks import Tasks, rest_until
from services.telemetry import Contact

POLL_SECONDS = 1.0
"""How often the queue is looked at when nobody says that it changed (another process may have)."""

REST_SECONDS = 0.05
"""The least time between two looks: with many requests at once, one serves all that changed meanwhile."""

MEND_SECONDS = 5.0
"""Time between two searches for generations that nobody works on."""

MOST_FAULTS = 5
"""Faults of ours in one generation before it ends as well as it can: the same fault would come for ever."""

log = get_logger(__name__)


@dataclass(slots=True)
class Worker:
    """Runs generations in this process."""

    process_id: str
    database: Database
    queue: Queue
    runner: "Runner"
    show_place: Callable[[Generation, int], Awaitable[None]]
    members: Membership | Alone
    contact: Contact
    _tasks: Tasks = field(default_factory=Tasks, init=False)
    _runs: set[tuple[str, int]] = field(default_factory=set, init=False)
    """The ids and epochs of the generations that run."""
    _some_wait: bool = field(default=True, init=False)
    """Whether some were left waiting by the last look at the queue: they are who wants a place that becomes free."""
    _places: Mapping[str, int] = field(default_factory=dict, init=False)

    async def run(self) -> None:
        """Work until cancelled. A database that does not answer is asked again."""
        loop = asyncio.get_running_loop()
        mend_at, is_woken = loop.time(), False
        while True:
            try:
                if loop.time() >= mend_at:
                    await self.mend()
                    mend_at = loop.time() + MEND_SECONDS
                # While nobody says that something waits, a look takes no lock.
                self._some_wait = is_woken or await self.database.read(is_any_waiting)
                if self._some_wait:
                    claimed = await self.claim()
                    self._some_wait = bool(claimed.left)
                    await self._show_places(claimed.places() if self.members.is_leader else {})
                self.contact.answered()
            except OUTAGE as error:
                self.contact.failed()
                log.warning("queue_met_an_outage", error=type(error).__name__)
            await asyncio.sleep(REST_SECONDS)
            is_woken = await rest_until(self.queue.changed, POLL_SECONDS)

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
                # Raising the fencing token is the claim: of several processes that find the orphan, one takes it.
                generation = await self.database.write(take_over, lease, self.process_id)
                if generation is not None:
                    log.warning("generation_taken_over", generation=generation.id, state=generation.state.value)
                    self._start(generation)

    async def close(self) -> None:
        """Stop all runs; another process, or this one after its next start, goes on with them."""
        await self._tasks.cancel()

    def _start(self, generation: Generation) -> None:
        key = generation.id, generation.epoch
        self._runs.add(key)
        task = self._tasks.start(self._run(generation), name=f"generation-{generation.id}")
        task.add_done_callback(lambda _: self._runs.discard(key))

    async def _run(self, generation: Generation) -> None:
        current: Generation | None = generation
        try:
            while current is not None:
                current = await self.runner.advance(current)
                if current is not None and current.state in FINAL and self._some_wait:
                    self.queue.changed.set()
        except Exception:
            # The row is still this process's, so that the next search takes it over.
            log.exception("run_failed", generation=generation.id)

    async def _show_places(self, places: Mapping[str, int]) -> None:
        """Tell those that wait about their new place; the outbox drops what comes too often."""
        known, self._places = self._places, places
        moved = [generation_id for generation_id, place in places.items() if known.get(generation_id) != place]
        if moved:
            for generation in await self.database.read(rows_of, QUEUED, {"ids": moved}):
                await self.show_place(generation, places[generation.id])


@dataclass(slots=True)
class Runner:
    """Advances generations."""

    database: Database
    submit: Submitter
    reconcile: Reconciler
    deliver: Deliverer
    scopes: CancelScopes
    reporter: Reporter
    alarm: Callable[[Failure], Awaitable[None]]
    """Tells the admins what only they can mend, at most once in a while for each kind."""
    clock: Clock
    _faults: Counter[str] = field(default_factory=Counter, init=False)

    async def advance(self, generation: Generation) -> Generation | None:
        """Go through the next phase; gives the generation after it, or None when this run has nothing left to do."""
        with bound_contextvars(generation=generation.id):
            try:
                if generation.state in FINAL:
                    await self._finish(generation)
                    return None
                return await self._phase(generation)
            except RunOvertakenError:
                log.info("run_overtaken")
                await self.reporter.overtaken(generation)
                return None

    async def _phase(self, generation: Generation) -> Generation:
        try:
            if generation.state is State.DELIVERING:
                return await self.deliver.run(generation)
            async with self.scopes.scope(generation.id, generation.epoch):
                if generation.cancel_requested_at is not None:
                    raise CancelRequestedError
                phase = self.reconcile if generation.state is State.RECONCILING else self.submit
                return await phase.run(generation)
        except CancelRequestedError:
            return await self._cancelled(generation)
        except RunOvertakenError:
            raise
        except Exception as error:
            if is_outage(error):
                log.warning("phase_met_an_outage", error=type(error).__name__)
                return await self._again(generation)
            log.exception("phase_failed", state=generation.state.value)
            return await self._after_fault(generation)

    async def _fresh(self, generation: Generation) -> Generation:
        """The row as it is, while it is this run's."""
        fresh = await through_outages(self.clock.sleep, self.database.read, load, generation.id)
        if fresh is None or fresh.epoch != generation.epoch:
            raise RunOvertakenError
        return fresh

    async def _cancelled(self, generation: Generation) -> Generation:
        fresh = await self._fresh(generation)
        if fresh.state in PAST_CANCEL:
            return fresh
        charged = Charged.NO if fresh.armed_at is None else Charged.UNKNOWN
        log.info("cancelled", charged=charged.value)
        return await self._move(fresh, State.CANCELLED, charged)

    async def _again(self, generation: Generation) -> Generation:
        await self.clock.sleep(1.0)
        fresh = await self._fresh(generation)
        if fresh.armed_at is not None and fresh.state not in PAST_CANCEL | {State.RECONCILING}:
            return await self._move(fresh, State.RECONCILING, Charged.UNKNOWN)
        return fresh

    async def _after_fault(self, generation: Generation) -> Generation:
        """A fault of ours: what may have been paid is looked up, what was not ends with a word; neither for ever."""
        fresh = await self._again(generation)
        if fresh.state in FINAL:
            return fresh
        self._faults[fresh.id] += 1
        if fresh.state in {State.RECONCILING, State.DELIVERING} and self._faults[fresh.id] < MOST_FAULTS:
            await self.clock.sleep(5.0)
            return fresh
        if fresh.state is State.DELIVERING:
            return await through_outages(self.clock.sleep, self.deliver.give_up, fresh)
        is_armed = fresh.armed_at is not None
        failure = Failure(FailureKind.LOST, charged=Charged.UNKNOWN) if is_armed else Failure(FailureKind.INTERNAL)
        return await through_outages(self.clock.sleep, self.database.write, fail, fresh, failure, self.clock.now())

    async def _move(self, run: Generation, state: State, charged: Charged) -> Generation:
        now, paid = self.clock.now(), {"charged": charged.value}
        return await through_outages(self.clock.sleep, self.database.write, move, run, state, now, paid)

    async def _finish(self, generation: Generation) -> None:
        """Tell the end, once, however long Telegram cannot be reached; the person first, the admins after that."""
        self._faults.pop(generation.id, None)
        log.info("generation_ended", state=generation.state.value, charged=generation.charged.value)
        if generation.final_shown:
            return
        again = AsyncRetrying(
            retry=retry_if_exception_type((TelegramError, *OUTAGE)),
            wait=wait_random_exponential(multiplier=1, max=60),
            sleep=self.clock.sleep,
        )
        await again(self.reporter.end, generation)
        if generation.failure is not None:
            try:
                await self.alarm(generation.failure)
            except OUTAGE as error:
                log.warning("alarm_not_raised", error=type(error).__name__)

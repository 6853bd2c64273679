"""The way of a generation, a phase at a time: each phase begins from the row and leaves its outcome in the row.

The worker calls :meth:`Runner.advance` until the end; whatever it repeats after a kill is harmless, because the row
says what may be done.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from structlog import get_logger
from structlog.contextvars import bound_contextvars
from telegram.error import TelegramError
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from services.clock import Clock
from services.failures import Charged, Failure, FailureKind
from services.generations.cancelling import CancelRequestedError, CancelScopes
from services.generations.deliver import Deliverer
from services.generations.model import FINAL, PAST_CANCEL, Generation, State
from services.generations.progress import Reporter
from services.generations.reconcile import Reconciler
from services.generations.store import RunOvertakenError, fail, load, move
from services.generations.submit import Submitter
from services.retries import OUTAGE, is_outage, through_outages
from services.store.database import Database

log = get_logger(__name__)

MOST_FAULTS = 5
"""Faults of ours in one generation before it ends as well as it can: the same fault would come for ever."""


@dataclass(slots=True)
class Runner:
    """Advances generations."""

    database: Database
    submit: Submitter
    """From the turn to the end of the stream."""
    reconcile: Reconciler
    """Looks for a lost result."""
    deliver: Deliverer
    """Sends the videos."""
    scopes: CancelScopes
    reporter: Reporter
    alarm: Callable[[Failure], Awaitable[None]]
    """Tells the admins what only they can mend, at most once in a while for each kind."""
    ended: Callable[[], None]
    """Called when a generation has ended: a place is free."""
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
        self.ended()
        self._faults.pop(generation.id, None)
        log.info("generation_ended", state=generation.state.value, charged=generation.charged.value)
        if generation.final_shown:
            return
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((TelegramError, *OUTAGE)),
            wait=wait_random_exponential(multiplier=1, max=60),
            sleep=self.clock.sleep,
        ):
            with attempt:
                await self.reporter.end(generation)
        if generation.failure is not None:
            try:
                await self.alarm(generation.failure)
            except OUTAGE as error:
                log.warning("alarm_not_raised", error=type(error).__name__)

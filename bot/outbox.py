"""The outbox as python-telegram-bot's rate limiter: every call of the bot waits here for its turn."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from math import inf
from typing import Any

from telegram.error import BadRequest, NetworkError, RetryAfter, TelegramError
from telegram.ext import BaseRateLimiter

from services.clock import Clock
from services.http_requests import NeverSentError
from services.outbox.calls import Job, JobState, Priority, classify, said
from services.outbox.limits import FloodLimits
from services.outbox.scheduler import Counters, Scheduler
from services.tasks import Tasks
from services.telegram_errors import wait_of

Result = bool | dict[str, Any] | list[dict[str, Any]]

_log = logging.getLogger(__name__)

AT_ONCE = frozenset({"answerPreCheckoutQuery", "answerInlineQuery"})
"""Methods that wait for no budget and no pause: what they answer is worthless seconds later."""

UNWAITED_PART = 4
"""One message in so many may be one that nobody waits for."""


class OutboxClosedError(TelegramError):
    """The call was not sent, because the process is going down. It certainly did not reach Telegram."""

    def __init__(self) -> None:
        super().__init__("the outbox is closed, the call was not sent")
        self.__cause__ = NeverSentError("closed")


@dataclass(kw_only=True, slots=True, eq=False)
class Outbox(BaseRateLimiter[None]):
    """Sends each call when the budgets allow, in the order of the scheduler.

    A call that nothing stands against is made at once, in the caller's own task. An edit that need not be sent any
    more (a newer one waits or was sent, or the message shows the same already) returns True, as Telegram does for
    edits without a message to give back. A flood is waited for and the call made again. An edit whose answer got lost
    is made again too; any other call is not, since it may have arrived.
    """

    clock: Clock = field(default_factory=Clock)
    grace: float = 5.0
    """Seconds that `shutdown` gives to the calls under way."""
    _scheduler: Scheduler = field(default_factory=Scheduler)
    _turns: dict[Job, asyncio.Future[None]] = field(default_factory=dict)
    _running: set[Job] = field(default_factory=set)
    _at_rest: asyncio.Event = field(default_factory=asyncio.Event)
    _alarm: asyncio.Task[None] | None = None
    _alarm_at: float = 0.0
    _alarms: Tasks = field(default_factory=Tasks)
    _closed: bool = False

    async def initialize(self) -> None:
        """Take calls (again)."""
        self._closed = False

    async def shutdown(self) -> None:
        """Refuse what waits with `OutboxClosedError`, then let the calls under way finish, for `grace` seconds."""
        self._closed = True
        for turn in self._turns.values():
            if not turn.done():
                turn.set_exception(OutboxClosedError())
        self._alarm = None
        await self._alarms.cancel()
        self._at_rest.clear()
        if self._running:
            with suppress(TimeoutError):
                async with asyncio.timeout(self.grace):
                    await self._at_rest.wait()

    def share(self, processes: int) -> None:
        """Keep to an equal part of Telegram's budgets, of which each process of the bot has one."""
        limits = FloodLimits().shared(processes)
        if limits != self._scheduler.limits:
            self._scheduler.adopt(limits, self.clock.monotonic())
            self._pump()

    def room(self) -> int:
        """How many messages that nobody waits for may be handed in within this second.

        A part of the budget, at least one, less what waits already, signs aside: the rest is for events, results and
        answers, and each such message costs the processor some milliseconds.
        """
        counts = self.counters.waiting
        waiting = sum(counts.values()) - counts[Priority.SIGN]
        return max(0, max(1, self._scheduler.limits.overall // UNWAITED_PART) - waiting)

    @property
    def counters(self) -> Counters:
        """What was done so far and what waits, for metrics."""
        return self._scheduler.counters

    async def process_request(
        self,
        callback: Callable[..., Coroutine[Any, Any, Result]],
        args: Any,  # noqa: ANN401 - the library's signature
        kwargs: dict[str, Any],
        endpoint: str,
        data: dict[str, Any],
        rate_limit_args: None,  # noqa: ARG002 - the library's signature; `sending` says more
    ) -> Result:
        """Make a call when its turn has come, and return its result; True for an edit that need not be sent.

        Raises:
            OutboxClosedError: The process is going down and the call was not made.
            RetryAfter: Telegram put the call off too often or for too long.
            Exception: As the call raised it, or its fence; then the call was not made.
        """
        if self._closed:
            raise OutboxClosedError
        if endpoint in AT_ONCE:
            return await callback(*args, **kwargs)
        what = said.get()
        job = self._scheduler.push(classify(endpoint, data, what), self.clock.monotonic())
        self._pump()
        while await self._turn(job):
            try:
                if what.fence is not None:
                    await what.fence()
                result = await callback(*args, **kwargs)
            except TelegramError as error:
                if not self._goes_again(job, error):
                    raise
            except BaseException:
                self._finish(job)
                raise
            else:
                self._finish(job, is_sent=True)
                return result
        return True

    async def _turn(self, job: Job) -> bool:
        """Wait until it is a job's turn; False if it need not be sent any more."""
        if job.state is JobState.WAITING:
            turn = self._turns[job] = asyncio.get_running_loop().create_future()
            try:
                await turn
            except BaseException:
                self._withdraw(job)
                raise
        return job.state is JobState.RUNNING

    def _withdraw(self, job: Job) -> None:
        self._turns.pop(job, None)
        if job.state is JobState.RUNNING:
            self._finish(job)
        else:
            self._scheduler.cancel(job, self.clock.monotonic())
            self._pump()

    def _goes_again(self, job: Job, error: TelegramError) -> bool:
        """Hand a failed call back to the scheduler; False if it has ended."""
        now = self.clock.monotonic()
        if isinstance(error, RetryAfter):
            seconds = wait_of(error)
            again = self._scheduler.flood(job, seconds, now)
            _log.warning("Telegram asks to wait %.0f s", seconds)
        else:
            lost = isinstance(error, NetworkError) and not isinstance(error, BadRequest)
            again = lost and not self._closed and self._scheduler.repeat(job, 1.0 + job.repeats, now)
            if not again:
                self._finish(job)
                return False
        self._rests(job)
        if again and self._closed:
            self._scheduler.cancel(job, now)
            raise OutboxClosedError
        self._pump()
        return again

    def _finish(self, job: Job, *, is_sent: bool = False) -> None:
        self._scheduler.done(job, self.clock.monotonic(), is_sent=is_sent)
        self._rests(job)
        self._pump()

    def _rests(self, job: Job) -> None:
        self._running.discard(job)
        if not self._running:
            self._at_rest.set()

    def _pump(self) -> None:
        """Give everybody the turn whose turn it is, and set the alarm for the next."""
        if self._closed:
            return
        now = self.clock.monotonic()
        while isinstance(step := self._scheduler.next(now), Job):
            self._running.add(step)
            self._wake(step)
        for job in self._scheduler.take_settled():
            self._wake(job)
        if step < inf:
            self._set_alarm(step)

    def _wake(self, job: Job) -> None:
        turn = self._turns.pop(job, None)
        if turn is not None and not turn.done():
            turn.set_result(None)

    def _set_alarm(self, at: float) -> None:
        if self._alarm is not None:
            if self._alarm_at <= at:
                return
            self._alarm.cancel()
        self._alarm_at = at
        self._alarm = self._alarms.start(self._ring(at), name="outbox alarm")

    async def _ring(self, at: float) -> None:
        await self.clock.sleep(max(0.0, at - self.clock.monotonic()))
        self._alarm = None
        self._pump()

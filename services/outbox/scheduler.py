"""The outbox's decisions: which call goes out next, and when. No waiting, no tasks, no clock of its own.

The order is that of priorities, oldest first within one, and a chat that has just been served stands behind those
that were not. A call that has waited `FloodLimits.patience` seconds goes before fresh ones of the next higher priority,
so that nothing waits for ever; only signs stand behind all others as long as there are any. Every step costs O(log n)
in the number of waiting calls.
"""

from dataclasses import dataclass, field
from itertools import count
from math import inf

from services.outbox.calls import Call, Job, JobState, Priority
from services.outbox.chat import Board, Kind, Lane
from services.outbox.edits import Messages
from services.outbox.keyed_heap import KeyedHeap
from services.outbox.limits import FloodLimits, Window

_DEFAULTS = FloodLimits()

SIGNS_PART = 4
"""One message in so many of the overall budget may be a sign."""

UNSENT = (JobState.SUPERSEDED, JobState.STALE, JobState.UNCHANGED, JobState.CANCELLED)
"""How a call may end that was not made."""


@dataclass(slots=True)
class Counters:
    """Kept by the scheduler. What waits and what is under way goes up and down, everything else only grows."""

    sent: dict[Priority, int] = field(default_factory=lambda: dict.fromkeys(Priority, 0))
    """Calls that Telegram accepted."""
    unsent: dict[JobState, int] = field(default_factory=lambda: dict.fromkeys(UNSENT, 0))
    """Calls that were not made, by what became of them."""
    failed: int = 0
    """Calls that ended in any other way than by success or a flood."""
    floods: int = 0
    """Answers that said "too many requests"."""
    pauses: int = 0
    """How often a flood was taken for one of the whole bot."""
    waiting: dict[Priority, int] = field(default_factory=lambda: dict.fromkeys(Priority, 0))
    running: int = 0
    """Counted calls under way now."""
    uploads: int = 0
    """Those of them with files."""


@dataclass(slots=True)
class Floods:
    """The floods of the last moments.

    A flood of one chat is that chat's own. Two different chats within `FloodLimits.flood_window` seconds, with no call
    that was started in between and succeeded, speak for a flood of the whole bot, and so does one on a call that
    names no chat. Everything then rests as long as Telegram asked, but at most `FloodLimits.pause_all` seconds: two
    chats with a long ban each must not silence all others for as long.
    """

    limits: FloodLimits
    all_until: float = -inf
    """Until when everything rests, seconds."""
    _recent: dict[int, tuple[float, float]] = field(default_factory=dict)

    def note(self, chat: int | None, until: float, now: float) -> bool:
        """Note a flood that asks to wait until a moment; whether it is taken for one of the whole bot."""
        if chat is not None:
            oldest = now - self.limits.flood_window
            self._recent = {key: seen for key, seen in self._recent.items() if seen[0] >= oldest}
            self._recent[chat] = (now, until)
            if len(self._recent) < 2:
                return False
            until = min(asked for _, asked in self._recent.values())
        self.all_until = max(self.all_until, min(until, now + self.limits.pause_all))
        return True

    def succeeded(self, started: float) -> None:
        """Note that a call went through: floods seen before it was started were those of single chats."""
        if self._recent:
            self._recent = {key: seen for key, seen in self._recent.items() if seen[0] >= started}


class Scheduler:
    """The waiting calls of the whole process and the budgets they wait for.

    Times are seconds of one monotonic clock and must never go backwards from call to call.
    """

    def __init__(self, limits: FloodLimits = _DEFAULTS) -> None:
        self.limits = limits
        self._board = Board(limits)
        self._messages = Messages(limits)
        self._floods = Floods(limits)
        self._overall = Window(limits.overall, limits.overall_span, limits.hold)
        self._uncounted: KeyedHeap[Job] = KeyedHeap()
        self._signs: dict[Job, None] = {}
        self._settled: list[Job] = []
        self.counters = Counters()
        self._seq = count()

    def adopt(self, limits: FloodLimits, now: float) -> None:
        """Work with other budgets from now on; what is under way counts against them."""
        self.limits = limits
        self._overall.capacity = limits.overall
        self._messages.limits = limits
        self._board.adopt(limits, now)

    def push(self, call: Call, now: float) -> Job:
        """Take a call in. Its state may say at once that it need not be sent."""
        job = Job(call, now, now, next(self._seq), call.priority)
        self.counters.waiting[job.call.priority] += 1
        if call.is_sign:
            self._signs[job] = None
        elif not call.counted:
            self._uncounted.put(job, (now, job.seq))
        elif call.edit is None:
            self._board.enqueue(job, now)
        elif (verdict := self._messages.verdict(job, call.edit)) is not None:
            self._settle(job, verdict)
        else:
            for older in self._messages.admit(job, call.edit):
                self._leave(older, JobState.SUPERSEDED, now)
            for other in self._messages.waiting(call.edit):
                self._board.enqueue(other, now)
        return job

    def next(self, now: float) -> Job | float:
        """The call whose turn it is, now under way; or when to ask again.

        That is infinity where nothing can go out before the next push or the next end of a call.
        """
        if now < self._floods.all_until:
            return self._floods.all_until if any(self.counters.waiting.values()) else inf
        uncounted = self._uncounted.first()
        if uncounted is not None and self._uncounted.key()[0] <= now:
            self._uncounted.drop(uncounted)
            return self._run(uncounted, now)
        while (best := self._board.best(now, uploads=self.counters.uploads < self.limits.uploads)) is not None:
            lane, job = best
            edit = job.call.edit
            if edit is not None and (verdict := self._messages.verdict(job, edit)) is not None:
                self._leave(job, verdict, now)
                continue
            at = self._overall.when(job.call.units, now)
            return self._wait(at) if at > now else self._start(lane, job, now)
        sign = next(iter(self._signs), None)
        if sign is None:
            return self._wait(inf)
        at = self._overall.when(1, now, max(1, self.limits.overall // SIGNS_PART))
        if at > now:
            return self._wait(at)
        del self._signs[sign]
        self._overall.take(sign, 1, now)
        return self._run(sign, now)

    def done(self, job: Job, now: float, *, is_sent: bool) -> None:
        """Note that a call ended, and whether Telegram said that it was made."""
        self._release(job, now)
        job.state = JobState.DONE
        if is_sent:
            self._floods.succeeded(job.started)
            self.counters.sent[job.call.priority] += 1
            if job.call.edit is not None:
                self._messages.made(job.call.edit)
        else:
            self.counters.failed += 1

    def flood(self, job: Job, retry_after: float, now: float) -> bool:
        """Note that Telegram put a call off that was under way, for so many seconds; whether it waits again.

        If not, it was put off too often or too long, or is a sign.
        """
        until = now + retry_after
        self._release(job, now)
        self.counters.floods += 1
        # A sign is not worth another call, and says nothing about messages.
        if not job.call.is_sign:
            if self._floods.note(job.call.chat, until, now):
                self.counters.pauses += 1
            self._board.pause(job, until, now)
            job.floods += 1
            if job.floods < self.limits.tries and until - job.since <= self.limits.give_up:
                self._again(job, until, now)
                return True
        job.state = JobState.DONE
        self.counters.failed += 1
        return False

    def repeat(self, job: Job, rest: float, now: float) -> bool:
        """Make an edit again after a failure of the network, its chat resting for some seconds; whether it waits again.

        Nothing but an edit ever does: any other call might happen twice.
        """
        if job.call.edit is None or job.repeats >= self.limits.repeats:
            return False
        self._release(job, now)
        self._board.pause(job, now + rest, now)
        job.repeats += 1
        self._again(job, now + rest, now)
        return True

    def cancel(self, job: Job, now: float) -> None:
        """Take a waiting call back."""
        if job.state is not JobState.WAITING:
            return
        self._uncounted.drop(job)
        self._signs.pop(job, None)
        self._leave(job, JobState.CANCELLED, now)

    def take_settled(self) -> list[Job]:
        """The calls that were found not to need sending since this was last asked."""
        settled, self._settled = self._settled, []
        return settled

    def _leave(self, job: Job, state: JobState, now: float) -> None:
        if job.call.edit is not None:
            self._messages.leave(job, job.call.edit)
        if job.call.counted:
            self._board.remove(job, now)
        self._settle(job, state)

    def _settle(self, job: Job, state: JobState) -> None:
        job.state = state
        self.counters.waiting[job.call.priority] -= 1
        self.counters.unsent[state] += 1
        self._settled.append(job)

    def _start(self, lane: Lane, job: Job, now: float) -> Job:
        upload = lane.kind is Kind.UPLOAD
        self._board.begin(lane, job, now)
        # Three albums under way must not hold most of the budget for as long as their files take.
        most = max(1, self.limits.overall // (2 * self.limits.uploads)) if upload else self.limits.overall
        self._overall.take(job, min(job.call.units, most), now, open_ended=upload)
        if job.call.edit is not None:
            self._messages.leave(job, job.call.edit)
            self._messages.begin(job.call.edit)
        self.counters.running += 1
        self.counters.uploads += job.call.upload
        return self._run(job, now)

    def _run(self, job: Job, now: float) -> Job:
        job.state = JobState.RUNNING
        job.started = now
        self.counters.waiting[job.call.priority] -= 1
        return job

    def _release(self, job: Job, now: float) -> None:
        if job.call.counted:
            self._board.finish(job, now)
            self._overall.settle(job, now)
            self.counters.running -= 1
            self.counters.uploads -= job.call.upload
        elif job.call.is_sign:
            self._overall.settle(job, now)

    def _again(self, job: Job, until: float, now: float) -> None:
        job.state = JobState.WAITING
        job.head = True
        self.counters.waiting[job.call.priority] += 1
        if not job.call.counted:
            self._uncounted.put(job, (until, job.seq))
            return
        waiting = job if job.call.edit is None else self._messages.readmit(job, job.call.edit)
        if waiting is not job:
            self._settle(job, JobState.SUPERSEDED)
        self._board.enqueue(waiting, now)

    def _wait(self, at: float) -> float:
        return min(at, self._board.next_change(), self._uncounted.key()[0])

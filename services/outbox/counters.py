"""What the outbox has done so far, for metrics."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from services.outbox.calls import Job, JobState
from services.outbox.priority import Priority


@dataclass(frozen=True, slots=True)
class Counters:
    """A snapshot. Everything but the last block only grows.

    Attributes:
        sent: Calls that Telegram accepted, by priority.
        failed: Calls that ended in any other way than by success or a flood.
        superseded: Edits not sent, since a newer one of the same message was waiting.
        stale: Edits not sent, since a newer one of the same message had been sent.
        unchanged: Edits not sent, since the message showed the same already.
        cancelled: Calls not made, since the caller went away.
        floods: Answers that said "too many requests".
        pauses: How often a flood was taken for one of the whole bot.
        waiting: Calls that wait now, by priority.
        running: Counted calls under way now.
        uploads: Those of them with files.
        chats: Chats kept in mind now.
    """

    sent: Mapping[Priority, int]
    failed: int
    superseded: int
    stale: int
    unchanged: int
    cancelled: int
    floods: int
    pauses: int
    waiting: Mapping[Priority, int]
    running: int
    uploads: int
    chats: int


class Tally:
    """The counting itself."""

    def __init__(self) -> None:
        self._sent = dict.fromkeys(Priority, 0)
        self._waiting = dict.fromkeys(Priority, 0)
        self._settled = dict.fromkeys(JobState, 0)
        self.failed = 0
        self.floods = 0
        self.running = 0
        self.uploads = 0

    def waits(self, job: Job, change: int) -> None:
        """Count a job in (1) or out (-1) of those that wait."""
        self._waiting[job.call.priority] += change

    def runs(self, job: Job, change: int) -> None:
        """Count a job in (1) or out (-1) of those under way."""
        self.running += change
        self.uploads += change * job.call.upload

    def sent(self, job: Job) -> None:
        """Count a call that Telegram accepted."""
        self._sent[job.call.priority] += 1

    def settled(self, state: JobState) -> None:
        """Count a job that was not sent."""
        self._settled[state] += 1

    @property
    def total_waiting(self) -> int:
        """Calls that wait now."""
        return sum(self._waiting.values())

    def snapshot(self, pauses: int, chats: int) -> Counters:
        """The state of affairs."""
        return Counters(
            sent=MappingProxyType(dict(self._sent)),
            failed=self.failed,
            superseded=self._settled[JobState.SUPERSEDED],
            stale=self._settled[JobState.STALE],
            unchanged=self._settled[JobState.UNCHANGED],
            cancelled=self._settled[JobState.CANCELLED],
            floods=self.floods,
            pauses=pauses,
            waiting=MappingProxyType(dict(self._waiting)),
            running=self.running,
            uploads=self.uploads,
            chats=chats,
        )

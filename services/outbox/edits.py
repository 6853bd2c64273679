"""Which edit of a message is worth sending: the newest, never an older one, never the same twice."""

from collections import OrderedDict
from dataclasses import dataclass, field

from services.outbox.calls import Edit, Job, JobState, MessageKey, Priority
from services.outbox.limits import FloodLimits


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of a message."""

    version: int | None = None
    """The highest number sent, or None."""
    final: int | None = None
    """The highest number of a final state sent, or None."""
    fingerprint: bytes | None = None
    """Of the last edit that was certainly made; None while one is under way or in doubt."""


_NOTHING = Shown()


@dataclass(frozen=True, slots=True)
class Admission:
    """What an edit does to those that wait for the same message."""

    verdict: JobState | None = None
    """None if the edit waits from now on, otherwise why it is not sent."""
    replaced: list[Job] = field(default_factory=list)
    """Edits that it makes superfluous."""
    moved: list[Job] = field(default_factory=list)
    """Edits that must go before it and may have become more urgent for that."""


@dataclass(slots=True)
class Messages:
    """The waiting edits of each message and the last state that it showed."""

    limits: FloodLimits
    _waiting: dict[MessageKey, list[Job]] = field(default_factory=dict)
    _shown: OrderedDict[MessageKey, Shown] = field(default_factory=OrderedDict)

    def admit(self, job: Job, edit: Edit) -> Admission:
        """Take an edit in, after all that wait for the same message."""
        if (verdict := self.verdict(job, edit, waits=edit.key in self._waiting)) is not None:
            return Admission(verdict)
        queue = self._waiting.setdefault(edit.key, [])
        if any(_outdated(edit, job.call.priority, other) for other in queue):
            return Admission(JobState.SUPERSEDED)
        replaced = []
        while queue and _replaces(edit, queue[-1]):
            replaced.append(queue.pop())
            job.takes_over(replaced[-1])
        moved = [other for other in queue if other.priority > job.priority]
        for other in moved:
            other.priority = job.priority
        queue.append(job)
        return Admission(None, replaced, moved)

    def readmit(self, job: Job, edit: Edit) -> Job | None:
        """Take an edit back whose turn came to nothing, before all that wait for the same message.

        Returns:
            The newer edit that replaces it and has taken over its place; None if it waits again itself.
        """
        queue = self._waiting.setdefault(edit.key, [])
        if queue and (newer := queue[0].call.edit) is not None and _replaces(newer, job):
            queue[0].takes_over(job)
            return queue[0]
        job.priority = min([job.priority, *(other.priority for other in queue)])
        queue.insert(0, job)
        return None

    def verdict(self, job: Job, edit: Edit, *, waits: bool = False) -> JobState | None:
        """Why an edit is not worth sending as things stand; None if it is.

        Where others wait before it, a comparison with what is shown is pointless.
        """
        shown = self._shown.get(edit.key, _NOTHING)
        newest = shown.final if edit.final else shown.version
        if edit.version is not None and newest is not None and edit.version < newest:
            return JobState.STALE
        comparable = self.limits.alone or job.priority is not Priority.ANSWER
        if comparable and not waits and edit.fingerprint == shown.fingerprint:
            return JobState.UNCHANGED
        return None

    def leave(self, job: Job, edit: Edit) -> None:
        """Forget that an edit waits."""
        queue = self._waiting.get(edit.key, [])
        if job in queue:
            queue.remove(job)
        if not queue:
            self._waiting.pop(edit.key, None)

    def begin(self, edit: Edit) -> None:
        """Note that an edit is being made."""
        shown = self._shown.get(edit.key, _NOTHING)
        final = _highest(shown.final, edit.version) if edit.final else shown.final
        self._shown[edit.key] = Shown(_highest(shown.version, edit.version), final)
        self._shown.move_to_end(edit.key)
        while len(self._shown) > self.limits.remembered:
            self._shown.popitem(last=False)

    def made(self, edit: Edit) -> None:
        """Note that an edit was certainly made."""
        if (shown := self._shown.get(edit.key)) is not None:
            self._shown[edit.key] = Shown(shown.version, shown.final, edit.fingerprint)


def _highest(one: int | None, other: int | None) -> int | None:
    return max((number for number in (one, other) if number is not None), default=None)


def _older(edit: Edit, other: Edit) -> bool:
    return edit.version is not None and other.version is not None and edit.version < other.version


def _outdated(edit: Edit, priority: Priority, other: Job) -> bool:
    """Whether an edit that arrives is older than one that waits. A final state is newer than any that is not final.

    Without numbers a status or progress that follows a waiting final state is a straggler; an answer is not.
    """
    waiting = other.call.edit
    if waiting is None or (edit.final and not waiting.final):
        return False
    if waiting.final and not edit.final and priority > Priority.RESULT:
        return edit.version is None or waiting.version is None or edit.version < waiting.version
    return _older(edit, waiting)


def _replaces(edit: Edit, other: Job) -> bool:
    waiting = other.call.edit
    if waiting is None or (waiting.final and not edit.final):
        return False
    return edit.final or not _older(edit, waiting)

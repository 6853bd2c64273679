"""Which edit of a message is worth sending: the newest, never an older one, never the same twice."""

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field
from math import inf

from services.outbox.calls import Edit, Job, JobState, MessageKey, Priority
from services.outbox.limits import FloodLimits


@dataclass(frozen=True, slots=True)
class Shown:
    """What is known of a message."""

    version: float = -inf
    """The highest number sent."""
    final: float = -inf
    """The highest number of a final state sent."""
    fingerprint: Hashable | None = None
    """Of the last edit that was certainly made; None while one is under way or in doubt."""


_NOTHING = Shown()


@dataclass(slots=True)
class Messages:
    """The waiting edits of each message, in the order in which they go, and the last state that it showed."""

    limits: FloodLimits
    _waiting: dict[MessageKey, dict[Job, Edit]] = field(default_factory=dict)
    _shown: OrderedDict[MessageKey, Shown] = field(default_factory=OrderedDict)

    def verdict(self, job: Job, edit: Edit) -> JobState | None:
        """Why an edit is not worth sending as things stand, whether it waits already or not; None if it is."""
        shown = self._shown.get(edit.key, _NOTHING)
        if edit.version is not None and edit.version < (shown.final if edit.final else shown.version):
            return JobState.STALE
        queue = self._waiting.get(edit.key, {})
        # Where others wait before it, what is shown now says nothing.
        is_first = next(iter(queue), job) is job
        comparable = self.limits.alone or job.priority is not Priority.ANSWER
        if comparable and is_first and edit.fingerprint == shown.fingerprint:
            return JobState.UNCHANGED
        if any(_outdated(edit, job.call.priority, waiting) for waiting in queue.values()):
            return JobState.SUPERSEDED
        return None

    def admit(self, job: Job, edit: Edit) -> list[Job]:
        """Take in an edit that is worth sending, and return those that it replaces.

        What must still go before it becomes as urgent as it is.
        """
        queue = self._waiting.setdefault(edit.key, {})
        replaced = [other for other, waiting in queue.items() if _replaces(edit, waiting)]
        for other in replaced:
            del queue[other]
            job.takes_over(other)
        for other in queue:
            other.priority = min(other.priority, job.priority)
        queue[job] = edit
        return replaced

    def readmit(self, job: Job, edit: Edit) -> Job:
        """Take an edit back whose turn came to nothing, before all that wait for the same message.

        Returns what waits: itself, or a newer one that has taken over its place.
        """
        queue = self._waiting.get(edit.key, {})
        for newer, waiting in queue.items():
            if _replaces(waiting, edit):
                newer.takes_over(job)
                return newer
        job.priority = min([job.priority, *(other.priority for other in queue)])
        self._waiting[edit.key] = {job: edit, **queue}
        return job

    def waiting(self, edit: Edit) -> list[Job]:
        """The edits that wait for the message of an edit, in the order in which they go."""
        return list(self._waiting.get(edit.key, ()))

    def leave(self, job: Job, edit: Edit) -> None:
        """Forget that an edit waits."""
        queue = self._waiting.get(edit.key, {})
        queue.pop(job, None)
        if not queue:
            self._waiting.pop(edit.key, None)

    def begin(self, edit: Edit) -> None:
        """Note that an edit is being made."""
        shown = self._shown.pop(edit.key, _NOTHING)
        version = -inf if edit.version is None else edit.version
        final = max(shown.final, version) if edit.final else shown.final
        self._shown[edit.key] = Shown(max(shown.version, version), final)
        while len(self._shown) > self.limits.remembered:
            self._shown.popitem(last=False)

    def made(self, edit: Edit) -> None:
        """Note that an edit was certainly made."""
        if (shown := self._shown.get(edit.key)) is not None:
            self._shown[edit.key] = Shown(shown.version, shown.final, edit.fingerprint)


def _outdated(edit: Edit, priority: Priority, waiting: Edit) -> bool:
    """Whether an edit that arrives is older than one that waits. A final state is newer than any that is not final.

    Without numbers a status or progress that follows a waiting final state is a straggler; an answer is not.
    """
    if edit.final and not waiting.final:
        return False
    if edit.version is not None and waiting.version is not None:
        return edit.version < waiting.version
    return waiting.final and not edit.final and priority > Priority.RESULT


def _replaces(edit: Edit, waiting: Edit) -> bool:
    """Whether an edit that is not outdated makes one that waits superfluous: only a final state does a final one."""
    return edit.final or not waiting.final

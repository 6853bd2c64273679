"""One chat: what waits for it, and when the next call to it may start."""

from dataclasses import dataclass, field
from enum import Enum, auto
from math import inf

from services.outbox.agenda import Agenda
from services.outbox.calls import ChatKey, is_group
from services.outbox.group import Group
from services.outbox.job import Job
from services.outbox.limits import Limits
from services.outbox.priority import Priority


class Kind(Enum):
    """The lanes of a chat; each has a head of its own, so that none waits behind what hinders another."""

    SMALL = auto()
    PROGRESS = auto()
    """Progress in groups, which has a pace and leaves a part of the group's budget to the rest."""
    UPLOAD = auto()


@dataclass(slots=True, eq=False)
class Lane:
    """The calls of one kind that wait for one chat."""

    chat: "Chat"
    kind: Kind
    jobs: Agenda[Job] = field(default_factory=Agenda)

    def put(self, job: Job, patience: float) -> None:
        """Put a job in its place: put off before all, then by seniority and priority."""
        self.jobs.put(job, (not job.head, job.born + patience * job.priority, job.seq))

    def first(self) -> Job | None:
        """The next job, which stays where it is."""
        entry = self.jobs.first()
        return None if entry is None else entry[1]


class Chat:
    """The budgets of one chat and its lanes. One call at a time, and one upload beside it.

    Args:
        key: The chat.
        limits: The budgets.
    """

    __slots__ = ("_gap_from", "_group", "_limits", "key", "lanes", "paused_until", "served", "small", "upload")

    def __init__(self, key: ChatKey, limits: Limits) -> None:
        self.key = key
        self.lanes: dict[Kind, Lane] = {}
        self.paused_until = -inf
        self.served = -inf
        self.small: Job | None = None
        self.upload: Job | None = None
        self._limits = limits
        self._gap_from = -inf
        self._group = Group(limits) if is_group(key) else None

    def adopt(self, limits: Limits) -> None:
        """Work with other budgets from now on."""
        self._limits = limits
        if self._group is not None:
            self._group.adopt(limits)

    def lane(self, job: Job) -> Lane:
        """The lane a job belongs in. Edits with files keep their order among the other edits."""
        if job.call.upload and job.call.edit is None:
            kind = Kind.UPLOAD
        elif self._group is not None and job.priority is Priority.PROGRESS:
            kind = Kind.PROGRESS
        else:
            kind = Kind.SMALL
        lane = self.lanes.get(kind)
        if lane is None:
            lane = self.lanes[kind] = Lane(self, kind)
        return lane

    def begin(self, job: Job, kind: Kind, now: float) -> None:
        """Note that a call starts."""
        self.served = self._gap_from = now
        if kind is Kind.UPLOAD:
            self.upload = job
        else:
            self.small = job
        if self._group is not None:
            progress, upload = kind is Kind.PROGRESS, kind is Kind.UPLOAD
            self._group.begin(job, job.call.units, now, progress=progress, open_ended=upload)

    def finish(self, job: Job, now: float) -> None:
        """Note that a call has ended."""
        self._gap_from = now
        if self.upload is job:
            self.upload = None
        else:
            self.small = None
        if self._group is not None:
            self._group.finish(job, now)

    def ready_at(self, job: Job, kind: Kind, now: float) -> float:
        """When this chat can take a job: seconds, at most `now` for at once, infinity while it hangs on a call."""
        if self.small is not None or (kind is Kind.UPLOAD and self.upload is not None):
            return inf
        at = max(self._gap_from + self._limits.chat_gap, self.paused_until)
        if self._group is None:
            return at
        if kind is Kind.PROGRESS:
            return max(at, self._group.when_progress(job.call.units, self._awaited(), now))
        return max(at, self._group.when(job.call.units, now))

    def idle(self, now: float) -> bool:
        """Whether nothing is lost if this chat is forgotten."""
        at_rest = self.small is None and self.upload is None and not any(lane.jobs for lane in self.lanes.values())
        free = self._gap_from + self._limits.chat_gap <= now and self.paused_until <= now
        return at_rest and free and (self._group is None or self._group.at_rest(now))

    def _awaited(self) -> int:
        """Units that the first of each lane but progress's wait for."""
        firsts = [lane.first() for kind, lane in self.lanes.items() if kind is not Kind.PROGRESS]
        return sum(job.call.units for job in firsts if job is not None)

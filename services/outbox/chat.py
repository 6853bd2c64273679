"""The chats of the process: what waits for each, and when the next call to it may start."""

from collections import OrderedDict
from dataclasses import dataclass, field
from enum import Enum, auto
from itertools import islice
from math import inf

from services.outbox.calls import Job, Priority, is_group
from services.outbox.keyed_heap import KeyedHeap
from services.outbox.limits import FloodLimits, Group


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
    jobs: KeyedHeap[Job] = field(default_factory=KeyedHeap)


@dataclass(slots=True, eq=False)
class Chat:
    """The budgets of one chat and its lanes. One call at a time, and one upload beside it."""

    key: int
    limits: FloodLimits
    lanes: dict[Kind, Lane] = field(default_factory=dict)
    paused_until: float = -inf
    served: float = -inf
    running: set[Job] = field(default_factory=set)
    group: Group | None = field(init=False)
    _gap_from: float = -inf

    def __post_init__(self) -> None:
        self.group = Group(self.limits) if is_group(self.key) else None

    def lane(self, job: Job) -> Lane:
        """The lane a job belongs in."""
        if job.call.upload:
            kind = Kind.UPLOAD
        elif self.group is not None and job.priority is Priority.PROGRESS:
            kind = Kind.PROGRESS
        else:
            kind = Kind.SMALL
        return self.lanes.setdefault(kind, Lane(self, kind))

    def begin(self, job: Job, kind: Kind, now: float) -> None:
        """Note that a call starts."""
        self.served = self._gap_from = now
        self.running.add(job)
        if self.group is not None:
            progress, upload = kind is Kind.PROGRESS, kind is Kind.UPLOAD
            self.group.begin(job, job.call.units, now, progress=progress, open_ended=upload)

    def finish(self, job: Job, now: float) -> None:
        """Note that a call has ended."""
        self._gap_from = now
        self.running.discard(job)
        if self.group is not None:
            self.group.settle(job, now)

    def ready_at(self, job: Job, kind: Kind, now: float) -> float:
        """When this chat can take a job: seconds, at most `now` for at once, infinity while it hangs on a call."""
        if any(kind is Kind.UPLOAD or not other.call.upload for other in self.running):
            return inf
        at = max(self._gap_from + self.limits.chat_gap, self.paused_until)
        if self.group is None:
            return at
        if kind is Kind.PROGRESS:
            return max(at, self.group.when_progress(job.call.units, self._awaited(), now))
        return max(at, self.group.when(job.call.units, now))

    def idle(self, now: float) -> bool:
        """Whether nothing is lost if this chat is forgotten."""
        at_rest = not self.running and not any(lane.jobs for lane in self.lanes.values())
        free = self._gap_from + self.limits.chat_gap <= now and self.paused_until <= now
        return at_rest and free and (self.group is None or self.group.at_rest(now))

    def _awaited(self) -> int:
        """Units that the first of each lane but progress's wait for."""
        firsts = [lane.jobs.first() for kind, lane in self.lanes.items() if kind is not Kind.PROGRESS]
        return sum(job.call.units for job in firsts if job is not None)


class Board:
    """The lanes of all chats in the order of their turns."""

    def __init__(self, limits: FloodLimits) -> None:
        self._limits = limits
        self._chats: OrderedDict[int, Chat] = OrderedDict()
        self._ready: KeyedHeap[Lane] = KeyedHeap()
        self._ready_uploads: KeyedHeap[Lane] = KeyedHeap()
        self._later: KeyedHeap[Lane] = KeyedHeap()

    def __len__(self) -> int:
        return len(self._chats)

    def adopt(self, limits: FloodLimits, now: float) -> None:
        """Work with other budgets from now on."""
        self._limits = limits
        for chat in self._chats.values():
            if chat.group is not None:
                chat.group.adopt(limits)
            self._place_all(chat, now)

    def _chat(self, job: Job, now: float) -> Chat:
        """The chat of a job. With each new one, a few that were not seen for long are forgotten if they are idle."""
        key = job.call.chat
        assert key is not None
        chat = self._chats.get(key)
        if chat is None:
            self._forget(now)
            chat = self._chats[key] = Chat(key, self._limits)
        else:
            self._chats.move_to_end(key)
        return chat

    def enqueue(self, job: Job, now: float) -> None:
        """Put a job where it belongs in its chat, wherever it was before."""
        chat = self._chat(job, now)
        for lane in chat.lanes.values():
            lane.jobs.drop(job)
        # Put off before all, then by seniority and priority.
        place = (not job.head, job.born + self._limits.patience * job.priority, job.seq)
        chat.lane(job).jobs.put(job, place)
        self._place_all(chat, now)

    def remove(self, job: Job, now: float) -> None:
        """Take a waiting job out."""
        chat = self._chat(job, now)
        for lane in chat.lanes.values():
            lane.jobs.drop(job)
        self._place_all(chat, now)

    def begin(self, lane: Lane, job: Job, now: float) -> None:
        """Note that a job of a lane starts."""
        lane.jobs.drop(job)
        lane.chat.begin(job, lane.kind, now)
        self._place_all(lane.chat, now)

    def finish(self, job: Job, now: float) -> None:
        """Note that a job has ended."""
        chat = self._chat(job, now)
        chat.finish(job, now)
        self._place_all(chat, now)

    def pause(self, job: Job, until: float, now: float) -> None:
        """Let the chat of a job rest until a moment, if it has one."""
        if job.call.chat is not None:
            chat = self._chat(job, now)
            chat.paused_until = max(chat.paused_until, until)
            self._place_all(chat, now)

    def best(self, now: float, *, uploads: bool) -> tuple[Lane, Job] | None:
        """The job whose turn it is, if it were not for the overall budget; `uploads` says whether one may be it."""
        while (later := self._later.first()) is not None and self.next_change() <= now:
            self._place(later, now)
        is_upload = uploads and self._ready_uploads.key() < self._ready.key()
        lane = (self._ready_uploads if is_upload else self._ready).first()
        job = None if lane is None else lane.jobs.first()
        return None if lane is None or job is None else (lane, job)

    def next_change(self) -> float:
        """When the next lane becomes ready: seconds, infinity if none waits for a moment."""
        return self._later.key()[0]

    def _place_all(self, chat: Chat, now: float) -> None:
        """Put the lanes of a chat where they belong, after anything about the chat has changed."""
        for lane in chat.lanes.values():
            self._place(lane, now)

    def _place(self, lane: Lane, now: float) -> None:
        ready = self._ready_uploads if lane.kind is Kind.UPLOAD else self._ready
        job = lane.jobs.first()
        at = inf if job is None else lane.chat.ready_at(job, lane.kind, now)
        if job is not None and at <= now:
            self._later.drop(lane)
            served = lane.chat.served
            ready.put(lane, (max(job.born, served) + self._limits.patience * job.priority, served, job.seq))
            return
        ready.drop(lane)
        if at == inf:
            self._later.drop(lane)
        else:
            self._later.put(lane, (at,))

    def _forget(self, now: float) -> None:
        for key in list(islice(self._chats, 2)):
            if self._chats[key].idle(now):
                del self._chats[key]
            else:
                self._chats.move_to_end(key)

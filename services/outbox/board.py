"""The chats of the process, and which of their lanes are ready, wait for a moment, or hang on a call."""

from collections import OrderedDict
from itertools import islice
from math import inf

from services.outbox.agenda import Agenda
from services.outbox.calls import ChatKey
from services.outbox.chat import Chat, Kind, Lane
from services.outbox.job import Job
from services.outbox.limits import Limits


class Board:
    """The lanes of all chats in the order of their turns.

    Args:
        limits: The budgets.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._chats: OrderedDict[ChatKey, Chat] = OrderedDict()
        self._ready: Agenda[Lane] = Agenda()
        self._ready_uploads: Agenda[Lane] = Agenda()
        self._later: Agenda[Lane] = Agenda()

    def __len__(self) -> int:
        return len(self._chats)

    def adopt(self, limits: Limits, now: float) -> None:
        """Work with other budgets from now on."""
        self._limits = limits
        for chat in self._chats.values():
            chat.adopt(limits)
            self.place(chat, now)

    def chat(self, key: ChatKey, now: float) -> Chat:
        """The chat of a key. With each new one, a few that were not seen for long are forgotten if they are idle."""
        chat = self._chats.get(key)
        if chat is None:
            self._forget(now)
            chat = self._chats[key] = Chat(key, self._limits)
        else:
            self._chats.move_to_end(key)
        return chat

    def enqueue(self, job: Job, chat: Chat, now: float) -> None:
        """Put a job where it belongs in its chat, wherever it was before."""
        lane = chat.lane(job)
        for other in chat.lanes.values():
            if other is not lane:
                other.jobs.drop(job)
        lane.put(job, self._limits.patience)
        self.place(chat, now)

    def remove(self, job: Job, chat: Chat, now: float) -> None:
        """Take a waiting job out."""
        for lane in chat.lanes.values():
            lane.jobs.drop(job)
        self.place(chat, now)

    def place(self, chat: Chat, now: float) -> None:
        """Put the lanes of a chat where they belong, after anything about the chat has changed."""
        for lane in chat.lanes.values():
            self._place(lane, now)

    def pause(self, chat: Chat, until: float, now: float) -> None:
        """Let a chat rest until a moment."""
        chat.paused_until = max(chat.paused_until, until)
        self.place(chat, now)

    def best(self, now: float, *, uploads: bool) -> tuple[Lane, Job] | None:
        """The job whose turn it is, if it were not for the overall budget; `uploads` says whether one may be it."""
        while (later := self._later.first()) is not None and later[0][0] <= now:
            self._place(later[1], now)
        small = self._ready.first()
        upload = self._ready_uploads.first() if uploads else None
        first = small if upload is None or (small is not None and small[0] < upload[0]) else upload
        job = None if first is None else first[1].first()
        return None if first is None or job is None else (first[1], job)

    def next_change(self) -> float:
        """When the next lane becomes ready: seconds, infinity if none waits for a moment."""
        later = self._later.first()
        return inf if later is None else later[0][0]

    def _place(self, lane: Lane, now: float) -> None:
        ready = self._ready_uploads if lane.kind is Kind.UPLOAD else self._ready
        job = lane.first()
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

"""A Telegram for the scheduler, in simulated time: calls take a while, and each is counted somewhere on its way."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count
from math import inf

from services.outbox.calls import Call, Edit, Job, JobState, Priority
from services.outbox.limits import FloodLimits
from services.outbox.scheduler import Scheduler

SPEED_OF_ANSWER = 0.05


@dataclass(frozen=True)
class Answer:
    """How Telegram answers one call: after how many seconds, counted at which part of them, flooded or not."""

    latency: float = SPEED_OF_ANSWER
    counted_at: float = 1.0
    retry_after: float | None = None
    is_sent: bool = True


@dataclass(frozen=True)
class Flight:
    """One call as Telegram saw it."""

    call: Call
    start: float
    arrival: float
    end: float
    answer: Answer


@dataclass
class Simulation:
    """Runs pushes at their times until nothing is left to do."""

    limits: FloodLimits = field(default_factory=FloodLimits)
    answer: Callable[[Call], Answer] = lambda _: Answer()
    flights: list[Flight] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    now: float = 0.0

    def __post_init__(self) -> None:
        self.scheduler = Scheduler(self.limits)
        self._running: list[tuple[float, int, Job, Answer]] = []
        self._seq = count()

    def run(self, pushes: Iterable[tuple[float, Call]]) -> None:
        waiting = [(at, index, call) for index, (at, call) in enumerate(pushes)]
        heapify(waiting)
        until = inf
        while waiting or self._running or until < inf:
            moments = [until, *(entries[0][0] for entries in (waiting, self._running) if entries)]
            assert min(moments) >= self.now
            self.now = min(moments)
            while self._running and self._running[0][0] <= self.now:
                self._land(*heappop(self._running)[2:])
            while waiting and waiting[0][0] <= self.now:
                self.jobs.append(self.scheduler.push(heappop(waiting)[2], self.now))
            until = self._take_off()

    def _take_off(self) -> float:
        while isinstance(step := self.scheduler.next(self.now), Job):
            answer = self.answer(step.call)
            end = self.now + answer.latency
            arrival = self.now + answer.latency * answer.counted_at
            self.flights.append(Flight(step.call, self.now, arrival, end, answer))
            heappush(self._running, (end, next(self._seq), step, answer))
        assert step > self.now
        return step

    def _land(self, job: Job, answer: Answer) -> None:
        if answer.retry_after is not None:
            self.scheduler.flood(job, answer.retry_after, self.now)
        else:
            self.scheduler.done(job, self.now, is_sent=answer.is_sent)

    def sent(self, chat: int | None = None) -> list[Flight]:
        return [f for f in self.flights if f.answer.retry_after is None and chat in {None, f.call.chat}]


_unlike = count()


def text_edit(
    chat: int,
    message: int = 1,
    content: str = "",
    *,
    priority: Priority = Priority.PROGRESS,
    version: int | None = None,
) -> Call:
    """An edit; edits of equal content are equal to the eye, empty content is unlike any other."""
    edit = Edit((chat, message), version, priority is Priority.RESULT, content or next(_unlike))
    return Call(chat, priority, edit=edit)


def message(chat: int, priority: Priority = Priority.ANSWER) -> Call:
    return Call(chat, priority)


def sign(chat: int) -> Call:
    return Call(chat, Priority.SIGN, counted=False)


def video(chat: int, units: int = 1) -> Call:
    return Call(chat, Priority.RESULT, upload=True, units=units)


ENDED = {JobState.DONE, JobState.SUPERSEDED, JobState.STALE, JobState.UNCHANGED, JobState.CANCELLED}

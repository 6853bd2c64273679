"""What the outbox costs: CPU of the scheduler with many chats open, and of the shell around one call.

Run with ``python -m benchmarks.outbox``; it takes some seconds. Time is simulated, so that only the outbox is
measured. The load is the worst that is planned for: edits of every open generation each second, far more than
Telegram's budget of 30 messages a second takes, in 700 private chats and 100 groups of three for each thousand.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import heappop, heappush
from math import inf

from bot.outbox import Outbox
from services.clock import Clock
from services.outbox.calls import Call, Edit, Job, Priority
from services.outbox.scheduler import Scheduler

LATENCY = 0.05
ROUNDS = 2_000


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU of one run of the scheduler.

    Attributes:
        opened: Messages that are edited.
        pushed: Edits given to the scheduler.
        sent: Edits sent.
        seconds: CPU seconds in all.
    """

    opened: int
    pushed: int
    sent: int
    seconds: float


def addresses(opened: int) -> list[tuple[int, int]]:
    """Chat and message of each open generation: seven of ten in private, the rest in groups of three."""
    private = opened * 7 // 10
    return [(number + 1, 1) for number in range(private)] + [
        (-(number // 3) - 1, number % 3) for number in range(opened - private)
    ]


def edits(opened: int, simulated: int) -> Iterator[tuple[float, Call]]:
    """One edit of each message in each second, spread over the second."""
    places = addresses(opened)
    for second in range(simulated):
        for number, (chat, message) in enumerate(places):
            final = second == simulated - 1
            edit = Edit((chat, message), second, final, b"%d" % second)
            yield second + number / opened, Call(chat, Priority.RESULT if final else Priority.PROGRESS, edit=edit)


def measure_scheduler(opened: int, simulated: int) -> Cost:
    """Run the scheduler until every final state is out."""
    scheduler = Scheduler()
    script = list(edits(opened, simulated))
    ends: list[tuple[float, int, Job]] = []
    sent, at = 0, 0
    until = inf
    began = time.process_time()
    while at < len(script) or ends or until < inf:
        moments = [until]
        moments += [script[at][0]] if at < len(script) else []
        moments += [ends[0][0]] if ends else []
        now = min(moments)
        while ends and ends[0][0] <= now:
            scheduler.done(heappop(ends)[2], now, is_sent=True)
        if at < len(script) and script[at][0] <= now:
            scheduler.push(script[at][1], now)
            at += 1
        while isinstance(step := scheduler.next(now), Job):
            sent += 1
            heappush(ends, (now + LATENCY, step.seq, step))
        scheduler.take_settled()
        until = step
    return Cost(opened, len(script), sent, time.process_time() - began)


class Ticking(Clock):
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The time of day."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self.seconds

    async def sleep(self, seconds: float) -> None:
        """Move by so much."""
        self.seconds += seconds


async def measure_shell() -> tuple[float, float]:
    """Microseconds that the outbox adds to an edit with nothing waiting: on average, and at the worst of a hundred."""
    clock = Ticking()
    outbox = Outbox(clock=clock)
    took = []

    async def answer(*_: object) -> bool:
        return True

    for number in range(ROUNDS):
        clock.seconds += 2.0
        data = {"chat_id": number % 1_000 + 1, "message_id": 1, "text": f"Processing… {number} s", "parse_mode": "HTML"}
        began = time.perf_counter()
        await outbox.process_request(answer, (), {}, "editMessageText", data, None)
        took.append((time.perf_counter() - began) * 1e6)
    took.sort()
    return sum(took) / len(took), took[len(took) * 99 // 100]


def main() -> None:
    """Print both tables."""
    print("scheduler, every open message edited each second, 20 s")
    print(f"{'open':>8} {'edits':>8} {'sent':>8} {'edits/s of CPU':>16} {'µs/edit':>9} {'µs/sent':>9}")
    for opened in (10, 100, 1_000, 5_000):
        cost = measure_scheduler(opened, simulated=20)
        each, every = cost.seconds / cost.pushed * 1e6, cost.seconds / cost.sent * 1e6
        print(f"{opened:8} {cost.pushed:8} {cost.sent:8} {cost.pushed / cost.seconds:16.0f} {each:9.1f} {every:9.1f}")
    mean, p99 = asyncio.run(measure_shell())
    print(f"shell, one edit with nothing waiting: {mean:.0f} µs on average, {p99:.0f} µs at p99")


if __name__ == "__main__":
    main()

"""How soon work goes on after kill -9: from the kill to a new process that is ready, and from there to each job.

The goal is 5 seconds from "ready" to the job at work again, on SQLite. Everything is real but the two servers, which
tell when they hear from a job again: `python -m benchmarks.recovery`.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from time import monotonic

from sandbox.botapi.faults import FaultKind
from sandbox.genaipro import Script
from tests.chaos.world import World, world

GOAL_SECONDS = 5.0
UPLOADS = 2


@dataclass
class Figures:
    """Seconds, one for each round.

    Attributes:
        start: From the start of the process to "ready".
        work: From "ready" until the last job was at work again.
    """

    start: list[float] = field(default_factory=list)
    work: list[float] = field(default_factory=list)


async def fetching(here: World, jobs: int) -> Callable[[], bool]:
    """Jobs that wait for their photos; at work again when they ask for them again."""
    here.telegram.fail("getFile", FaultKind.HOLD, times=jobs)
    for person in here.people:
        await here.ask("a benchmark of photos", person=person)
    await here.telegram.wait_for(lambda: sum(fault.held for fault in here.telegram.backend.faults.holding) >= jobs)
    return lambda: len(here.telegram.calls("getFile")) >= jobs


async def streaming(here: World, jobs: int) -> Callable[[], bool]:
    """Jobs whose stream is open; at work again when their result is looked for."""
    gates = [here.genaipro.hold(Script(), at=2) for _ in range(jobs)]
    for person in here.people:
        await here.ask("a benchmark of streams", person=person)
    for gate in gates:
        await gate.blocked()
    # One look may serve several; the bot's own log names each.
    return lambda: len(here.bot.events("history_read", this_life=True)) >= jobs


async def sending(here: World, jobs: int) -> Callable[[], bool]:
    """Jobs whose video is on its way to Telegram; at work again when it is sent again."""
    fault = here.telegram.fail("sendVideo", FaultKind.HOLD, times=jobs)
    for person in here.people:
        await here.ask("a benchmark of videos", person=person)
    # The outbox lets few uploads out at once.
    await here.telegram.wait_for(lambda: fault.held >= min(jobs, UPLOADS), 60.0)
    return lambda: len(here.telegram.calls("sendVideo")) >= jobs


async def one_round(prepare: Callable[[World, int], Awaitable[Callable[[], bool]]], jobs: int, into: Figures) -> None:
    """Kill once, with so many jobs at work."""
    settings = {"MAX_ACTIVE_GENERATIONS": str(jobs)}
    with tempfile.TemporaryDirectory(prefix="recovery-") as made:
        async with world(Path(made), people=jobs, settings=settings) as here:
            again = await prepare(here, jobs)
            await here.bot.kill()
            here.telegram.backend.faults.waiting.clear()
            await here.bot.start()
            assert here.bot.life.ready is not None
            async with asyncio.timeout(120):
                while not again():  # noqa: ASYNC110
                    # Either server may be the one that hears of it first.
                    await asyncio.sleep(0.005)
            into.work.append(monotonic() - here.bot.life.ready)
            into.start.append(here.bot.life.ready - here.bot.life.started)


async def measure(rounds: int, most: int) -> int:
    """All of it; the exit status says whether the goal was met."""
    worst = 0.0
    head = f"{'killed while':<14}{'jobs':>5}{'start':>9}{'at work':>10}{'worst':>8}\n"
    sys.stdout.write(f"seconds, medians of {rounds}; 'at work' is from ready until the last job\n{head}")
    for jobs in (1, most):
        for prepare in (fetching, streaming, sending):
            figures = Figures()
            for _ in range(rounds):
                await one_round(prepare, jobs, figures)
            worst = max(worst, *figures.work)
            sys.stdout.write(
                f"{prepare.__name__:<14}{jobs:>5}{median(figures.start):>9.2f}{median(figures.work):>10.2f}"
                f"{max(figures.work):>8.2f}\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"goal {GOAL_SECONDS:.0f} s: {'met' if worst <= GOAL_SECONDS else 'missed'}\n")
    return 0 if worst <= GOAL_SECONDS else 1


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.recovery", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=20, help="jobs at once in the second half")
    asked = parser.parse_args()
    # What the servers say of a caller that is killed in the middle of a request.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    return asyncio.run(measure(asked.rounds, asked.jobs))


if __name__ == "__main__":
    sys.exit(main())

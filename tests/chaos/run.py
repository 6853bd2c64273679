"""`make chaos`: hundreds of random kills under random faults, with people who want videos; a table at the end."""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

from sandbox.genaipro import GenAIProOptions
from tests.chaos.checks import about, answers_lost, deliveries, violations
from tests.chaos.crowd import Customer
from tests.chaos.weather import Reaper, Weather
from tests.chaos.world import KEY, World, world
from tests.sandbox.second_opinion import check_calls

CALM_SECONDS = 120.0
"""After the last kill, everything that was asked for has ended within so long."""

ENDS = {"✅": "done", "✋": "cancelled"}


@dataclass
class Tally:
    """What happened in one world or in all of them."""

    figures: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    slowest_start: float = 0.0


async def one_world(number: int, seed: int, kills: int, people: int, until: float, directory: Path) -> Tally:
    """Kill one bot so many times, then let everything end and look at it."""
    random = Random(f"{seed}/{number}")
    options = GenAIProOptions(key=KEY, quota=1_000_000, pace=0.12).tiny()
    settings = {"MAX_ACTIVE_GENERATIONS": "5", "MAX_ACTIVE_PER_USER": "2", "RECONCILE_TIMEOUT": "25"}
    async with world(directory, people=people, genaipro=options, start=False, settings=settings) as here:
        weather, reaper = Weather(here, random), Reaper(here, random)
        customers = [Customer(here, person, Random(f"{seed}/{number}/{who}")) for who, person in enumerate(here.people)]
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            scripts = group.create_task(weather.scripts())
            storm = group.create_task(weather.run())
            visits = [group.create_task(customer.run(stop)) for customer in customers]
            try:
                await reaper.run(kills, until)
            finally:
                stop.set()
                storm.cancel()
                here.telegram.clear_faults()
            _, waiting = await asyncio.wait(visits, timeout=CALM_SECONDS)
            for task in [*waiting, scripts]:
                task.cancel()
        tally = Tally(slowest_start=reaper.slowest_start)
        tally.violations += reaper.violations
        tally.violations += [f"waited in vain for {customer.wish}" for customer in customers if customer.wish]
        try:
            await here.at_rest()
        except TimeoutError:
            tally.violations.append("the bot did not come to rest")
        tally.violations += violations(here)
        count(here, weather, reaper, tally.figures)
        check_calls(here.telegram.calls())
        if tally.violations:
            save(here, directory.parent / f"log-{number}.txt")
        return tally


def count(here: World, weather: Weather, reaper: Reaper, figures: Counter[str]) -> None:
    """The figures of the table."""
    figures.update({f"kills {moment}": times for moment, times in reaper.kills.items()})
    figures["kills"] = reaper.kills.total()
    figures["SIGTERMs"] = reaper.terms
    figures["faults asked of the servers"] = weather.faults
    figures["requests"] = sum(request.orders for request in here.requests)
    figures["POSTs"] = len(here.genaipro.posts)
    figures["POSTs accepted"] = sum(post.accepted for post in here.genaipro.posts)
    for request in here.requests:
        for line in about(here, request):
            if any(button in line.labels() for button in ("🔁 Again", "✏️ Edit")):
                figures[f"ended {ENDS.get(line.text[0], 'failed')}"] += 1
            else:
                figures["messages left behind by a kill or a lost answer"] += 1
        for lines in deliveries(here, request).values():
            figures["videos delivered"] += 1
            figures["videos delivered once more after a kill or a lost answer"] += len(lines) - 1
        figures["answers of Telegram lost on a video"] += len(
            answers_lost(here, request, "sendVideo", "sendMediaGroup")
        )


def save(here: World, path: Path) -> None:
    """Keep the log of the bot for whoever looks into a violation."""
    with path.open("w") as file:
        marks = [(life.started, f"--- started, pid of life {at}") for at, life in enumerate(here.bot.lives)]
        marks += [(life.ended, f"--- ended with {life.status}") for life in here.bot.lives if life.ended is not None]
        dull = {"timestamp", "level", "logger", "event"}
        for line in here.bot.lines:
            rest = {key: value for key, value in line.fields.items() if key not in dull}
            marks.append((line.at, f"{line.level} {line.event} {rest}"))
        for at, text in sorted(marks):
            file.write(f"{at:.3f} {text}\n")
    path.with_suffix(".calls").write_text("\n".join(str(call) for call in here.telegram.calls()))


async def chaos(seed: int, kills: int, worlds: int, people: int, minutes: float, keep: Path | None) -> int:
    """Run it all; the exit status."""
    begun = monotonic()
    total = Tally()
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        root = keep or Path(made)
        share = -(-kills // worlds)
        directories = [root / f"world-{number}" for number in range(worlds)]
        for directory in directories:
            directory.mkdir(parents=True)
        tallies = await asyncio.gather(
            *(
                one_world(number, seed, share, people, begun + 60 * minutes, directory)
                for number, directory in enumerate(directories)
            )
        )
    for number, tally in enumerate(tallies):
        total.figures.update(tally.figures)
        total.violations += [f"world {number}: {text}" for text in tally.violations]
        total.slowest_start = max(total.slowest_start, tally.slowest_start)
    if total.figures["kills"] < kills:
        total.violations.append(f"only {total.figures['kills']} kills of {kills} in the time there is")
    report(seed, monotonic() - begun, total)
    return 1 if total.violations else 0


def report(seed: int, seconds: float, total: Tally) -> None:
    """Print the table, then what was broken."""
    rows = {"seed": str(seed), "time": f"{seconds:.0f} s", "slowest start": f"{total.slowest_start:.1f} s"}
    rows |= {name: str(number) for name, number in total.figures.items()}
    rows["violations"] = str(len(total.violations))
    width = max(map(len, rows))
    for name, value in rows.items():
        sys.stdout.write(f"{name:<{width}}  {value:>8}\n")
    for text in total.violations:
        sys.stdout.write(f"VIOLATION {text}\n")


def main() -> int:
    """Read the arguments; the environment has a say for `make chaos`."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    environment = os.environ.get
    parser.add_argument("--seed", type=int, default=int(environment("CHAOS_SEED") or Random().randrange(10**6)))
    parser.add_argument("--kills", type=int, default=int(environment("CHAOS_KILLS") or 220))
    parser.add_argument("--worlds", type=int, default=2, help="bots at the same time, each with its own servers")
    parser.add_argument("--people", type=int, default=8, help="in each world")
    parser.add_argument("--minutes", type=float, default=9.0, help="no kills after that")
    parser.add_argument("--keep", type=Path, help="keep all files here")
    asked = parser.parse_args()
    # What the servers say of a caller that is killed in the middle of a request.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    sys.stdout.write(f"seed {asked.seed}; CHAOS_SEED={asked.seed} makes the same choices again\n")
    return asyncio.run(chaos(asked.seed, asked.kills, asked.worlds, asked.people, asked.minutes, asked.keep))


if __name__ == "__main__":
    sys.exit(main())

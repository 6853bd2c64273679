"""`make chaos`: random kills under random faults, with people who want videos; a table at the end.

First single bots are killed hundreds of times, each with an SQLite file of its own. Then several processes on one
PostgreSQL are killed, frozen and terminated for a while. Afterwards every promise is looked at.
"""

import argparse
import asyncio
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic

from sandbox.genaipro import GenAIProOptions
from tests.chaos.checks import violations
from tests.chaos.crowd import Customer, prices
from tests.chaos.tally import Tally, count, report, save, summed
from tests.chaos.together import one_cluster
from tests.chaos.weather import Reaper, Weather
from tests.chaos.world import KEY, world
from tests.integration.sandbox.second_opinion import check_calls

CALM_SECONDS = 120.0
"""After the last kill, everything that was asked for has ended within so long."""

PARTS = ("alone", "together")


@dataclass(frozen=True, slots=True)
class Asked:
    """The arguments.

    Attributes:
        seed: Makes the same choices again.
        parts: Some of ``PARTS``.
        kills: Of single bots.
        worlds: Single bots at the same time, each with its own servers.
        people: In each world, and with the cluster.
        minutes: No kills of single bots after that.
        seconds: How long the processes of the cluster are killed, frozen and terminated.
        keep: Where all files are kept.
    """

    seed: int
    parts: tuple[str, ...]
    kills: int
    worlds: int
    people: int
    minutes: float
    seconds: float
    keep: Path | None


async def one_world(number: int, seed: int, kills: int, people: int, until: float, directory: Path) -> Tally:
    """Kill one bot so many times, then let everything end and look at it."""
    random = Random(f"{seed}/{number}")
    options = GenAIProOptions(key=KEY, quota=1_000_000, pace=0.12).tiny()
    settings = {"MAX_ACTIVE_GENERATIONS": "5", "MAX_ACTIVE_PER_USER": "2", "RECONCILE_TIMEOUT": "25"}
    async with world(directory, people=people, genaipro=options, start=False, settings=settings) as here:
        here.processes[0].environment |= prices(here.people)
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
        tally.figures.update({f"kills {moment}": times for moment, times in reaper.kills.items()})
        tally.figures["kills"] = reaper.kills.total()
        tally.figures["kills with Stars about"] = reaper.with_stars
        tally.figures["SIGTERMs"] = reaper.terms
        tally.figures["faults asked of the servers"] = weather.faults
        count(here, tally.figures)
        check_calls(here.telegram.calls())
        if tally.violations:
            save(here, directory.parent / f"log-{number}.txt")
        return tally


async def alone(asked: Asked, root: Path) -> Tally:
    """Kill the single bots; all of their worlds in one tally."""
    until = monotonic() + 60 * asked.minutes
    share = -(-asked.kills // asked.worlds)
    directories = [root / f"world-{number}" for number in range(asked.worlds)]
    for directory in directories:
        directory.mkdir(parents=True)
    tallies = await asyncio.gather(
        *(
            one_world(number, asked.seed, share, asked.people, until, directory)
            for number, directory in enumerate(directories)
        )
    )
    total = summed(tallies)
    if total.figures["kills"] < asked.kills:
        total.violations.append(f"only {total.figures['kills']} kills of {asked.kills} in the time there is")
    return total


async def together(asked: Asked, root: Path) -> Tally:
    """Kill, freeze and terminate the processes of one cluster."""
    directory = root / "together"
    directory.mkdir(parents=True)
    return await one_cluster(asked.seed, asked.seconds, asked.people, directory)


async def chaos(asked: Asked) -> int:
    """Run it all; the exit status."""
    broken = 0
    with tempfile.TemporaryDirectory(prefix="chaos-") as made:
        for part in asked.parts:
            begun = monotonic()
            tally = await (alone if part == "alone" else together)(asked, asked.keep or Path(made))
            report(part, asked.seed, monotonic() - begun, tally)
            broken += len(tally.violations)
    return 1 if broken else 0


def read() -> Asked:
    """Read the arguments; the environment has a say for `make chaos`."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.run", description=__doc__)
    environment = os.environ.get
    parser.add_argument("--seed", type=int, default=int(environment("CHAOS_SEED") or Random().randrange(10**6)))
    parser.add_argument("--only", choices=PARTS, help="single bots, or several processes on one PostgreSQL")
    parser.add_argument("--kills", type=int, default=int(environment("CHAOS_KILLS") or 220), help="of single bots")
    parser.add_argument("--worlds", type=int, default=2, help="single bots at the same time, each with its own servers")
    parser.add_argument("--people", type=int, default=8, help="in each world, and with the several processes")
    parser.add_argument("--minutes", type=float, default=9.0, help="no kills of single bots after that")
    parser.add_argument("--seconds", type=float, default=75.0, help="how long the several processes are in the storm")
    parser.add_argument("--keep", type=Path, help="keep all files here")
    said = vars(parser.parse_args())
    only = said.pop("only")
    return Asked(parts=PARTS if only is None else (only,), **said)


def main() -> int:
    """Run what was asked for; the exit status is 1 where a promise was broken."""
    asked = read()
    # What the servers say of a caller that is killed in the middle of a request.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    sys.stdout.write(f"seed {asked.seed}; CHAOS_SEED={asked.seed} makes the same choices again\n")
    sys.stdout.flush()
    return asyncio.run(chaos(asked))


if __name__ == "__main__":
    sys.exit(main())

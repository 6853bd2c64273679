"""Several processes on one PostgreSQL in a storm: each may be killed, frozen or terminated at any moment."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import psycopg

from tests.chaos.checks import violations
from tests.chaos.crowd import Customer, prices
from tests.chaos.process import BotProcess
from tests.chaos.tally import Tally, count, save
from tests.chaos.weather import Weather
from tests.chaos.world import Scene
from tests.integration.cluster.postgres import private_server
from tests.integration.cluster.world import Cluster, cluster
from tests.integration.sandbox.second_opinion import check_calls

CALM_SECONDS = 150.0
"""After the storm, everything that was asked for has ended within so long: 30 s pass before a dead process's work is
another's, and 60 s before an unknown result is given up."""

SETTINGS = {"MAX_ACTIVE_GENERATIONS": "6", "MAX_ACTIVE_PER_USER": "2", "RECONCILE_TIMEOUT": "60"}
FROZEN_SECONDS = (3.0, 20.0)
"""How long a process is frozen: so short that nobody takes it for dead, or so long that its work is taken over."""

SHARE_OF_FREEZES = 0.3
SHARE_OF_TERMS = 0.15


@dataclass
class Together(Scene):
    """All processes of a cluster.

    Attributes:
        url: Of their database.
    """

    url: str

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the processes' database."""
        with psycopg.connect(self.url) as connection:
            return connection.execute(query.encode()).fetchall()


class Storm:
    """Ends or freezes one process after the other, and starts it again.

    Args:
        processes: All of them run.
        random: Decides.
    """

    def __init__(self, processes: list[BotProcess], random: Random) -> None:
        self._free = list(processes)
        self._random = random
        self.figures = Counter[str]()
        self.violations: list[str] = []

    async def run(self, seconds: float) -> None:
        """Blow for so long; afterwards all processes run and are ready."""
        every, until = list(self._free), monotonic() + seconds
        async with asyncio.TaskGroup() as frozen:
            while monotonic() < until:
                await asyncio.sleep(self._random.uniform(0.5, 5.0))
                if not self._free:
                    continue
                victim = self._random.choice(self._free)
                choice = self._random.random()
                if not victim.is_running:
                    self.violations.append(f"a {victim.role} ended by itself with {victim.life.status}")
                elif choice < SHARE_OF_FREEZES:
                    self._free.remove(victim)
                    frozen.create_task(self._freeze(victim, self._random.choice(FROZEN_SECONDS)))
                    continue
                elif choice < SHARE_OF_FREEZES + SHARE_OF_TERMS and victim.life.ready is not None:
                    await self._terminate(victim)
                else:
                    await victim.kill()
                    self.figures[f"kills of a {victim.role}"] += 1
                await asyncio.sleep(self._random.choice((0.0, 0.0, 2.0)))
                await victim.spawn()
        await asyncio.gather(*(process.ready() for process in every))

    async def _freeze(self, victim: BotProcess, seconds: float) -> None:
        """Freeze it for so long, while others go on and are killed."""
        victim.freeze()
        self.figures[f"freezes of a {victim.role}"] += 1
        await asyncio.sleep(seconds)
        victim.thaw()
        self._free.append(victim)

    async def _terminate(self, victim: BotProcess) -> None:
        status, seconds = await victim.terminate()
        self.figures[f"SIGTERMs to a {victim.role}"] += 1
        if status != 0 or seconds > 10:
            self.violations.append(f"SIGTERM to a {victim.role}: status {status} after {seconds:.1f} s")


async def one_cluster(seed: int, seconds: float, people: int, directory: Path) -> Tally:
    """Two web and three worker processes in a storm for so long, then calm, then a look at every promise.

    Args:
        seed: Decides what can be decided.
        seconds: How long processes are killed, frozen and terminated.
        people: Who ask for videos meanwhile.
        directory: Empty; the bot's files go there.
    """
    with private_server() as server, server.database() as url:
        async with cluster(directory, url, settings=SETTINGS, people=people, settings_for=prices) as bots:
            here = Together(
                bots.telegram, bots.genaipro, bots.processes, directory / "data", directory / "scratch", url
            )
            here.people += bots.people
            tally = await _weathered(here, bots, seed, seconds)
            tally.violations += violations(here)
            count(here, tally.figures)
            check_calls(here.telegram.calls())
            if tally.violations:
                save(here, directory.parent / "log-together.txt")
            return tally


async def _weathered(here: Together, bots: Cluster, seed: int, seconds: float) -> Tally:
    """Storm and calm; what happened, and who did not get what they waited for."""
    random = Random(f"{seed}/together")
    weather, storm = Weather(here, random), Storm(bots.processes, random)
    customers = [Customer(here, person, Random(f"{seed}/together/{who}")) for who, person in enumerate(here.people)]
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        scripts, blowing = group.create_task(weather.scripts()), group.create_task(weather.run())
        visits = [group.create_task(customer.run(stop)) for customer in customers]
        try:
            await storm.run(seconds)
        finally:
            stop.set()
            blowing.cancel()
            here.telegram.clear_faults()
        _, waiting = await asyncio.wait(visits, timeout=CALM_SECONDS)
        for task in [*waiting, scripts]:
            task.cancel()
    tally = Tally(storm.figures, storm.violations)
    tally.figures["faults asked of the servers"] = weather.faults
    tally.violations += [f"waited in vain for {customer.wish}" for customer in customers if customer.wish]
    # What did not come to rest is told in words by the look at the database.
    with suppress(TimeoutError):
        await here.at_rest()
    undisturbed = [life for one in here.processes for life in one.lives if not life.frozen_at]
    tally.slowest_start = max(life.ready - life.started for life in undisturbed if life.ready is not None)
    return tally

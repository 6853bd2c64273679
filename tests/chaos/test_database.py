"""The database is locked, full or gone for a while: it is said, nothing is lost, and work goes on when it is back."""

import asyncio
import resource
import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from tests.chaos.checks import deliveries, violations
from tests.chaos.world import World, world

NAMES = ("pho2video.sqlite3", "jobs.sqlite3")


async def all_well(here: World) -> None:
    for request in here.requests:
        await here.ended(request)
        assert len(here.posts(request.prompt)) == 1
        assert [len(lines) for lines in deliveries(here, request).values()] == [1]
    await here.at_rest()
    assert violations(here) == []


async def test_locked(tmp_path: Path) -> None:
    async with world(tmp_path, people=2) as here:
        gate = here.genaipro.hold(at=1)
        await here.ask("zebra before")
        await gate.blocked()
        with ExitStack() as stack:
            for name in NAMES:
                other = stack.enter_context(closing(sqlite3.connect(here.data_dir / name, isolation_level=None)))
                other.execute("BEGIN EXCLUSIVE")
            gate.release()
            await here.ask("zebra meanwhile", person=here.people[1])
            await here.genaipro.finished(here.posts("zebra before")[0])
            await asyncio.sleep(2.0)
        await all_well(here)


async def test_full(tmp_path: Path) -> None:
    async with world(tmp_path, people=2) as here:
        gate = here.genaipro.hold(at=1)
        await here.ask("zebra before")
        await gate.blocked()
        # No file may grow past a kilobyte: the system's own way to say that there is no room.
        _, most = resource.prlimit(here.bot.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(here.bot.pid, resource.RLIMIT_FSIZE, (1024, most))
        gate.release()
        await here.ask("zebra meanwhile", person=here.people[1])
        await here.bot.logged("inbox_met_an_outage", 2)
        resource.prlimit(here.bot.pid, resource.RLIMIT_FSIZE, (most, most))
        await all_well(here)


async def test_gone(tmp_path: Path) -> None:
    async with world(tmp_path, people=2) as here:
        gate = here.genaipro.hold(at=1)
        await here.ask("zebra before")
        await gate.blocked()
        for name in NAMES:
            (here.data_dir / name).rename(tmp_path / name)
        gate.release()
        await here.ask("zebra meanwhile", person=here.people[1])
        await here.bot.logged("inbox_met_an_outage", 2)
        for name in NAMES:
            assert not (here.data_dir / name).exists()
            (tmp_path / name).rename(here.data_dir / name)
        await all_well(here)

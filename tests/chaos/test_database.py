"""The database is locked, full or gone for a while: it is said, nothing is lost, and work goes on when it is back."""

import asyncio
import resource
from pathlib import Path

from tests.chaos.checks import deliveries, violations
from tests.chaos.world import World, world
from tests.database_file import NAME, held


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
        with held(here.data_dir):
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
        (here.data_dir / NAME).rename(tmp_path / NAME)
        gate.release()
        await here.ask("zebra meanwhile", person=here.people[1])
        await here.bot.logged("inbox_met_an_outage", 2)
        assert not (here.data_dir / NAME).exists()
        (tmp_path / NAME).rename(here.data_dir / NAME)
        await all_well(here)

"""A worker that is killed or frozen in the middle of its work: another one finishes it, once."""

import os
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.botapi.person import Person
from sandbox.genaipro import End, Script
from sandbox.genaipro.gate import Gate
from tests.chaos.process import BotProcess
from tests.integration.cluster.world import PATIENCE, Cluster, cluster

pytestmark = pytest.mark.slow

TAKEN_OVER_SECONDS = 30.0
"""The promise: another worker has an orphan after so long."""

STAGES = ("streaming", "reconciling", "preparing", "delivering")


@dataclass
class Work:
    """Four requests of one worker, each held at another stage.

    Attributes:
        here: Where.
        worker: Whose they are.
        heir: The other worker, which has nothing to do.
        people: Who asked, by stage.
        stream: Holds the stream.
        history: Holds the lost result.
    """

    here: Cluster
    worker: BotProcess
    heir: BotProcess
    people: dict[str, Person]
    stream: Gate
    history: Gate

    async def taken_over(self, since: float) -> None:
        """Wait until all four are the other worker's."""
        line = await self.heir.logged("generation_taken_over", len(STAGES))
        assert line.at - since < TAKEN_OVER_SECONDS

    async def ended(self, *stages: str) -> None:
        for stage in stages:
            await self.here.ended(self.people[stage])

    def check(self) -> None:
        """One POST, one final state and one video each."""
        for stage, person in self.people.items():
            assert len(self.here.posts(stage)) == 1, stage
            (status,) = [line for line in self.here.telegram.bot_lines(person.chat_id) if line.kind == "text"]
            assert "Done" in status.text, stage
            # A send that was on its way when the process froze may reach Telegram after all, once.
            most = 2 if stage == "delivering" else 1
            assert 1 <= len(self.here.videos(person)) <= most, stage
        rows = self.here.rows("SELECT state FROM generations")
        assert [row["state"] for row in rows] == ["done"] * len(STAGES)


@asynccontextmanager
async def at_work(directory: Path, url: str) -> AsyncIterator[Work]:
    """A worker with its four requests, and one that has just started."""
    async with cluster(directory, url, webs=1, workers=2, running=1) as here:
        people = {}
        stream = here.genaipro.hold(at=3)
        people["streaming"] = await here.ask("streaming")
        await stream.blocked()
        history = here.genaipro.hold_history(Script(end=End.EOF))
        people["reconciling"] = await here.ask("reconciling")
        await here.until_rows("SELECT state FROM generations WHERE prompt = 'reconciling'", "reconciling")
        await here.workers[1].start()
        # The one that runs would not be asked for long: its calls to Telegram end after 20 s.
        os.kill(here.workers[1].pid, signal.SIGSTOP)
        photo = here.hold_photo()
        people["preparing"] = await here.ask("preparing")
        await here.telegram.held(photo, PATIENCE)
        people["delivering"] = here.person()
        video = here.hold_video(people["delivering"])
        await here.ask("delivering", people["delivering"])
        await here.telegram.held(video, PATIENCE)
        os.kill(here.workers[1].pid, signal.SIGCONT)
        yield Work(here, here.workers[0], here.workers[1], people, stream, history)


async def test_a_killed_worker(tmp_path: Path, postgres_url: str) -> None:
    async with at_work(tmp_path, postgres_url) as work:
        await work.worker.kill()
        assert work.worker.life.ended is not None
        await work.taken_over(work.worker.life.ended)
        work.history.release()
        # The stream goes on where nobody listens, and what comes of it is in the history.
        work.stream.release()
        await work.ended(*STAGES)
        await work.here.at_rest()
        work.check()


async def test_a_frozen_worker_that_wakes(tmp_path: Path, postgres_url: str) -> None:
    async with at_work(tmp_path, postgres_url) as work:
        here = work.here
        os.kill(work.worker.pid, signal.SIGSTOP)
        await work.taken_over(time.monotonic())
        work.history.release()
        await work.ended("reconciling", "preparing", "delivering")
        os.kill(work.worker.pid, signal.SIGCONT)
        # What it had begun and cannot take back reaches Telegram now.
        here.telegram.release()
        await work.worker.logged("run_overtaken", len(STAGES))
        work.stream.release()
        await work.ended(*STAGES)
        await here.at_rest()
        assert (await work.worker.terminate())[0] == 0
        assert here.tracebacks() == []
        work.check()

"""Workers that are killed or frozen in the middle of their work: another one finishes it, once."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.botapi.person import Person
from sandbox.genaipro import End, Script
from sandbox.genaipro.gate import Gate
from tests.cluster.world import PATIENCE, Cluster, cluster

TAKEN_OVER_SECONDS = 30.0
"""The promise: another worker has an orphan after so long."""

STAGES = ("preparing", "streaming", "reconciling", "delivering")


@dataclass
class Work:
    """Four requests of one worker, each held at another stage."""

    people: dict[str, Person]
    stream: Gate
    history: Gate


async def begin(here: Cluster, name: str) -> Work:
    """Bring the only worker that works to all four stages."""
    people = {}
    photo = here.hold_photo()
    people["preparing"] = await here.ask(f"{name} preparing")
    await here.telegram.held(photo, PATIENCE)
    stream = here.genaipro.hold(at=3)
    people["streaming"] = await here.ask(f"{name} streaming")
    await stream.blocked()
    history = here.genaipro.hold_history(Script(end=End.EOF))
    people["reconciling"] = await here.ask(f"{name} reconciling")
    await here.until_rows(f"SELECT state FROM generations WHERE prompt = '{name} reconciling'", "reconciling")
    people["delivering"] = here.person()
    video = here.hold_video(people["delivering"])
    await here.ask(f"{name} delivering", people["delivering"])
    await here.telegram.held(video, PATIENCE)
    return Work(people, stream, history)


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_killed_and_a_frozen_worker_are_taken_over_at_every_stage(tmp_path: Path, postgres_url: str) -> None:
    async with cluster(tmp_path, postgres_url, running=1) as here:
        frozen, killed, heir = here.workers
        of_frozen = await begin(here, "frozen")
        os.kill(frozen.pid, signal.SIGSTOP)
        await killed.start()
        of_killed = await begin(here, "killed")
        await heir.start()
        await killed.kill()
        assert killed.life.ended is not None
        taken = await here.until_logged("generation_taken_over", 8)
        assert taken[-1].at - killed.life.ended < TAKEN_OVER_SECONDS
        assert len(heir.events("generation_taken_over")) == 8
        for work in (of_frozen, of_killed):
            work.history.release()
        for work in (of_frozen, of_killed):
            for stage in ("preparing", "reconciling", "delivering"):
                await here.ended(work.people[stage])
        # The stream goes on where nobody listens, and what comes of it is in the history.
        of_killed.stream.release()
        await here.ended(of_killed.people["streaming"])
        os.kill(frozen.pid, signal.SIGCONT)
        # What it had begun and cannot take back reaches Telegram now.
        here.telegram.release()
        await here.until_logged("run_overtaken", 4)
        of_frozen.stream.release()
        for person in of_frozen.people.values():
            await here.ended(person)
        await here.at_rest()
        assert (await frozen.terminate())[0] == 0
        _check(here, of_frozen, "frozen", ["done"] * 4)
        _check(here, of_killed, "killed", ["done"] * 4)


def _check(here: Cluster, work: Work, name: str, states: list[str]) -> None:
    for stage in STAGES:
        person = work.people[stage]
        assert len(here.posts(f"{name} {stage}")) == 1, stage
        texts = [line for line in here.telegram.bot_lines(person.chat_id) if line.kind == "text"]
        assert len(texts) == 1, stage
        assert "Done" in texts[0].text, stage
        # A send that the frozen process had begun may reach Telegram after all, once.
        assert len(here.videos(person)) in ({1, 2} if stage == "delivering" else {1}), stage
    rows = here.rows(f"SELECT state FROM generations WHERE prompt LIKE '{name} %'")
    assert [row["state"] for row in rows] == states

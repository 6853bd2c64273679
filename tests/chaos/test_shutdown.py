"""SIGTERM: the process exits with 0 within 10 seconds, whatever is in flight, and the next one goes on with it."""

import asyncio
import os
from pathlib import Path

import pytest

from sandbox.botapi.faults import FaultKind
from sandbox.genaipro import Answer, End, Script
from tests.chaos.checks import about, deliveries, violations
from tests.chaos.world import World, world
from tests.database_file import held

LIMIT = 10.0


async def stop(here: World) -> None:
    status, seconds = await here.bot.terminate()
    assert status == 0
    assert seconds < LIMIT


async def all_well(here: World) -> None:
    for request in here.requests:
        await here.ended(request)
    await here.at_rest()
    assert violations(here) == []
    assert [len(lines) for request in here.requests for lines in deliveries(here, request).values()] == [1] * len(
        here.requests
    )


async def test_every_kind_of_waiting(tmp_path: Path) -> None:
    settings = {"MAX_ACTIVE_GENERATIONS": "4"}
    async with world(tmp_path, people=5, settings=settings) as here:
        lost, busy, slow, fetching, waiting = here.people
        known = here.genaipro.hold_history(Script(end=End.DROP, after=1))
        await here.ask("zebra lost", person=lost)
        await here.bot.logged("history_read")
        here.genaipro.enqueue(Script(answer=Answer(429, {"error": "busy"}, {"Retry-After": "30"})))
        again = await here.ask("zebra busy", person=busy)
        await here.bot.logged("attempt_not_accepted")
        gate = here.genaipro.hold(at=2)
        await here.ask("zebra slow", person=slow)
        await gate.blocked()
        photo = here.telegram.fail("getFile", FaultKind.HOLD)
        await here.ask("zebra fetching", person=fetching)
        await here.telegram.held(photo)
        queued = await here.ask("zebra queued", person=waiting)
        await here.telegram.wait_for_message(waiting.chat_id, "number 1 in line")
        await stop(here)
        gate.release()
        known.release()
        await here.bot.start()
        await all_well(here)
        assert [len(here.posts(request.prompt)) for request in (again, queued)] == [2, 1]


async def test_a_video_that_telegram_takes_a_moment_to_take(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        fault = here.telegram.fail("sendVideo", FaultKind.HOLD, after=True)
        await here.ask("zebra sending")
        await here.telegram.held(fault)
        stopping = asyncio.create_task(stop(here))
        await here.bot.logged("stopping")
        here.telegram.release()
        await stopping
        await here.bot.start()
        await all_well(here)


async def test_an_end_that_telegram_takes_a_moment_to_take(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        gate = here.genaipro.hold(at=1)
        request = await here.ask("zebra ending")
        await gate.blocked()
        (status,) = about(here, request)
        await here.anna.delete(status.message_id)
        fault = here.telegram.fail("sendMessage", FaultKind.HOLD, after=True)
        gate.release()
        await here.telegram.held(fault)
        stopping = asyncio.create_task(stop(here))
        await here.bot.logged("stopping")
        here.telegram.release()
        await stopping
        await here.bot.start()
        await all_well(here)


async def test_a_video_that_telegram_does_not_take(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        fault = here.telegram.fail("sendVideo", FaultKind.HOLD)
        await here.ask("zebra hanging")
        await here.telegram.held(fault)
        await stop(here)
        await here.bot.start()
        await all_well(here)


async def test_telegram_that_does_not_answer_at_the_start(tmp_path: Path) -> None:
    async with world(tmp_path, start=False) as here:
        fault = here.telegram.fail("getMe", FaultKind.HOLD)
        await here.bot.spawn()
        await here.telegram.held(fault)
        await stop(here)


async def test_telegram_that_cannot_be_reached_at_the_start(tmp_path: Path) -> None:
    async with world(tmp_path, start=False, settings={"TELEGRAM_API_URL": "http://127.0.0.1:9"}) as here:
        await here.bot.spawn()
        await here.bot.logged("telegram_not_reached", 2)
        await stop(here)


def used(pid: int) -> float:
    """Seconds of a core that a process has used: how far it has come, however busy the machine is."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nothing tells how far a process has come")
async def test_a_process_that_has_hardly_begun(tmp_path: Path) -> None:
    async with world(tmp_path, start=False) as here:
        # An interpreter takes 0.05 s before it reads a line of the bot, and the bot 1 s until it is ready. However far
        # it is by the time that the signal comes, it is not ready: Telegram has not answered it.
        for seconds in (0.1, 0.3, 0.6):
            here.telegram.fail("getMe", FaultKind.HOLD)
            await here.bot.spawn(cold=True)
            while used(here.bot.pid) < seconds:  # noqa: ASYNC110
                await asyncio.sleep(0.005)
            assert not here.telegram.calls("getUpdates")
            await stop(here)


async def test_a_database_that_is_locked_at_the_start(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        await here.bot.kill()
        with held(here.data_dir):
            await here.bot.spawn()
            await here.bot.logged("database_is_held")
            await stop(here)
            await here.bot.spawn()
            await here.bot.logged("database_is_held")
        await here.bot.ready()


async def test_a_database_that_is_locked_at_work(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        gate = here.genaipro.hold(at=1)
        await here.ask("zebra locked")
        await gate.blocked()
        with held(here.data_dir):
            gate.release(1)
            await stop(here)
        gate.release()
        await here.bot.start()
        await all_well(here)

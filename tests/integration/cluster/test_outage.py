"""The database goes away and comes back, and processes are restarted one after the other: nothing is lost."""

from pathlib import Path

from sandbox.genaipro import End, Script
from tests.chaos.process import BotProcess
from tests.integration.cluster.postgres import private_server
from tests.integration.cluster.world import PATIENCE, cluster
from tests.pictures import jpeg

STOP_SECONDS = 10.0


async def test_a_database_that_is_restarted_in_the_middle_costs_nothing(tmp_path: Path) -> None:
    with private_server() as server, server.database() as url:
        async with cluster(tmp_path, url, webs=1, workers=2) as here:
            stream = here.genaipro.hold(at=2)
            streaming = await here.ask("streaming")
            await stream.blocked()
            history = here.genaipro.hold_history(Script(end=End.EOF))
            reconciling = await here.ask("reconciling")
            await here.until_rows("SELECT state FROM generations WHERE prompt = 'reconciling'", "reconciling")
            drafting = here.person()
            await drafting.send_photo(jpeg(1), "drafted before")
            card = await here.card(drafting, "drafted before")
            for mode in ("immediate", "fast"):
                server.stop(mode)
                await here.until_logged("heartbeat_failed", len(here.logged("heartbeat_failed")) + 1)
                server.start()
            history.release()
            stream.release()
            await here.press(card, ":go", drafting)
            for person in (streaming, reconciling, drafting):
                await here.ended(person)
            await here.at_rest()
            for prompt in ("streaming", "reconciling", "drafted before"):
                assert len(here.posts(prompt)) == 1
            for person in (streaming, reconciling, drafting):
                assert len(here.videos(person)) == 1
            assert [process.is_running for process in here.processes] == [True] * 3
            assert [len(process.lives) for process in here.processes] == [1] * 3
            assert here.tracebacks() == []


async def test_a_rolling_restart_loses_nothing(tmp_path: Path, postgres_url: str) -> None:
    async with cluster(tmp_path, postgres_url, workers=2) as here:
        gates, people = [], []
        for number in range(2):
            gates.append(here.genaipro.hold(at=2))
            people.append(await here.ask(f"streaming {number}"))
            await gates[-1].blocked()
        held = here.person()
        video = here.hold_video(held)
        await here.ask("delivering", held)
        await here.telegram.held(video, PATIENCE)
        drafting = here.person()
        await drafting.send_photo(jpeg(7), "half a")
        for process in here.processes:
            await _restart(process)
            await drafting.send_text("draft")
        for gate in gates:
            gate.release()
        await here.press(await here.card(drafting, "draft"), ":go", drafting)
        for person in (*people, held, drafting):
            await here.ended(person)
        await here.at_rest()
        for prompt in ("streaming 0", "streaming 1", "delivering"):
            assert len(here.posts(prompt)) == 1
        (prompt,) = [one.prompt for one in here.genaipro.posts if one.prompt and "half a" in one.prompt]
        assert prompt.count("draft") == 4
        assert [len(here.videos(person)) for person in (*people, held, drafting)] == [1] * 4


async def _restart(process: BotProcess) -> None:
    status, seconds = await process.terminate()
    assert status == 0
    assert seconds < STOP_SECONDS
    await process.start()

import asyncio
import json

import aiohttp
import pytest

from bot.health import (
    AGAIN_SECONDS,
    CREDITS_SECONDS,
    IDLE_SECONDS,
    LONGEST_LAG_SECONDS,
    GenAIProProbe,
    LoopWatch,
    Monitoring,
    ask_all,
)
from bot.http import http_server
from services.failures import Failure, FailureKind
from services.genaipro.events import NotAcceptedError
from services.telemetry import GRACE_SECONDS, Contact, PartFailedError
from tests.hand_clock import HandClock


async def ask(port: int, path: str) -> tuple[int, dict[str, str]]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as response:
        return response.status, json.loads(await response.text())["parts"]


async def well() -> None:
    return


async def ill() -> None:
    raise ConnectionError


async def test_ready_only_after_the_start_and_until_the_end(port: int) -> None:
    health = Monitoring(30, HandClock())
    async with http_server("127.0.0.1", port, health.routes()):
        assert await ask(port, "/healthz") == (200, {"loop": "ok"})
        assert await ask(port, "/readyz") == (503, {"started": "failed"})
        health.ready["updates"] = well
        health.is_at_work = True
        assert await ask(port, "/readyz") == (200, {"started": "ok", "updates": "ok"})
        health.is_at_work = False
        assert await ask(port, "/readyz") == (503, {"started": "failed", "updates": "ok"})
        assert (await ask(port, "/healthz"))[0] == 200


async def test_parts_that_join_later_are_asked(port: int) -> None:
    health = Monitoring(30, HandClock())
    health.is_at_work = True
    async with http_server("127.0.0.1", port, health.routes()):
        health.ready["telegram"] = ill
        health.alive["database"] = ill
        assert await ask(port, "/readyz") == (503, {"started": "ok", "telegram": "failed"})
        assert await ask(port, "/healthz") == (503, {"loop": "ok", "database": "failed"})
    outcomes = await ask_all(health.alive | health.ready, 5)
    assert {name: error is None for name, error in outcomes.items()} == {
        "loop": True,
        "database": False,
        "started": True,
        "telegram": False,
    }


async def test_a_loop_that_stood_still_is_told_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = HandClock()
    turns: asyncio.Queue[float] = asyncio.Queue()
    slept = asyncio.Event()

    async def sleep(_seconds: float) -> None:
        slept.set()
        clock.forward(await turns.get())

    monkeypatch.setattr(clock, "sleep", sleep)
    watch = LoopWatch(clock)
    work = asyncio.create_task(watch.run())

    async def tick(seconds: float) -> None:
        await slept.wait()
        slept.clear()
        turns.put_nowait(seconds)
        await slept.wait()

    await tick(1.01)
    await watch.check()
    await tick(1.0 + LONGEST_LAG_SECONDS + 0.1)
    with pytest.raises(PartFailedError, match=r"stood still for 10\.1 s"):
        await watch.check()
    await tick(1.0)
    assert watch.lag() == pytest.approx(10.1)
    clock.forward(60)
    await watch.check()
    work.cancel()


async def test_contact_is_broken_by_a_failure_that_outlasts_the_grace() -> None:
    clock = HandClock()
    contact = Contact(clock)
    with pytest.raises(PartFailedError, match="never"):
        await contact.check(100)
    contact.answered()
    clock.forward(1)
    contact.failed()
    await contact.check(100)
    clock.forward(GRACE_SECONDS)
    with pytest.raises(PartFailedError, match="not reached for 11 s"):
        await contact.check(100)
    contact.answered()
    await contact.check(100)


async def test_contact_is_broken_by_silence() -> None:
    clock = HandClock()
    contact = Contact(clock)
    contact.answered()
    clock.forward(100)
    await contact.check(100)
    clock.forward(1)
    with pytest.raises(PartFailedError):
        await contact.check(100)


def test_failure_before_any_answer_counts_at_once() -> None:
    contact = Contact(HandClock())
    contact.failed()
    assert contact.is_broken


class Api:
    """A service that is asked for its credits, as the counted client does it."""

    def __init__(self, clock: HandClock) -> None:
        self.clock = clock
        self.contact = Contact(clock)
        self.asked = 0
        self.is_up = True

    async def credits(self) -> None:
        self.asked += 1
        if not self.is_up:
            self.contact.failed()
            raise NotAcceptedError(Failure(FailureKind.BUSY))
        self.contact.answered()

    def probe(self, per_minute: int = 30) -> GenAIProProbe:
        return GenAIProProbe(self.credits, self.contact, per_minute, self.clock)


async def test_an_idle_service_is_asked_seldom() -> None:
    clock = HandClock()
    api = Api(clock)
    probe = api.probe()
    for _ in range(100):
        await probe.check()
        clock.forward(IDLE_SECONDS / 50 + 0.001)
    assert api.asked == 2


async def test_other_calls_tell_as_much() -> None:
    clock = HandClock()
    api = Api(clock)
    probe = api.probe()
    for _ in range(10):
        api.contact.answered()
        await probe.check()
        clock.forward(IDLE_SECONDS - 1)
    assert api.asked == 0


async def test_a_silent_service_is_not_reached_until_it_answers_again() -> None:
    clock = HandClock()
    api = Api(clock)
    api.is_up = False
    probe = api.probe()
    for _ in range(3):
        with pytest.raises(PartFailedError):
            await probe.check()
    assert api.asked == 1
    api.is_up = True
    clock.forward(AGAIN_SECONDS + 1)
    await probe.check()
    assert api.asked == 2


async def test_a_service_that_hangs_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.health.ANSWER_SECONDS", 0.01)
    clock = HandClock()
    contact = Contact(clock)

    async def hang() -> None:
        await asyncio.Event().wait()

    with pytest.raises(PartFailedError):
        await GenAIProProbe(hang, contact, 30, clock).check()


async def test_a_small_limit_on_calls_is_left_to_the_work() -> None:
    api = Api(HandClock())
    probe = api.probe(per_minute=9)
    await probe.check()
    await probe.refresh_credits()
    assert api.asked == 0
    api.contact.failed()
    with pytest.raises(PartFailedError):
        await probe.check()


async def test_credits_are_refreshed_seldom_and_not_while_the_service_is_down() -> None:
    clock = HandClock()
    api = Api(clock)
    probe = api.probe()
    for _ in range(3):
        await probe.refresh_credits()
    assert api.asked == 1
    clock.forward(CREDITS_SECONDS + 1)
    await probe.refresh_credits()
    assert api.asked == 2
    api.contact.failed()
    clock.forward(CREDITS_SECONDS + 1)
    await probe.refresh_credits()
    assert api.asked == 2


async def test_a_part_that_hangs_is_down_in_the_metrics(port: int) -> None:
    health = Monitoring(30, HandClock())
    health.ready["database"] = asyncio.Event().wait
    async with (
        http_server("127.0.0.1", port, health.routes()),
        aiohttp.ClientSession() as session,
        session.get(f"http://127.0.0.1:{port}/metrics") as response,
    ):
        assert 'pho2video_part_up{part="database"} 0.0' in await response.text()

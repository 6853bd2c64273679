"""Only what was provably not accepted is tried again, when the service wants it and never faster than allowed."""

import asyncio
import socket
from pathlib import Path

import pytest

from sandbox.genaipro import Answer, Script
from tests.acceptance.e2e.asking import TEXTS, Asked, ask, ended, in_words, left_over, posted, posts, row, shown, told
from tests.acceptance.e2e.world import World, world
from tests.buttons import words


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_what_stays_busy_is_given_up_after_five_attempts(tmp_path: Path) -> None:
    answers = (
        Answer(429, {"error": "slow down"}),
        Answer(429, "<html><title>429</title></html>", content_type="text/html"),
        Answer(503, {"error": "busy"}, {"Retry-After": "3"}),
    )
    async with world(tmp_path) as here, here.clock.hurried(2.0):
        for number, answer in enumerate(answers):
            for _ in range(5):
                here.genaipro.enqueue(Script(answer=answer))
            asked = await ask(here, f"busy {number}")
            await check_busy(here, asked)


async def check_busy(here: World, asked: Asked) -> None:
    end = await ended(here, asked)
    found = await told(here, asked)
    assert len(posts(here, asked)) == 5
    assert "The service is busy (tried 5 times)" in end.text
    assert TEXTS.into("vi").html("failure-busy", attempts=5) == in_words(found, "vi").html
    assert words(end) == ["again"]
    assert (found["failure_kind"], found["charged"], found["armed_at"]) == ("busy", "no", None)
    assert not left_over(here)


@pytest.mark.parametrize("fault", ["refused", "dns", "tls"])
async def test_what_never_connected_is_given_up_after_five_attempts(tmp_path: Path, fault: str) -> None:
    deaf = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1")
    url = {
        "refused": f"http://127.0.0.1:{closed_port()}/api/v1",
        "dns": "http://nobody.invalid/api/v1",
        "tls": f"https://127.0.0.1:{deaf.sockets[0].getsockname()[1]}/api/v1",
    }[fault]
    async with deaf, world(tmp_path, genaipro_api_url=url) as here:
        asked = await ask(here, "unreachable")
        await shown(here, asked, "Trying again soon (attempt 2)")
        async with here.clock.hurried(1.0):
            end = await ended(here, asked)
        assert "The service is busy (tried 5 times)" in end.text
        assert words(end) == ["again"]
        assert not here.genaipro.posts
        assert (await told(here, asked))["charged"] == "no"


@pytest.mark.parametrize("headers", [{"Retry-After": "40"}, {"X-RateLimit-Reset": "40"}], ids=["seconds", "reset"])
async def test_the_wait_that_the_service_asks_for_is_kept(tmp_path: Path, headers: dict[str, str]) -> None:
    async with world(tmp_path) as here:
        here.genaipro.enqueue(Script(answer=Answer(429, {"error": "slow down"}, headers)))
        asked = await ask(here, "come back later")
        await shown(here, asked, "Trying again soon (attempt 2)")
        async with here.clock.hurried(1.0):
            end = await ended(here, asked)
        first, second = posts(here, asked)
        assert 40 <= (second.at - first.at).total_seconds() < 60
        assert "Done" in end.text
        assert (await told(here, asked))["attempts"] == 2


async def test_a_time_to_come_back_is_kept(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        reset = int(here.clock.now().timestamp()) + 90
        here.genaipro.enqueue(Script(answer=Answer(429, {}, {"X-RateLimit-Reset": str(reset)})))
        asked = await ask(here, "come back then")
        await shown(here, asked, "Trying again soon")
        async with here.clock.hurried(1.0):
            await ended(here, asked)
        _, second = posts(here, asked)
        assert reset <= second.at.timestamp() < reset + 30


async def test_a_wait_without_measure_is_cut(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.genaipro.enqueue(Script(answer=Answer(429, {}, {"Retry-After": "999999"})))
        asked = await ask(here, "come back next week")
        await shown(here, asked, "Trying again soon")
        async with here.clock.hurried(5.0):
            await ended(here, asked)
        first, second = posts(here, asked)
        assert (second.at - first.at).total_seconds() < 700


async def test_calls_keep_to_the_own_limit_and_waiting_for_it_costs_nothing(tmp_path: Path) -> None:
    async with world(tmp_path, genaipro_requests_per_minute=1) as here:
        first = await ask(here, "first")
        await posted(here, first)
        bert = here.telegram.add_person("Bert")
        second = await ask(here, "second", person=bert)
        await shown(here, second, "Preparing your photos")
        await here.stop()
        waiting = row(here, second)
        assert (waiting["state"], waiting["armed_at"], waiting["attempts"]) == ("submitting", None, 0)
        await here.start()
        async with here.clock.hurried(1.0):
            assert "Done" in (await ended(here, second)).text
            third = await ask(here, "third", person=here.telegram.add_person("Cleo"))
            assert "Done" in (await ended(here, third)).text
        assert len(here.genaipro.posts) == 3
        # The limit counts when a call goes out, the server when it has arrived: a busy machine adds to either.
        assert (posts(here, third)[0].at - posts(here, second)[0].at).total_seconds() >= 45

"""The sandbox's GenAIPro server: faults on request, gates."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import aiohttp
import pytest

from sandbox.genaipro import (
    RESULTS,
    Answer,
    End,
    Frame,
    GenAIProOptions,
    GenAIProServer,
    InHistory,
    Script,
    complete,
    status,
)
from tests.integration.sandbox.genaipro_client import Client, form

OPTIONS = GenAIProOptions().tiny()
USUAL = ["starting", "uploading_images", "processing"]


@pytest.fixture
async def server() -> AsyncIterator[GenAIProServer]:
    async with GenAIProServer(OPTIONS) as running:
        yield running


@pytest.fixture
async def client(server: GenAIProServer) -> AsyncIterator[Client]:
    async with aiohttp.ClientSession() as session:
        yield Client(server, session)


async def history(server: GenAIProServer, client: Client) -> list[Any]:
    """The history once all work is over."""
    await server.until(lambda: all(job.rendered.is_set() for job in server.jobs))
    await asyncio.sleep(0)
    return list((await client.get("/veo/histories"))[1]["data"])


@pytest.mark.parametrize(
    "answer",
    [
        Answer(503, {"error": "busy"}, {"Retry-After": "7"}),
        Answer(500, "<html>Bad</html>", content_type="text/html"),
        Answer(422, "plain", content_type="text/plain"),
    ],
)
async def test_answer_replaces_the_stream(server: GenAIProServer, client: Client, answer: Answer) -> None:
    server.enqueue(Script(answer=answer))
    heard = await client.create()
    assert (heard.status, heard.headers["Content-Type"].partition(";")[0]) == (answer.status, answer.content_type)
    assert heard.headers.get("Retry-After") == answer.headers.get("Retry-After")
    assert not server.jobs
    assert (await client.create()).words == [*USUAL, "video_generation_complete"]


async def test_error_answer_can_be_accepted_all_the_same(server: GenAIProServer, client: Client) -> None:
    server.enqueue(Script(answer=Answer(502, "<html></html>", content_type="text/html"), accepted=True))
    assert (await client.create()).status == 502
    assert len(await history(server, client)) == 1
    assert server.credits_left == 99


@pytest.mark.parametrize("end", [End.DROP_UNREAD, End.DROP_READ])
async def test_drop_before_the_answer(server: GenAIProServer, client: Client, end: End) -> None:
    server.enqueue(Script(end=end))
    heard = await client.create()
    assert isinstance(heard.fault, aiohttp.ClientConnectionError)
    assert heard.status == 0
    assert server.posts[0].accepted is (end is End.DROP_READ)
    assert bool(await history(server, client)) is (end is End.DROP_READ)


@pytest.mark.parametrize("after", [0, 1, 3, None])
async def test_drop_after_some_events(server: GenAIProServer, client: Client, after: int | None) -> None:
    server.enqueue(Script(end=End.DROP, after=after))
    heard = await client.create()
    assert heard.words == USUAL[: 3 if after is None else after]
    assert isinstance(heard.fault, aiohttp.ClientPayloadError)
    assert len(await history(server, client)) == 1


async def test_drop_in_the_middle_of_an_event(server: GenAIProServer, client: Client) -> None:
    server.enqueue(Script(end=End.MID_EVENT))
    heard = await client.create()
    assert isinstance(heard.fault, aiohttp.ClientPayloadError)
    assert heard.words == USUAL
    tail = heard.body.rpartition("\n\n")[2]
    assert tail.startswith("event: video_generation_complete\ndata: [{")
    assert not tail.endswith("]")


@pytest.mark.parametrize("kept", list(InHistory))
async def test_end_without_terminal_event(server: GenAIProServer, client: Client, kept: InHistory) -> None:
    server.enqueue(Script(end=End.EOF, after=2, history=kept))
    heard = await client.create()
    assert (heard.words, heard.fault) == (USUAL[:2], None)
    assert len(await history(server, client)) == (kept is InHistory.FINISHED)


async def test_history_waits_for_its_gate_and_its_delay(client: Client, server: GenAIProServer) -> None:
    gate = server.hold_history(Script(end=End.EOF))
    await client.create()
    await gate.blocked()
    assert await history(server, client) == []
    gate.release()
    await asyncio.sleep(0)
    assert len(await history(server, client)) == 1


async def test_history_delay_uses_the_given_sleep() -> None:
    slept: list[float] = []
    woken = asyncio.Event()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        await woken.wait()

    async with GenAIProServer(replace(OPTIONS, sleep=sleep)) as server, aiohttp.ClientSession() as session:
        client = Client(server, session)
        server.enqueue(Script(history_delay=40))
        await client.create()
        assert await history(server, client) == []
        woken.set()
        await asyncio.sleep(0)
        assert len(await history(server, client)) == 1
    assert slept == [40]


@pytest.mark.parametrize("data", [{"error": "UNSAFE_GENERATION", "code": 3}, {"message": "no"}, "quota exceeded"])
async def test_error_event_has_the_given_data(server: GenAIProServer, client: Client, data: Any) -> None:
    server.enqueue(Script(error=data))
    heard = await client.create()
    assert heard.events[-1] == ("error", data)
    assert heard.words[:-1] == USUAL
    assert server.credits_left == 100


@pytest.mark.parametrize("end", [End.SILENCE, End.PINGS])
async def test_silence_and_pings_last_until_the_client_leaves(server: GenAIProServer, client: Client, end: End) -> None:
    server.enqueue(Script(end=end, after=3))
    listening = asyncio.create_task(client.create())
    record = await server.posted()
    await server.until(lambda: len(record.events) == 3)
    assert not record.finished
    listening.cancel()
    await server.finished(record)
    assert record.client_left


async def test_frames_replace_the_course(server: GenAIProServer, client: Client) -> None:
    frames = (
        status("queued"),
        Frame("brand_new", {"a": [1]}),
        Frame(raw=": hello\n\n"),
        Frame("big", "x" * 1_000_000),
        RESULTS,
    )
    server.enqueue(Script(frames=frames))
    heard = await client.create()
    assert [name for name, _ in heard.events] == [
        *("video_generation_status", "brand_new", "big", "video_generation_complete")
    ]
    assert len(heard.events[2][1]) == 1_000_000
    assert heard.events[3][1][0]["file_url"]
    assert ": hello" in heard.body


async def test_frames_may_end_early_or_be_invented(server: GenAIProServer, client: Client) -> None:
    server.enqueue(Script(frames=(complete([]),)))
    server.enqueue(Script(frames=(Frame(raw="data: torn"),)))
    assert (await client.create()).events == [("video_generation_complete", [])]
    assert (await client.create()).body == "data: torn"


async def test_results_take_the_shapes_asked_for(server: GenAIProServer, client: Client) -> None:
    server.enqueue(Script(failed=(0, 2), failed_error="AUDIO_FILTERED", as_list=True, word="completed"))
    server.enqueue(Script(empty=True))
    server.enqueue(Script(urls=("http://10.0.0.1/x.mp4",)))
    results = (await client.create(form(videos="3"))).events[-1][1]
    assert [result["status"] for result in results] == [
        "MEDIA_GENERATION_STATUS_FAILED",
        "completed",
        "MEDIA_GENERATION_STATUS_FAILED",
    ]
    assert [len(result["file_urls"]) for result in results] == [0, 1, 0]
    assert results[0]["error"] == "AUDIO_FILTERED"
    assert (await client.create()).events[-1][1] == []
    assert (await client.create()).events[-1][1][0]["file_url"] == "http://10.0.0.1/x.mp4"
    kept = await history(server, client)
    assert kept[-1]["file_urls"] == [results[1]["file_urls"][0]]


async def test_video_file_can_fail(server: GenAIProServer, client: Client) -> None:
    server.enqueue(Script(file_answer=Answer(410, {"error": "gone"})))
    url = (await client.create()).events[-1][1][0]["file_url"]
    assert (await client.fetch(url))[0] == 410
    assert server.gets[-1].status == 410


async def test_gate_lets_events_pass_one_by_one(server: GenAIProServer, client: Client) -> None:
    gate = server.hold(at=1)
    listening = asyncio.create_task(client.create())
    await gate.blocked()
    assert [record.events for record in server.posts] == [["video_generation_status:starting"]]
    gate.release(1)
    await gate.blocked()
    assert len(server.posts[0].events) == 2
    gate.release()
    assert (await listening).words == [*USUAL, "video_generation_complete"]


async def test_prompt_has_a_script_whatever_comes_between(server: GenAIProServer, client: Client) -> None:
    server.follow("a cat", Script(error="no cats"))
    gate = server.hold(at=1, prompt="a dog")
    dogs = [asyncio.create_task(client.create(form(prompt="a dog"))) for _ in range(2)]
    for _ in range(2):
        assert (await client.create(form(prompt="a cat"))).words[-1] == "error"
    assert (await client.create(form(prompt="a bird"))).words[-1] == "video_generation_complete"
    server.enqueue(Script(empty=True))
    assert (await client.create(form(prompt="a cat"))).events[-1] == ("video_generation_complete", [])
    await gate.blocked()
    assert not any(dog.done() for dog in dogs)
    gate.release()
    assert {(await dog).words[-1] for dog in dogs} == {"video_generation_complete"}
    with pytest.raises(ValueError, match="not known"):
        server.follow("a cat", Script(end=End.DROP_UNREAD))


async def test_get_answers_can_be_queued(server: GenAIProServer, client: Client) -> None:
    server.enqueue_answer("histories", Answer(500, {"error": "no"}))
    assert (await client.get("/veo/histories"))[0] == 500
    assert (await client.get("/veo/histories"))[0] == 200


async def test_leaving_while_a_stream_hangs_ends_at_once_and_removes_files() -> None:
    async with aiohttp.ClientSession() as session:
        async with GenAIProServer(OPTIONS) as server:
            server.enqueue(Script(end=End.SILENCE))
            listening = asyncio.create_task(Client(server, session).create())
            record = await server.posted()
            await server.until(lambda: bool(record.events))
            path = record.photos[0].path
            assert path.exists()
        assert (await listening).fault is not None
    assert not path.exists()
    assert not record.client_left

"""The stream as it should be, and every oddity of it that still tells its end."""

import asyncio
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from services.failures import Charged, Failure, FailureKind
from services.genaipro.client import GenAIProClient
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    MaybeAcceptedError,
    StatusEvent,
    StreamEvent,
    VideoResult,
)
from services.options import Shape, VideoOptions
from services.photos.model import PhotoFile
from tests.unit.genaipro.conftest import KEY, MakeClient
from tests.unit.genaipro.fakes import COMPLETE, END, STATUS, URL, Exchange, Script, WireServer, chunk, event, video

DONE = VideoResult(
    id="abc123",
    prompt="a cat",
    urls=(URL,),
    succeeded=True,
    failed=False,
    status="MEDIA_GENERATION_STATUS_SUCCESSFUL",
    created_at=datetime(2026, 3, 30, 10, tzinfo=UTC),
)


async def collect(
    client: GenAIProClient, photos: Sequence[PhotoFile], into: list[StreamEvent] | None = None
) -> list[StreamEvent]:
    """The events up to the end; ``into`` keeps those that came before an error."""
    got = [] if into is None else into
    async with client.make_videos(photos, "a cat", VideoOptions(1)) as events:
        async for one in events:
            got.append(one)  # a comprehension would lose what came before an error
    return got


def streaming(*pieces: bytes) -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.stream(*pieces)
        await exchange.send(END)

    return script


async def run(make_client: MakeClient, photos: Sequence[PhotoFile], script: Script) -> list[StreamEvent]:
    async with WireServer(script) as server:
        got = await collect(make_client(server.url), photos)
        assert server.posts == server.connections == 1
        return got


async def test_the_stream_of_the_api_page(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    words = ("starting", "uploading_images", "processing")
    script = streaming(*(event(STATUS, word) for word in words), event(COMPLETE, [video()]))
    got = await run(make_client, photos, script)
    assert got == [*(StatusEvent(word) for word in words), CompletedEvent((DONE,))]


async def test_the_form(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    prompt = "Một con mèo — “đẹp”\r\n\U0001f408 --boundary"
    async with WireServer(streaming(event(COMPLETE, [video()]))) as server:
        async with make_client(server.url).make_videos(photos, prompt, VideoOptions(4)) as events:
            assert [one async for one in events] == [CompletedEvent((DONE,))]
        (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/api/v1/veo/ingredients-to-video")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "text/event-stream"
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    images = [(part.name, part.filename, part.content_type, part.body) for part in request.parts[:3]]
    assert images == [
        ("reference_images", photo.path.name, photo.content_type, photo.path.read_bytes()) for photo in photos
    ]
    texts = [(part.name, part.filename, part.body) for part in request.parts[3:]]
    assert texts == [("prompt", None, prompt.encode()), ("number_of_videos", None, b"4")]


@pytest.mark.parametrize("many", [1, 2])
async def test_the_form_of_a_tall_video(make_client: MakeClient, photos: list[PhotoFile], many: int) -> None:
    async with WireServer(streaming(event(COMPLETE, [video()]))) as server:
        async with make_client(server.url).make_videos(photos[:many], "a cat", VideoOptions(2, Shape.TALL)) as events:
            assert [one async for one in events] == [CompletedEvent((DONE,))]
        (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/api/v1/veo/frames-to-video")
    images = [(part.name, part.filename, part.content_type, part.body) for part in request.parts[:many]]
    assert images == [
        (name, photo.path.name, photo.content_type, photo.path.read_bytes())
        for name, photo in zip(("start_image", "end_image"), photos[:many], strict=False)
    ]
    texts = [(part.name, part.filename, part.body) for part in request.parts[many:]]
    assert texts == [
        ("prompt", None, b"a cat"),
        ("aspect_ratio", None, b"VIDEO_ASPECT_RATIO_PORTRAIT"),
        ("number_of_videos", None, b"2"),
    ]


async def test_a_tall_video_has_no_third_photo(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    with pytest.raises(ValueError, match="1 to 2 photos"):
        async with make_client("http://127.0.0.1:1").make_videos(photos, "a cat", VideoOptions(1, Shape.TALL)):
            pass


async def test_every_call_names_the_bot(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def script(exchange: Exchange) -> None:
        if exchange.request.method == "GET":
            await exchange.answer(200, b"[]")
        else:
            await exchange.stream(event(COMPLETE, [video()]))

    async with WireServer(script) as server:
        client = make_client(server.url)
        await client.credits_left()
        await client.histories()
        for shape in Shape:
            async with client.make_videos(photos[:1], "a cat", VideoOptions(1, shape)) as events:
                assert [one async for one in events]
        agents = [request.headers["user-agent"] for request in server.requests]
    assert len(agents) == 4
    assert all(re.fullmatch(r"Pho2Video/\d+(\.\d+)+", agent) for agent in agents)


async def test_a_surrogate_in_the_prompt_is_sent_as_utf8(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async with WireServer(streaming(event(COMPLETE, []))) as server:
        async with make_client(server.url).make_videos(photos[:1], "a\ud800b", VideoOptions(1)) as events:
            assert [one async for one in events] == [CompletedEvent(())]
        assert server.requests[0].parts[1].body == b"a?b"


async def test_nothing_is_read_after_the_terminal_event(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.stream(event("error", {"error": "boom"}) + event(STATUS, "processing"))
        await exchange.until_closed()

    async with WireServer(script) as server:
        assert await collect(make_client(server.url), photos) == [FailedEvent(Failure(FailureKind.OTHER, "boom"))]
        await server.closed.wait()


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        (STATUS, "starting", StatusEvent("starting")),
        (STATUS, '{"status": "queued", "progress": 5}', StatusEvent("queued")),
        (STATUS, '"  step\\n two "', StatusEvent("step two")),
        (STATUS, '"never heard of"', StatusEvent("never heard of")),
        (STATUS, "null", StatusEvent(STATUS)),
        ("heartbeat", '{"n": 1}', StatusEvent("heartbeat")),
        ("message", "hello", StatusEvent("message")),
    ],
)
async def test_progress_of_every_shape(
    make_client: MakeClient, photos: list[PhotoFile], name: str, data: str, expected: StreamEvent
) -> None:
    raw = f"event: {name}\r\ndata: {data}\r\n\r\n".encode()
    got = await run(make_client, photos, streaming(b": ping\n\n", raw, b":\n\n", event(COMPLETE, [video()])))
    assert got == [expected, CompletedEvent((DONE,))]


async def test_an_event_without_a_name_is_a_message(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    got = await run(make_client, photos, streaming(b"data: x\n\n", event(COMPLETE, [])))
    assert got == [StatusEvent("message"), CompletedEvent(())]


async def test_a_line_of_a_megabyte(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    prompt = "é" * 1_200_000
    raw = f"event: {COMPLETE}\ndata: {json.dumps([video(prompt=prompt)], ensure_ascii=False)}\n\n".encode()
    (got,) = await run(make_client, photos, streaming(*(raw[at : at + 65_537] for at in range(0, len(raw), 65_537))))
    assert isinstance(got, CompletedEvent)
    assert got.results[0].prompt == prompt


async def test_a_line_larger_than_anything_sane(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.stream(*[b"x" * 1_000_000] * 9)
        await exchange.until_closed()

    async with WireServer(script) as server:
        with pytest.raises(MaybeAcceptedError) as caught:
            await collect(make_client(server.url), photos)
        assert caught.value.failure == Failure(FailureKind.LOST, charged=Charged.UNKNOWN)
        assert server.posts == 1


async def test_text_cut_byte_by_byte(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    raw = f"\ufeffevent: {STATUS}\rdata: đang tạo\r\r".encode() + event(COMPLETE, [video()]).replace(b"\n", b"\r\n")
    got = await run(make_client, photos, streaming(*(raw[at : at + 1] for at in range(len(raw)))))
    assert got == [StatusEvent("đang tạo"), CompletedEvent((DONE,))]


async def test_invalid_utf8_stops_nothing(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    raw = f"event: {STATUS}\n".encode() + b"data: a\xffb\n\n"
    got = await run(make_client, photos, streaming(raw, event(COMPLETE, [video()])))
    assert got == [StatusEvent("a\ufffdb"), CompletedEvent((DONE,))]


@pytest.mark.parametrize("cut", [1, 2])
async def test_a_result_whose_end_got_lost(make_client: MakeClient, photos: list[PhotoFile], cut: int) -> None:
    raw = event(COMPLETE, [video()])[:-cut]
    assert await run(make_client, photos, streaming(raw)) == [CompletedEvent((DONE,))]


@pytest.mark.parametrize("is_cut", [False, True])
async def test_a_result_that_the_break_follows_at_once(
    make_client: MakeClient, photos: list[PhotoFile], is_cut: bool
) -> None:
    raw = event(COMPLETE, [video()])

    async def script(exchange: Exchange) -> None:
        await exchange.stream(event(STATUS, "processing"))
        await exchange.send(chunk(raw[:-1] if is_cut else raw))
        exchange.reset() if is_cut else exchange.writer.close()

    assert await run(make_client, photos, script) == [StatusEvent("processing"), CompletedEvent((DONE,))]


ODD_HEADS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n",
    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n",
)


@pytest.mark.parametrize("head", ODD_HEADS)
@pytest.mark.parametrize("start", [b"", b": ping\n\n", b"\xef\xbb\xbf\r\n", b"\n\n"])
async def test_a_stream_of_another_type_shows_its_progress_as_it_comes(
    make_client: MakeClient, photos: list[PhotoFile], head: bytes, start: bytes
) -> None:
    shown = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.send(head + start)
        await exchange.send(event(STATUS, "starting"))
        await shown.wait()
        await exchange.send(event(COMPLETE, [video()]))
        await exchange.until_closed()

    async with (
        WireServer(script) as server,
        make_client(server.url).make_videos(photos, "a cat", VideoOptions(1)) as events,
    ):
        assert await anext(events) == StatusEvent("starting")
        shown.set()
        assert [one async for one in events] == [CompletedEvent((DONE,))]


@pytest.mark.parametrize("head", ODD_HEADS)
@pytest.mark.parametrize("start", [b"", b"  \n", b"\xef\xbb\xbf"])
async def test_an_answer_of_another_type_is_no_stream(
    make_client: MakeClient, photos: list[PhotoFile], head: bytes, start: bytes
) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(head + start)
        await exchange.send(json.dumps([video()]).encode())

    assert await run(make_client, photos, script) == [CompletedEvent((DONE,))]


async def test_leaving_closes_the_connection(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.stream(event(STATUS, "starting"))
        await exchange.until_closed()

    async with WireServer(script) as server:
        async with make_client(server.url).make_videos(photos, "a cat", VideoOptions(1)) as events:
            assert await anext(events) == StatusEvent("starting")
        await server.closed.wait()
        assert server.posts == 1


@pytest.mark.parametrize("answers", [True, False])
async def test_a_cancellation_closes_the_connection(
    make_client: MakeClient, photos: list[PhotoFile], answers: bool
) -> None:
    asked = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        if answers:
            await exchange.stream(event(STATUS, "starting"))
        asked.set()
        await exchange.until_closed()

    async with WireServer(script) as server:
        task = asyncio.create_task(collect(make_client(server.url), photos))
        await asked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await server.closed.wait()
        assert server.posts == 1


async def test_a_consumers_own_error_stays_its_own(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def consume(client: GenAIProClient) -> None:
        async with client.make_videos(photos, "a cat", VideoOptions(1)) as events:
            await anext(events)
            raise TimeoutError("mine")

    async with WireServer(streaming(event(STATUS, "starting"), event(COMPLETE, []))) as server:
        with pytest.raises(TimeoutError, match="mine"):
            await consume(make_client(server.url))


async def test_the_stream_may_be_of_another_2xx(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def script(exchange: Exchange) -> None:
        body = chunk(event(COMPLETE, [video()])) + END
        head = b"HTTP/1.1 201 Created\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        await exchange.send(head + body)

    assert await run(make_client, photos, script) == [CompletedEvent((DONE,))]

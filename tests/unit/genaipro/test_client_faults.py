"""Whatever breaks, there is one POST, and the error says who may have been charged."""

import asyncio
import logging
import socket
import traceback
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import aiohttp
import pytest

from services.failures import Charged, Failure, FailureKind
from services.genaipro.client import GenAIProClient
from services.genaipro.events import (
    CompletedEvent,
    GenAIProError,
    MaybeAcceptedError,
    NotAcceptedError,
    RefusedError,
    StatusEvent,
    StreamEvent,
)
from services.genaipro.rate_limit import ProcessRateLimit
from services.genaipro.stream import PaidEventSource
from services.http_requests import AnswerFirstSocket
from services.options import VideoOptions
from services.photos.model import PhotoFile
from tests.hand_clock import HandClock
from tests.unit.genaipro.conftest import KEY, MakeClient
from tests.unit.genaipro.fakes import (
    COMPLETE,
    END,
    STATUS,
    STREAM_HEAD,
    Exchange,
    Script,
    WireServer,
    chunk,
    event,
    video,
)
from tests.unit.genaipro.test_client_stream import DONE, collect

LOST = Failure(FailureKind.LOST, charged=Charged.UNKNOWN)


async def fail(make_client: MakeClient, photos: Sequence[PhotoFile], script: Script) -> GenAIProError:
    async with WireServer(script) as server:
        with pytest.raises(GenAIProError) as caught:
            await collect(make_client(server.url), photos)
        assert server.posts == server.connections == 1
        return caught.value


def sends(data: bytes, *, reset: bool = False) -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.send(data)
        if reset:
            exchange.reset()

    return script


BEGUN = STREAM_HEAD + chunk(event(STATUS, "processing"))
BREAKS = {
    "before-any-byte": b"",
    "in-the-head": STREAM_HEAD[:20],
    "after-the-head": STREAM_HEAD,
    "after-an-event": BEGUN,
    "mid-event": BEGUN + chunk(event(COMPLETE, [video()])[:60]),
    "mid-chunk": BEGUN + chunk(event(COMPLETE, [video()]))[:-10],
    "cut-name": BEGUN + chunk(f"data: []\nevent: {COMPLETE[:-1]}".encode()),
    "cut-status": BEGUN + chunk(f"event: {STATUS}\ndata: pro".encode()),
}


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("sent", BREAKS.values(), ids=BREAKS)
async def test_a_drop(make_client: MakeClient, photos: list[PhotoFile], sent: bytes, reset: bool) -> None:
    error = await fail(make_client, photos, sends(sent, reset=reset))
    assert isinstance(error, MaybeAcceptedError)
    assert error.failure == LOST


@pytest.mark.parametrize("sent", [BEGUN + END, BREAKS["cut-status"]], ids=["normal-end", "cut-off-status"])
async def test_only_whole_progress_is_told_before_the_end(
    make_client: MakeClient, photos: list[PhotoFile], sent: bytes
) -> None:
    got: list[StreamEvent] = []
    async with WireServer(sends(sent)) as server:
        with pytest.raises(MaybeAcceptedError) as caught:
            await collect(make_client(server.url), photos, got)
        assert server.posts == 1
    assert caught.value.failure == LOST
    assert got == [StatusEvent("processing")]


@pytest.mark.parametrize("sent", [b"", STREAM_HEAD, BEGUN], ids=["no-answer", "no-event", "no-end"])
async def test_silence(make_client: MakeClient, photos: list[PhotoFile], sent: bytes) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(sent)
        await exchange.until_closed()

    async with WireServer(script) as server:
        with pytest.raises(MaybeAcceptedError) as caught:
            await collect(make_client(server.url, idle_timeout=0.1), photos)
        assert caught.value.failure == LOST
        assert server.posts == 1


async def test_a_server_that_stops_reading(make_client: MakeClient, photos: list[PhotoFile], tmp_path: Path) -> None:
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(30_000_000)
    release = asyncio.Event()

    async def script(_exchange: Exchange) -> None:
        await release.wait()

    async with WireServer(script, read_body=False) as server:
        with pytest.raises(MaybeAcceptedError) as caught:
            await collect(
                make_client(server.url, idle_timeout=0.2),
                [PhotoFile(large, "image/jpeg", large.stat().st_size)],
            )
        release.set()
        assert caught.value.failure == LOST
        assert server.posts == 1


@pytest.mark.parametrize("data", ["[", '[{"id": "abc', "null", "17", '"no address"', "[1, null]", "{}"])
async def test_a_completed_event_that_cannot_be_read(
    make_client: MakeClient, photos: list[PhotoFile], data: str
) -> None:
    raw = STREAM_HEAD + chunk(f"event: {COMPLETE}\ndata: {data}\n\n".encode()) + END
    error = await fail(make_client, photos, sends(raw))
    assert isinstance(error, MaybeAcceptedError)
    assert error.failure == LOST


async def test_a_refused_connection_is_not_accepted(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = make_client(f"http://127.0.0.1:{taken.getsockname()[1]}/api/v1")
        with pytest.raises(NotAcceptedError) as caught:
            await collect(client, photos)
        with pytest.raises(NotAcceptedError):
            await client.credits_left()
    assert caught.value.failure == Failure(FailureKind.BUSY)
    assert (caught.value.status, caught.value.retry_after) == (None, None)


async def test_a_failed_tls_handshake_is_not_accepted(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def no_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(no_tls, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(NotAcceptedError):
            await collect(make_client(f"https://127.0.0.1:{port}/api/v1"), photos)


async def test_an_unknown_host_is_not_accepted(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    with pytest.raises(NotAcceptedError):
        await collect(make_client("http://nowhere.invalid/api/v1"), photos)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/api", "http:///api"])
async def test_an_unusable_address_is_refused(make_client: MakeClient, photos: list[PhotoFile], url: str) -> None:
    with pytest.raises(RefusedError) as caught:
        await collect(make_client(url), photos)
    assert caught.value.failure == Failure(FailureKind.INTERNAL)


async def test_a_missing_photo_stops_before_any_connection(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    photos[1].path.unlink()
    async with WireServer(sends(b"")) as server:
        with pytest.raises(RefusedError) as caught:
            await collect(make_client(server.url), photos)
        assert caught.value.failure == Failure(FailureKind.PHOTOS)
        assert server.connections == 0


@pytest.mark.parametrize(("many", "prompt", "count"), [(0, "a", 1), (1, " ", 1), (1, "a", 0), (1, "a", 5)])
async def test_arguments_out_of_range(
    make_client: MakeClient, photos: list[PhotoFile], many: int, prompt: str, count: int
) -> None:
    with pytest.raises(ValueError, match="1 to 3 photos"):
        async with make_client("http://127.0.0.1:1").make_videos(photos[:many], prompt, VideoOptions(count)):
            pass


async def test_a_dead_pooled_connection_is_not_used(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    """The read leaves a connection in the session's pool; the paid POST must not ride on it."""

    async def script(exchange: Exchange) -> None:
        if exchange.request.method == "GET":
            await exchange.answer(200, b"[]")
        else:
            await exchange.stream(event(COMPLETE, [video()]))

    async with WireServer(script) as server:
        client = make_client(server.url)
        assert await client.credits_left() == 0
        assert await client.credits_left() == 0
        assert server.connections == 1
        assert await collect(client, photos) == [CompletedEvent((DONE,))]
        assert server.connections == 2
        assert server.requests[-1].headers["connection"] == "close"


@pytest.mark.parametrize("status", [400, 401, 402, 413, 503])
async def test_a_refusal_while_the_body_is_under_way(make_client: MakeClient, tmp_path: Path, status: int) -> None:
    """The server answers without reading the body and closes: the answer counts, not the broken pipe."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(20_000_000)

    async def script(exchange: Exchange) -> None:
        await exchange.answer(status, b'{"error": "no"}', extra="Retry-After: 7\r\n")

    async with WireServer(script, read_body=False) as server:
        with pytest.raises(GenAIProError) as caught:
            await collect(make_client(server.url), [PhotoFile(large, "image/jpeg", large.stat().st_size)])
        assert server.posts == 1
    assert (caught.value.status, caught.value.failure.reason) == (status, "no")


@pytest.mark.parametrize("write", [lambda sock: sock.send(b"more"), lambda sock: sock.sendmsg([b"more"])])
def test_an_answer_is_read_before_a_failed_write_tells(write: Callable[[socket.socket], int]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, AnswerFirstSocket() as client:
        client.connect(listener.getsockname())
        server, _ = listener.accept()
        client.send(b"never read")
        server.recv(1, socket.MSG_PEEK)
        server.sendall(b"no")
        server.close()  # with bytes unread: the connection is reset
        for _ in range(3):
            with pytest.raises(BlockingIOError):
                write(client)
        assert client.recv(10) == b"no"
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            write(client)


async def test_a_source_connects_once(session: aiohttp.ClientSession) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.stream(event(STATUS, "starting"))
        await exchange.send(END)

    async with WireServer(script) as server:
        async with PaidEventSource(server.url, session, data=b"x") as source:
            assert [one.data async for one in source] == ['"starting"']
            with pytest.raises(StopAsyncIteration):
                await anext(source)
            with pytest.raises(RuntimeError, match="once"):
                await source.connect()
        with pytest.raises(RuntimeError):
            await anext(source)
        assert server.posts == 1


async def test_a_source_left_early_closes_its_connection(session: aiohttp.ClientSession) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.stream(event(STATUS, "starting"))
        await exchange.until_closed()

    async with WireServer(script) as server:
        async with PaidEventSource(server.url, session, data=b"x") as source:
            await anext(source)
        await server.closed.wait()


def secrets_of(error: BaseException) -> str:
    """Everything that a log could hold of an error, causes included."""
    chain: list[str] = []
    current: BaseException | None = error
    while current is not None:
        chain += [repr(current), str(current), repr(vars(current))]
        current = current.__cause__ or current.__context__
    return " ".join([*chain, *traceback.format_exception(error)])


async def told_by(call: Awaitable[object]) -> str:
    try:
        return repr(await call)
    except GenAIProError as error:
        return secrets_of(error)


@pytest.mark.parametrize(
    "answer",
    [
        lambda exchange: exchange.answer(401, f"key {KEY} is unknown".encode(), "text/plain"),
        lambda exchange: exchange.answer(400, f'{{"detail": "{KEY}"}}'.encode()),
        lambda exchange: exchange.answer(500, f"<p>{KEY}</p>".encode(), "text/html"),
        lambda exchange: exchange.answer(200, f'{{"error": "{KEY}"}}'.encode()),
        lambda exchange: exchange.stream(event("error", {"error": f"Bearer {KEY}"})),
        lambda exchange: exchange.send(b"HTTP/1.1 nonsense\r\n\r\n"),
        lambda exchange: exchange.send(b""),
    ],
)
async def test_the_key_is_in_no_error_and_no_log(
    make_client: MakeClient,
    photos: list[PhotoFile],
    caplog: pytest.LogCaptureFixture,
    answer: Callable[[Exchange], asyncio.Future[None]],
) -> None:
    async def script(exchange: Exchange) -> None:
        await answer(exchange)
        exchange.writer.close()

    caplog.set_level(logging.DEBUG)
    async with WireServer(script) as server:
        client = make_client(server.url)
        shown = await told_by(collect(client, photos)) + await told_by(client.credits_left())
    assert len(shown) > 2
    assert KEY not in shown
    assert KEY not in repr(client)
    assert KEY not in caplog.text
    assert "a cat" not in caplog.text


async def test_reads_are_paced_and_every_call_holds_the_others_when_asked_to(
    session: aiohttp.ClientSession, paid: aiohttp.ClientSession, clock: HandClock, photos: list[PhotoFile]
) -> None:
    waited = []

    class Counting(ProcessRateLimit):
        async def wait(self) -> None:
            waited.append(True)

        async def hold(self, seconds: float) -> None:
            waited.append(False)

    async def script(exchange: Exchange) -> None:
        await exchange.answer(429, b"", extra="Retry-After: 5\r\n")

    async with WireServer(script) as server:
        limit = Counting(30, clock)
        client = GenAIProClient(session, paid, server.url, KEY, idle_timeout=5, rate_limit=limit, clock=clock)
        with pytest.raises(NotAcceptedError):
            await collect(client, photos)
        with pytest.raises(NotAcceptedError):
            await client.histories()
    assert waited == [False, True, False]

"""Calls of the Bot API over real sockets: what is written, what comes back, and what is kept between them."""

import gzip
import io
import socket
import threading
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import InputFile, Message
from telegram.error import BadRequest, Forbidden, NetworkError, RetryAfter, TelegramError
from telegram.request import RequestData

from bot.telegram_session import TelegramRequest
from services.http_requests import CallBrokeError
from tests.counted import Counted
from tests.integration.bot.raw_server import answering, saying
from tests.integration.bot.telegram_calls import MESSAGE, TOKEN, TRUE, bot_at, failure, is_unsent, talk

pytestmark = pytest.mark.usefixtures("no_proxies")


async def test_form_is_written_as_it_is(request_: TelegramRequest) -> None:
    async with talk(request_, answering(200, MESSAGE)) as (bot, server):
        message = await bot.send_message(7, "Ảnh & <b>một</b>=1 😀\n", parse_mode="HTML", disable_notification=True)
    assert message.message_id == 5
    (got,) = server.got
    assert got.line == f"POST /bot{TOKEN}/sendMessage HTTP/1.1"
    assert got.body == (
        b"chat_id=7&text=%E1%BA%A2nh+%26+%3Cb%3Em%E1%BB%99t%3C%2Fb%3E%3D1+%F0%9F%98%80%0A"
        b"&disable_notification=true&parse_mode=HTML"
    )
    assert got.headers["content-type"] == "application/x-www-form-urlencoded"
    assert got.headers["content-length"] == str(len(got.body))
    assert got.headers["user-agent"] == TelegramRequest.USER_AGENT
    assert not {"cookie", "authorization", "transfer-encoding"} & got.headers.keys()


async def test_call_without_parameters_has_no_body(request_: TelegramRequest) -> None:
    async with talk(request_, answering(200, TRUE)) as (bot, server):
        await bot.log_out()
    (got,) = server.got
    assert (got.line, got.body) == (f"POST /bot{TOKEN}/logOut HTTP/1.1", b"")
    assert got.headers["content-length"] == "0"
    assert "content-type" not in got.headers


async def test_upload_streams_from_its_file(request_: TelegramRequest, tmp_path: Path) -> None:
    sizes: list[int] = []

    class Film(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            sizes.append(-1 if size is None else size)
            return super().read(-1 if size is None else size) or b""

    async def take(request: web.Request) -> web.Response:
        parts = {}
        async for part in await request.multipart():
            parts[part.name] = len(await part.read())  # type: ignore[union-attr]
        seen.append(parts)
        return web.Response(body=MESSAGE)

    seen: list[dict[str | None, int]] = []
    path = tmp_path / "film"
    path.write_bytes(bytes(700_000))
    app = web.Application()
    app.router.add_post("/bot{token}/sendVideo", take)
    async with TestServer(app) as server, bot_at(server.port or 0, request_) as bot:
        with Film(path) as film:
            await bot.send_video(7, InputFile(film, filename="a.mp4", read_file_handle=False))
    assert seen == [{"chat_id": 1, "video": 700_000}]
    assert len(sizes) >= 3
    assert 0 < min(sizes) <= max(sizes) <= 262_144


async def test_long_form_goes_whole(request_: TelegramRequest) -> None:
    text = "x" * 500_000
    async with talk(request_, answering(200, MESSAGE)) as (bot, server):
        await bot.send_message(7, "hi")
        await bot.send_message(7, text)
    assert ("text", text) in parse_qsl(server.got[1].body.decode())
    assert (len(server.got), server.connections) == (2, 1)


@pytest.mark.parametrize(
    ("status", "body", "kind", "text"),
    [
        (
            400,
            b'{"ok":false,"error_code":400,"description":"Bad Request: chat not found"}',
            BadRequest,
            "hat not found",
        ),
        (
            403,
            b'{"ok":false,"error_code":403,"description":"Forbidden: bot was blocked"}',
            Forbidden,
            "bot was blocked",
        ),
        (429, b'{"ok":false,"description":"Too Many","parameters":{"retry_after":7}}', RetryAfter, "7"),
        (502, b"<html>bad gateway</html>", NetworkError, "Bad Gateway (502)"),
        (302, b"", NetworkError, "Found (302)"),
    ],
)
async def test_status_reaches_the_library(
    request_: TelegramRequest, status: int, body: bytes, kind: type[TelegramError], text: str
) -> None:
    async with talk(request_, answering(status, body, "Location: /elsewhere")) as (bot, server):
        error = await failure(bot)
    assert type(error) is kind
    assert text in str(error)
    assert not isinstance(error.__cause__, CallBrokeError)
    assert len(server.got) == 1


async def test_compressed_answer_is_read(request_: TelegramRequest) -> None:
    async with talk(request_, answering(200, gzip.compress(MESSAGE), "Content-Encoding: gzip")) as (bot, _):
        assert isinstance(await bot.send_message(7, "hi"), Message)


async def test_kept_connection_is_used_again(request_: TelegramRequest) -> None:
    async with talk(request_, answering(200, MESSAGE)) as (bot, server):
        for _ in range(3):
            await bot.send_message(7, "hi")
    assert (len(server.got), server.connections) == (3, 1)


async def test_kept_connection_that_breaks_repeats_nothing(request_: TelegramRequest) -> None:
    async with talk(request_, answering(200, MESSAGE), saying(b""), answering(200, MESSAGE)) as (bot, server):
        await bot.send_message(7, "hi")
        error = await failure(bot)
        assert (len(server.got), server.connections) == (2, 1)
        await bot.send_message(7, "hi")
    assert not is_unsent(error)
    assert (len(server.got), server.connections) == (3, 2)


async def test_kept_connection_that_the_server_closed_is_not_used(request_: TelegramRequest) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    requests: list[bytes] = []

    def serve() -> None:
        """Promises to keep each connection, and closes it."""
        for _ in range(2):
            client, _address = listener.accept()
            with client:
                requests.append(client.recv(65536))
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(MESSAGE), MESSAGE))
                # The far end has what was sent before this end closes: one event is not taken for the other.
                answered.wait(10)
                answered.clear()
            closed.set()

    answered, closed = threading.Event(), threading.Event()
    server = threading.Thread(target=serve, daemon=True)
    server.start()
    with listener:
        async with bot_at(listener.getsockname()[1], request_) as bot:
            await bot.send_message(7, "one")
            answered.set()
            # The loop stands still: it cannot have learned that the connection was closed.
            closed.wait(10)
            await bot.send_message(7, "two")
            answered.set()
    server.join(10)
    assert [b"text=one" in requests[0], b"text=two" in requests[1], len(requests)] == [True, True, 2]


async def test_opens_again_after_it_was_closed(request_: TelegramRequest) -> None:
    async with talk(request_, answering(200, MESSAGE)) as (bot, server):
        await request_.initialize()
        await bot.send_message(7, "hi")
        await request_.shutdown()
        await request_.shutdown()
        with pytest.raises(RuntimeError):
            await request_.do_request(f"http://127.0.0.1:{server.port}/x", "POST")
        await request_.initialize()
        await bot.send_message(7, "hi")
    assert len(server.got) == 2


async def test_before_it_is_open_there_are_no_calls(request_: TelegramRequest) -> None:
    with pytest.raises(RuntimeError):
        await request_.do_request("http://127.0.0.1:1/x", "POST", RequestData())


async def test_calls_and_bytes_are_counted_once(request_: TelegramRequest) -> None:
    counted, refusal = Counted(), b'{"ok":false,"description":"no"}'
    answers = (answering(200, MESSAGE), answering(400, refusal), answering(200, MESSAGE), saying(b""))
    async with talk(request_, *answers) as (bot, server):
        await bot.send_message(7, "hi")
        await failure(bot)
        await bot.send_video(7, b"\x00\x00\x00\x18ftypmp42")
        await failure(bot)

    for status in ("200", "400", "0"):
        assert counted("calls_total", service="telegram", call="sendMessage", status=status) == 1
    assert counted("calls_total", service="telegram", call="sendVideo", status="200") == 1
    assert counted("bytes_total", service="telegram", direction="out") == sum(len(got.body) for got in server.got)
    assert counted("bytes_total", service="telegram", direction="in") == 2 * len(MESSAGE) + len(refusal)

"""Calls of the Bot API that fail: whether they can have been made, and that no error holds the token."""

import asyncio
import socket

import pytest
from telegram import Bot
from telegram.error import NetworkError, TimedOut

from bot.telegram_session import TelegramRequest
from services.clock import Clock
from services.http_requests import NeverSentError
from services.telemetry import Contact
from tests.integration.bot.raw_server import Answer, answering, saying
from tests.integration.bot.telegram_calls import MESSAGE, TOKEN, assert_silent, bot_at, failure, is_unsent, talk

pytestmark = pytest.mark.usefixtures("no_proxies")


async def test_refused_connection_was_not_sent(request_: TelegramRequest) -> None:
    async with bot_at(1, request_) as bot:
        error = await failure(bot)
    assert type(error) is NetworkError
    assert is_unsent(error)
    assert str(error.__cause__) == "ClientConnectorError"
    assert_silent(error)


async def test_unknown_host_was_not_sent(request_: TelegramRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    async with request_:
        error = await failure(Bot(TOKEN, "http://nowhere.invalid/bot", request=request_))
    assert type(error) is NetworkError
    assert is_unsent(error)
    assert_silent(error)


@pytest.mark.parametrize("base", ["http:///bot", "ftp://127.0.0.1/bot", "http://[::1/bot"])
async def test_unusable_address_was_not_sent_and_is_not_told(request_: TelegramRequest, base: str) -> None:
    async with request_:
        error = await failure(Bot(TOKEN, base, request=request_))
    assert isinstance(error, NetworkError)
    assert is_unsent(error)
    assert_silent(error)


async def test_wait_for_a_connection_in_vain_was_not_sent() -> None:
    asked, over = asyncio.Event(), asyncio.Event()

    async def never(writer: asyncio.StreamWriter) -> None:
        asked.set()
        await over.wait()
        await answering(200, MESSAGE)(writer)

    request = TelegramRequest(Contact(Clock()), 1)
    async with talk(request, never) as (bot, server):
        first = asyncio.create_task(bot.send_message(7, "hi"))
        await asked.wait()
        error = await failure(bot, pool_timeout=0.02, connect_timeout=0.02)
        over.set()
        await first
    assert type(error) is TimedOut
    assert isinstance(error.__cause__, NeverSentError)
    assert is_unsent(error)
    assert_silent(error)
    assert len(server.got) == 1


async def test_answer_that_does_not_come_in_time_is_a_timeout(request_: TelegramRequest) -> None:
    over = asyncio.Event()

    async def never(writer: asyncio.StreamWriter) -> None:
        await over.wait()

    async with talk(request_, never) as (bot, server):
        error = await failure(bot, read_timeout=0.05)
        over.set()
    assert type(error) is TimedOut
    assert not is_unsent(error)
    assert_silent(error)
    assert len(server.got) == 1


async def test_answer_that_stops_halfway_is_a_timeout(request_: TelegramRequest) -> None:
    over = asyncio.Event()

    async def half(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")
        await over.wait()

    async with talk(request_, half) as (bot, _):
        error = await failure(bot, read_timeout=0.05)
        over.set()
    assert type(error) is TimedOut
    assert not is_unsent(error)
    assert_silent(error)


@pytest.mark.parametrize(
    "answer",
    [
        saying(b""),
        saying(b"", reset=True),
        saying(b"HTTP/1.1 200 OK\r\nContent-Le"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", reset=True),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),
        answering(200, b"not compressed", "Content-Encoding: gzip"),
    ],
    ids=["end", "reset", "half a header", "half a body", "reset in a body", "bad chunk", "no http", "bad gzip"],
)
async def test_answer_that_breaks_is_a_network_error_and_may_have_been_sent(
    request_: TelegramRequest, answer: Answer
) -> None:
    async with talk(request_, answer) as (bot, server):
        error = await failure(bot)
    assert type(error) is NetworkError
    assert not is_unsent(error)
    assert_silent(error)
    assert len(server.got) == 1

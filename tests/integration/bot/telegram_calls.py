"""A bot that calls a raw server over the request under test, and what its failures are looked at for."""

import traceback
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from telegram import Bot
from telegram.error import TelegramError

from bot.telegram_session import TelegramRequest
from services.clock import Clock
from services.delivery.errors import SendNotSentError, SendUnknownError
from services.delivery.send import meaning
from services.telemetry import Contact
from tests.integration.bot.raw_server import Answer, RawServer, raw_server

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
MESSAGE = b'{"ok":true,"result":{"message_id":5,"date":1,"chat":{"id":7,"type":"private"},"text":"hi"}}'
TRUE = b'{"ok":true,"result":true}'


def telegram_request(proxy: str = "") -> TelegramRequest:
    """What calls go over, counted nowhere."""
    return TelegramRequest(Contact(Clock()), 4, proxy)


@asynccontextmanager
async def bot_at(port: int, request: TelegramRequest) -> AsyncIterator[Bot]:
    async with request:
        base = f"http://127.0.0.1:{port}"
        yield Bot(TOKEN, f"{base}/bot", f"{base}/file/bot", request=request, get_updates_request=request)


@asynccontextmanager
async def talk(request: TelegramRequest, *answers: Answer) -> AsyncIterator[tuple[Bot, RawServer]]:
    async with raw_server(*answers) as server, bot_at(server.port, request) as bot:
        yield bot, server


async def failure(bot: Bot, **limits: float) -> TelegramError:
    with pytest.raises(TelegramError) as caught:
        await bot.send_message(7, "hi", **limits)  # type: ignore[arg-type]
    return caught.value


def chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def assert_silent(error: BaseException) -> None:
    """Nothing that could be printed of it holds the token."""
    shown = "".join(traceback.format_exception(error))
    for each in chain(error):
        shown += f"{each} {each!r} {each.args} {vars(each)}"
    assert TOKEN not in shown
    assert TOKEN.split(":")[1] not in shown


def is_unsent(error: TelegramError) -> bool:
    found = meaning(error, whole=True)
    assert isinstance(found, SendNotSentError | SendUnknownError)
    return isinstance(found, SendNotSentError)

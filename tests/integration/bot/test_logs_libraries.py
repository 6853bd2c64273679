"""What the real libraries log, with everything turned up."""

import io
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import aiohttp
import pytest
import telegram
from aiohttp import web
from aiohttp.test_utils import TestServer
from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from bot.logs import configure_logging
from bot.telegram_session import TelegramRequest
from services.clock import Clock
from services.telemetry import Contact

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
KEY = "gp-key-0123456789"
PROMPT = "a private wish about the sea"
NOISY = ("telegram", "aiohttp", "sqlalchemy", "asyncio")
ME = {"id": 123456789, "is_bot": True, "first_name": "Bot", "username": "some_bot"}


@pytest.fixture
def stream(restored_logging: None) -> io.StringIO:
    lines = io.StringIO()
    configure_logging("DEBUG", "console", [TOKEN, KEY], lines)
    return lines


def turn_up() -> None:
    """Undoes the ceilings: redaction has to hold on its own."""
    logging.root.setLevel(logging.DEBUG)
    for name in logging.root.manager.loggerDict:
        if name.split(".")[0] in NOISY:
            logging.getLogger(name).setLevel(logging.DEBUG)


@asynccontextmanager
async def bot_api() -> AsyncIterator[str]:
    """Answers `getMe`, refuses everything else in ways that repeat what was sent."""

    async def answer(request: web.Request) -> web.Response:
        method = request.match_info["method"]
        if method == "getMe":
            return web.json_response({"ok": True, "result": ME})
        if method == "getFile":
            return web.Response(text=f"<html>{request.url} {PROMPT}</html>")
        return web.json_response({"ok": False, "error_code": 400, "description": f"bad: {request.url}"}, status=400)

    app = web.Application()
    app.router.add_route("*", "/bot{token}/{method}", answer)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}"


def new_request() -> TelegramRequest:
    return TelegramRequest(Contact(Clock()), 2)


async def talk_to_telegram() -> None:
    async with bot_api() as url:
        bot = telegram.Bot(TOKEN, base_url=f"{url}/bot", base_file_url=f"{url}/file/bot", request=new_request())
        async with bot:
            for call in (
                bot.send_message(1, PROMPT),
                bot.get_file("f"),
                bot.send_photo(1, b"\xff\xd8", caption=PROMPT),
            ):
                try:
                    await call
                except telegram.error.TelegramError:
                    logging.getLogger("handlers.x").exception("the call failed")
    async with new_request() as request:
        dead = telegram.Bot(TOKEN, base_url=f"{url}/bot", request=request)
        for lost in (dead.get_me(), dead.send_photo(1, b"\xff\xd8", caption=PROMPT)):
            try:
                await lost
            except telegram.error.TelegramError:
                logging.getLogger("handlers.x").exception("the call failed")


async def talk_to_genaipro() -> None:
    async with bot_api() as url, aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        for path in (f"bot{TOKEN}/x?signature={KEY}", "v/video.mp4?X-Amz-Signature=abc"):
            async with session.get(f"{url}/{path}") as response:
                try:
                    response.raise_for_status()
                except aiohttp.ClientResponseError:
                    logging.getLogger("services.x").exception("the call failed")


def talk_to_the_database() -> None:
    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE t (prompt TEXT UNIQUE)"))
            for _ in range(2):
                connection.execute(text("INSERT INTO t VALUES (:prompt)"), {"prompt": PROMPT})
    except SQLAlchemyError:
        logging.getLogger("services.x").exception("the statement failed")
    engine.dispose()


async def talk_to_all() -> None:
    await talk_to_telegram()
    await talk_to_genaipro()


def assert_no_secrets(shown: str) -> None:
    for secret in (TOKEN, TOKEN.split(":")[1], TOKEN.replace(":", "%3A"), KEY, "Signature=abc"):
        assert secret not in shown


async def test_debug_level_shows_no_secret_and_no_prompt(stream: io.StringIO) -> None:
    await talk_to_all()
    shown = stream.getvalue()
    assert shown.count("the call failed") == 7
    assert_no_secrets(shown)
    for private in (PROMPT, "video.mp4", "sendMessage"):
        assert private not in shown


async def test_secrets_stay_hidden_with_every_library_turned_up(stream: io.StringIO) -> None:
    turn_up()
    await talk_to_all()
    shown = stream.getvalue()
    assert "Calling Bot API endpoint" in shown
    assert_no_secrets(shown)


async def test_statements_do_not_repeat_their_parameters(stream: io.StringIO) -> None:
    talk_to_the_database()
    shown = stream.getvalue()
    assert "UNIQUE constraint failed" in shown
    assert PROMPT not in shown


def test_update_in_a_message_of_the_framework_shows_its_type_only(stream: io.StringIO) -> None:
    message = telegram.Message(1, datetime(2026, 1, 1, tzinfo=UTC), telegram.Chat(1, "private"), text=PROMPT)
    update = telegram.Update(1, message)
    logging.getLogger("telegram.ext.Application").critical("Error for update %s.", update)
    assert "Error for update <Update>." in stream.getvalue()
    assert PROMPT in str(update)
    assert PROMPT not in stream.getvalue()


async def test_requests_to_our_own_server_are_not_logged(stream: io.StringIO) -> None:
    async with bot_api() as url, aiohttp.ClientSession() as session:
        await session.get(f"{url}/bot1:a/getMe")
    assert stream.getvalue() == ""

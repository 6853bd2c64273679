"""The chat in a browser: the real bot on a sandbox, and a page in which a person talks to it."""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
import webbrowser
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import typer

from bot.demo import BOT, bot_environment
from bot.errors import STATUS_CONFIGURATION, STATUS_FAILED, OperatorError
from bot.settings_loading import load_settings
from sandbox.botapi import BotApiOptions, BotApiServer
from sandbox.demo.processes import RestartableBot, last_lines
from sandbox.demo.show import PACE, Place
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from sandbox.web import Cast, ChatOptions, ChatServer, PassThrough, ScreenCard
from services.messenger import keyboard

_GRACE = 4.0
"""Seconds that the bot gets to end by itself: what it keeps goes anyway, and the whole has ten."""


@dataclass(frozen=True, slots=True)
class ChatSetup:
    """How the chat is started."""

    port: int = 0
    """Of the page; 0 takes a free one."""
    language: str = "en"
    """Of the page and of the people's Telegram."""
    service: tuple[str, str] | None = None
    """The base URL and the key of the one that makes the videos, in place of the sandbox's."""
    opens: bool = True
    """Whether the page is opened, where there is a display."""
    quick: bool = False
    """Make videos that take milliseconds: 320×180, half a second."""


def real_service() -> tuple[str, str]:
    """The base URL and the key of the service that the settings name."""
    settings = load_settings(run=False)
    key = settings.genaipro_api_key.get_secret_value()
    if not key:
        raise OperatorError("GENAIPRO_API_KEY is not set; --genaipro needs it", STATUS_CONFIGURATION)
    return settings.genaipro_api_url, key


async def run_chat(chat: ChatSetup) -> int:
    """Run the chat until SIGINT, SIGTERM or SIGHUP, and return 0, or 1 when the bot ended by itself."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        directory = tempfile.TemporaryDirectory(prefix="pho2video-", ignore_cleanup_errors=True)
        room = Path(stack.enter_context(directory))
        bot = await _open(chat, room, stack)
        stopping, dying = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(bot.died())
        await asyncio.wait({stopping, dying}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            return 0
        typer.echo("The bot ended by itself. The last lines of its log:", err=True)
        for line in last_lines(room):
            typer.echo(f"  {line}", err=True)
        return STATUS_FAILED


async def _open(chat: ChatSetup, room: Path, stack: AsyncExitStack) -> RestartableBot:
    """Start everything; the page is told as soon as it works."""
    token, files = f"7000000001:{secrets.token_urlsafe(26)}", room / "telegram"
    files.mkdir()
    telegram_options = BotApiOptions(token=token, data_dir=files, privacy_mode=False)
    telegram = await stack.enter_async_context(BotApiServer(telegram_options))
    cast = Cast.gather(telegram, chat.language)
    service = None
    if chat.service is not None:
        url, key = chat.service
    else:
        options = GenAIProOptions(key=secrets.token_urlsafe(26), data=room / "genaipro", pace=PACE)
        service = await stack.enter_async_context(GenAIProServer(options.tiny() if chat.quick else options))
        url, key = service.url, options.key
    chat_options = ChatOptions(chat.port, chat.language, service is None, (token, key))
    page = ChatServer(chat_options, telegram, cast, service, _cards)
    try:
        await stack.enter_async_context(page)
    except OSError as error:
        message = f"The page cannot be served on port {chat.port}: {error.strerror or error}"
        raise OperatorError(message, STATUS_CONFIGURATION) from error
    door = PassThrough(url, page.wire, page.grouping, keep_host=service is not None)
    await stack.enter_async_context(door)
    # The first person is the bot's admin, the group may use it, nobody else.
    environment = bot_environment(Place(token, telegram.url, key, door.url), chat.language, room) | {
        "OPEN_ACCESS": "false",
        "ADMIN_USER_IDS": str(cast.people[0].user_id),
        "ALLOWED_CHAT_IDS": str(cast.group.chat_id),
        "RECONCILE_INTERVAL": "5",
    }
    bot = RestartableBot(BOT, environment, room, _GRACE)
    page.control(bot)
    stack.push_async_callback(bot.stop)
    await bot.start()
    typer.echo(page.url)
    if chat.opens and _has_display():
        await asyncio.to_thread(webbrowser.open, page.url)
    return bot


def _has_display() -> bool:
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _cards() -> list[ScreenCard]:
    """All screens as the page wants them."""
    # With all handlers and the database behind them: the chat is there a third earlier without.
    from bot.screens import exhibits  # noqa: PLC0415

    cards = []
    for one in exhibits():
        markup = keyboard(one.screen)
        buttons = None if markup is None else markup.to_dict()
        cards.append(ScreenCard(one.section, one.title, one.language, one.screen.html, buttons))
    return cards

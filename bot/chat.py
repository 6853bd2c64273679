"""The chat in a browser: the real bot on a sandbox, and a page in which a person talks to it."""

import asyncio
import os
import secrets
import signal
import sys
import tempfile
import webbrowser
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import typer

from bot.demo import BOT, bot_settings, inherited
from bot.errors import STATUS_CONFIGURATION, STATUS_FAILED, OperatorError
from bot.screens import exhibits
from sandbox.botapi import BotApiOptions, BotApiServer
from sandbox.demo.processes import RestartableBot, last_lines
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from sandbox.web import Cast, ChatOptions, ChatServer, PassThrough, ScreenCard
from services.messenger import keyboard
from services.screens import Screen

_PACE = 1.2
"""Seconds between events: a chat shows one edit a second, and this is to be seen step by step."""
_GRACE = 4.0
"""Seconds that the bot gets to end by itself: what it keeps goes anyway, and the whole has ten."""


@dataclass(frozen=True, slots=True)
class RealService:
    """Where videos come from: the base URL and the key of the real service."""

    url: str
    key: str


@dataclass(frozen=True, slots=True)
class ChatSetup:
    """How the chat is started."""

    port: int = 0
    """Of the page; 0 takes a free one."""
    language: str = "en"
    """Of the page and of the people's Telegram."""
    service: RealService | None = None
    """In place of the sandbox's."""
    opens: bool = True
    """Whether the page is opened, where there is a display."""
    quick: bool = False
    """Make videos that take milliseconds: 320×180, half a second."""


def real_service() -> RealService:
    """The service of the settings.

    Raises:
        OperatorError: They cannot be used, or name no key; exit status 2.
    """
    # The settings bring the database's library along, which a chat without them does not wait for.
    from bot.settings_loading import load_settings  # noqa: PLC0415

    settings = load_settings(run=False)
    key = settings.genaipro_api_key.get_secret_value()
    if not key:
        raise OperatorError("GENAIPRO_API_KEY is not set; --genaipro needs it", STATUS_CONFIGURATION)
    return RealService(settings.genaipro_api_url, key)


def run_chat(chat: ChatSetup) -> int:
    """Run the chat until SIGINT, SIGTERM or SIGHUP, and return 0, or 1 when the bot ended by itself.

    Raises:
        OperatorError: The port is taken; exit status 2.
    """
    return asyncio.run(_until_signal(chat))


async def _until_signal(chat: ChatSetup) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    async with AsyncExitStack() as stack:
        directory = tempfile.TemporaryDirectory(prefix="pho2video-", ignore_cleanup_errors=True)
        room = Path(stack.enter_context(directory))
        bot = await _open(chat, room, stack)
        stopping, dying = asyncio.ensure_future(stop.wait()), asyncio.ensure_future(bot.died())
        try:
            await asyncio.wait({stopping, dying}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            dying.cancel()
        if stop.is_set():
            return 0
        typer.echo("The bot ended by itself. The last lines of its log:", err=True)
        for line in last_lines(room):
            typer.echo(f"  {line}", err=True)
        return STATUS_FAILED


async def _open(chat: ChatSetup, room: Path, stack: AsyncExitStack) -> RestartableBot:
    """Start everything; the page is told as soon as it works."""
    token = f"7000000001:{secrets.token_urlsafe(26)}"
    key = chat.service.key if chat.service else secrets.token_urlsafe(26)
    telegram = await stack.enter_async_context(
        BotApiServer(BotApiOptions(token=token, data_dir=_made(room / "telegram"), privacy_mode=False))
    )
    cast = Cast.gather(telegram, chat.language)
    service = None
    if chat.service is None:
        options = GenAIProOptions(key=key, data=_made(room / "genaipro"), pace=_PACE)
        service = await stack.enter_async_context(GenAIProServer(options.tiny() if chat.quick else options))
    chat_options = ChatOptions(chat.port, chat.language, chat.service is not None, (token, key))
    page = ChatServer(chat_options, telegram, cast, service, _cards)
    try:
        await stack.enter_async_context(page)
    except OSError as error:
        message = f"The page cannot be served on port {chat.port}: {error.strerror or error}"
        raise OperatorError(message, STATUS_CONFIGURATION) from error
    upstream = chat.service.url if chat.service else service.url if service else ""
    door = PassThrough(upstream, page.wire, page.grouping, keep_host=chat.service is None)
    await stack.enter_async_context(door)
    place = {"token": token, "bot_api_url": telegram.url, "key": key, "genaipro_url": door.url}
    bot = RestartableBot(BOT, _environment(place, cast, chat.language, room), room, _GRACE)
    page.control(bot)
    stack.push_async_callback(bot.stop)
    await bot.start()
    typer.echo(page.url)
    sys.stdout.flush()
    if chat.opens and _has_display():
        await asyncio.to_thread(webbrowser.open, page.url)
    return bot


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _environment(place: Mapping[str, str], cast: Cast, language: str, room: Path) -> dict[str, str]:
    """The bot's whole environment: the first person is its admin, the group may use it, nobody else."""
    return (
        inherited(os.environ)
        | bot_settings(place, language, room)
        | {
            "TMPDIR": str(room),
            "OPEN_ACCESS": "false",
            "ADMIN_USER_IDS": str(cast.people[0].user_id),
            "ALLOWED_CHAT_IDS": str(cast.group.chat_id),
            "RECONCILE_INTERVAL": "5",
        }
    )


def _has_display() -> bool:
    return sys.platform in {"darwin", "win32"} or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _cards() -> list[ScreenCard]:
    """All screens as the page wants them."""
    return [
        ScreenCard(one.section, one.title, one.language, one.screen.html, _keyboard(one.screen)) for one in exhibits()
    ]


def _keyboard(screen: Screen) -> dict[str, object] | None:
    markup = keyboard(screen)
    return None if markup is None else markup.to_dict()

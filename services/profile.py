"""What Telegram shows of the bot before anybody writes to it: lists of commands and descriptions.

Nothing here is needed for the bot to work, and Telegram limits some of it to a few calls a day: every step is tried
once, and what fails is logged and left. Sources: Bot API pages of ``setMyCommands``, ``BotCommandScope``,
``setMyDescription``, ``setMyShortDescription``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import ParamSpec

from structlog import get_logger
from telegram import (
    Bot,
    BotCommand,
    BotCommandScope,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
)
from telegram.error import TelegramError

from services.texts import LANGUAGES, Phrases, Texts

STEP_SECONDS = 30.0

TELEGRAM_LANGUAGES = (
    "ar be bg bn ca cs da de el en es et fa fi fr he hi hr hu id it ja kk km ko lt lv ms my nb nl pl pt ro ru sk sl sr"
    " sv ta th tr uk ur uz vi zh"
)
"""Languages of Telegram's apps, in which an owner may have set a description."""

log = get_logger(__name__)

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Menus:
    """The names of the commands that Telegram shows, in order; each has a text ``command-<name>``."""

    private: tuple[str, ...]
    groups: tuple[str, ...]
    admin: tuple[str, ...]
    """In the private chats of admins."""


class Profile:
    """Makes Telegram show the bot as its texts describe it.

    Args:
        bot: The bot; its connections are used, past its rate limiter: a text refused for the day would otherwise
            count as a flood and make every chat wait.
    """

    def __init__(self, bot: Bot, texts: Texts, menus: Menus) -> None:
        self._menus = menus
        self._bot = Bot(
            bot.token, base_url=lambda _token: bot.base_url, request=bot.request, get_updates_request=bot.request
        )
        self._texts = texts

    async def publish(self, admin_ids: Iterable[int]) -> None:
        """Register all commands, and set descriptions where the owner has none; never raises for Telegram's sake.

        The name is the owner's, and so is a description that was set in any language.
        """
        await self._publish_commands(BotCommandScopeAllPrivateChats(), self._menus.private)
        await self._publish_commands(BotCommandScopeAllGroupChats(), self._menus.groups)
        for admin_id in sorted(admin_ids):
            await self.publish_for_admin(admin_id)
        bot = self._bot

        async def short(code: str | None) -> str:
            return (await bot.get_my_short_description(code)).short_description

        async def long(code: str | None) -> str:
            return (await bot.get_my_description(code)).description

        await _try("short_description", self._describe, "bot-short-description", short, bot.set_my_short_description)
        await _try("description", self._describe, "bot-description", long, bot.set_my_description)

    async def publish_for_admin(self, admin_id: int) -> None:
        """Register the commands of admins in one admin's chat, which Telegram refuses before they wrote to the bot."""
        await self._publish_commands(BotCommandScopeChat(admin_id), self._menus.admin)

    def _editions(self) -> list[tuple[str | None, Phrases]]:
        by_code = [(language, self._texts.into(language)) for language in LANGUAGES]
        return [(None, self._texts.into(self._texts.choose(None))), *by_code]

    async def _publish_commands(self, scope: BotCommandScope, names: tuple[str, ...]) -> None:
        for code, phrases in self._editions():
            commands = [BotCommand(name, phrases.plain(f"command-{name}")) for name in names]
            await _try("commands", self._bot.set_my_commands, commands, scope, code)

    async def _describe(
        self,
        text_id: str,
        found: Callable[[str | None], Awaitable[str]],
        change: Callable[[str, str | None], Awaitable[object]],
    ) -> None:
        """Set a description where every one is missing or ours, and not all are there: a start may have died midway."""
        ours = {code: phrases.plain(text_id) for code, phrases in self._editions()}
        there = {code: await found(code) for code in ours}
        if there == ours or any(text not in ("", ours[code]) for code, text in there.items()):
            return
        # Asked once in the life of a bot: after that, all of ours are there, or one of the owner's was found.
        for code in TELEGRAM_LANGUAGES.split():
            if code not in ours and await found(code) not in {"", *ours.values()}:
                return
        for language, text in ours.items():
            await change(text, language)


async def _try(what: str, step: Callable[P, Awaitable[object]], *args: P.args, **kwargs: P.kwargs) -> None:
    try:
        async with asyncio.timeout(STEP_SECONDS):
            await step(*args, **kwargs)
    except (TelegramError, TimeoutError) as error:
        log.warning("profile_not_set", what=what, error=type(error).__name__)

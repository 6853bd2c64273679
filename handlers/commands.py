"""The commands: what each one does, and the table of them."""

import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from telegram import Update
from telegram.ext import BaseHandler, CallbackQueryHandler, CommandHandler, ContextTypes, MessageHandler, filters

from handlers.admin import AdminCommands
from handlers.answers import Answers
from handlers.callers import caller_of
from handlers.forget_menu import ForgetMenu
from handlers.guard import Guard, Visitor
from handlers.history_menu import HistoryMenu
from handlers.settings_menu import SettingsMenu
from services.access import CLAIM_PREFIX, ClaimLink
from services.drafts.model import Owner
from services.generations.model import CancelOutcome
from services.screens import Screen


class OpenDrafts(Protocol):
    """The drafts, as far as ``/cancel`` knows them."""

    async def cancel_open(self, owner: Owner) -> str | None:
        """Cancel the owner's open draft; None when there is none."""
        ...


class DraftCards(Protocol):
    """The cards of drafts, as far as ``/cancel`` knows them."""

    def now(self, draft_id: str) -> None:
        """Bring one up to date."""
        ...


class RunningGenerations(Protocol):
    """The generations, as far as ``/cancel`` knows them."""

    async def newest_running(self, chat_id: int, thread_id: int | None, user_id: int) -> str | None:
        """The person's newest generation here that has not ended, or None."""
        ...

    async def cancel(self, generation_id: str, user_id: int, *, is_admin: bool = False) -> CancelOutcome:
        """Ask for its end."""
        ...


@dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept, in days, for ``/privacy``.

    Attributes:
        requests: What was started.
        drafts: What was not started.
        photos: Photos that went by in groups.
    """

    requests: int
    drafts: int
    photos: int


class Commands:
    """The commands that need no menu.

    Args:
        guard: Lets people in.
        answers: Says things.
        claim_link: Makes the first admin.
        drafts: For ``/cancel``.
        cards: For ``/cancel``.
        generations: For ``/cancel``.
        on_new_admin: Called with the id of somebody who has just become admin.
        retention: How long what is kept.
    """

    def __init__(
        self,
        guard: Guard,
        answers: Answers,
        claim_link: ClaimLink,
        drafts: OpenDrafts,
        cards: DraftCards,
        generations: RunningGenerations,
        on_new_admin: Callable[[int], Awaitable[None]],
        retention: Retention,
    ) -> None:
        self._guard = guard
        self._answers = answers
        self._claim_link = claim_link
        self._drafts = drafts
        self._cards = cards
        self._generations = generations
        self._on_new_admin = on_new_admin
        self._retention = retention

    async def start(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/start``: what the bot does; behind the claim link, it makes the first admin."""
        claimed = await self._claim(update, context.args or [])
        visitor = await self._guard.admit(update)
        if visitor is None:
            return
        lines = [visitor.phrases.html("claimed")] if claimed else []
        key = "start-private" if visitor.caller.is_private else "start-group"
        lines.append(visitor.phrases.html(key, bot=context.bot.username))
        await self._answers.say(visitor.caller.answer_place, Screen("\n\n".join(lines)))
        if claimed:
            await self._on_new_admin(visitor.caller.user_id)

    async def help(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/help``: how to ask, and what the limits are."""
        visitor = await self._guard.admit(update)
        if visitor is None:
            return
        key = "help-private" if visitor.caller.is_private else "help-group"
        lines = [visitor.phrases.html(key, bot=context.bot.username)]
        if visitor.is_admin and visitor.caller.is_private:
            lines.append(visitor.phrases.html("help-admin"))
        await self._answers.say(visitor.caller.answer_place, Screen("\n\n".join(lines)))

    async def privacy(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/privacy``: what is kept, how long, and where it goes."""
        visitor = await self._guard.admit(update)
        if visitor is not None:
            kept = self._retention
            await self._say(visitor, "privacy", requests=kept.requests, drafts=kept.drafts, photos=kept.photos)

    async def cancel(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/cancel``: end the open draft, or else the newest generation that runs."""
        visitor = await self._guard.admit(update, as_person=True)
        if visitor is None:
            return
        caller = visitor.caller
        here = (caller.chat_id, caller.thread_id, caller.user_id)
        draft_id = await self._drafts.cancel_open(Owner(*here))
        if draft_id is not None:
            self._cards.now(draft_id)
            await self._say(visitor, "cancel-draft")
            return
        running = await self._generations.newest_running(*here)
        outcome = await self._generations.cancel(running, caller.user_id) if running else CancelOutcome.UNKNOWN
        await self._say(visitor, "cancel-running" if outcome is CancelOutcome.ACCEPTED else "cancel-nothing")

    async def unknown(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """Any other command in private, unless it is meant for another bot."""
        text = update.message.text if update.message else None
        addressed = re.match(r"/\w+@(\w+)", text or "")
        if addressed and addressed[1].lower() != context.bot.username.lower():
            return
        visitor = await self._guard.admit(update)
        if visitor is not None:
            await self.say_unknown(visitor)

    async def say_unknown(self, visitor: Visitor) -> None:
        """One sentence in private, silence in groups."""
        if visitor.caller.is_private:
            await self._say(visitor, "unknown-command")

    async def _claim(self, update: Update, arguments: list[str]) -> bool:
        caller = caller_of(update)
        if caller is None or not caller.is_private or len(arguments) != 1:
            return False
        if not arguments[0].startswith(CLAIM_PREFIX):
            return False
        return await self._claim_link.claim(arguments[0].removeprefix(CLAIM_PREFIX), caller.user_id)

    async def _say(self, visitor: Visitor, key: str, **arguments: int) -> None:
        await self._answers.say(visitor.caller.answer_place, Screen(visitor.phrases.html(key, **arguments)))


@dataclass(frozen=True, slots=True)
class CommandRooms:
    """All that answers commands."""

    commands: Commands
    settings: SettingsMenu
    history: HistoryMenu
    forget: ForgetMenu
    admin: AdminCommands


def command_handlers(rooms: CommandRooms) -> list[BaseHandler[Update, Any, Any]]:
    """The routes of commands and of the menus' buttons, except ``/video``."""
    new = filters.UpdateType.MESSAGE
    table: list[tuple[str, Callable[[Update, ContextTypes.DEFAULT_TYPE], Coroutine[Any, Any, None]]]] = [
        ("start", rooms.commands.start),
        ("help", rooms.commands.help),
        ("cancel", rooms.commands.cancel),
        ("privacy", rooms.commands.privacy),
        ("history", rooms.history.command),
        ("settings", rooms.settings.command),
        ("forget", rooms.forget.command),
        ("stats", rooms.admin.stats),
        ("allow", rooms.admin.allow),
        ("deny", rooms.admin.deny),
    ]
    return [
        *(CommandHandler(name, handler, filters=new) for name, handler in table),
        CallbackQueryHandler(rooms.settings.press, pattern=r"^s:"),
        CallbackQueryHandler(rooms.history.press, pattern=r"^h:"),
        CallbackQueryHandler(rooms.forget.press, pattern=r"^f:"),
    ]


def unknown_command_handler(rooms: CommandRooms) -> BaseHandler[Update, Any, Any]:
    """The route of commands that no other route took: it comes after ``/video`` and before plain texts."""
    only = filters.COMMAND & filters.UpdateType.MESSAGE & filters.ChatType.PRIVATE
    return MessageHandler(only, rooms.commands.unknown)

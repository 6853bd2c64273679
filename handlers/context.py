"""What a handler is given beside the update: the services, who asks from where, and the ways to answer them.

Sources: the library's example ``contexttypesbot.py``; Bot API pages of ``Message`` (``sender_chat``,
``is_topic_message``), ``CallbackQuery`` and ``answerCallbackQuery``.
"""

from dataclasses import dataclass, replace
from typing import Any, cast

from structlog import get_logger
from telegram import CallbackQuery, Message, Update
from telegram.constants import CallbackQueryLimit, ChatType
from telegram.error import BadRequest, ChatMigrated
from telegram.ext import Application, CallbackContext, ExtBot

from services.drafts.model import Owner
from services.messenger import ChatClosedError, EditOutcome
from services.people import Preferences
from services.screens import Place, Screen
from services.services import Services
from services.texts import Argument, Phrases

SERVICES = "services"
"""The key in ``bot_data`` under which the application keeps them."""

Data = dict[Any, Any]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind an update, and the place it happened in."""

    user_id: int
    """For an anonymous person, that of a fixed account of Telegram's."""
    chat_id: int
    thread_id: int | None
    """The forum topic, or None (also for General)."""
    message_id: int | None
    """The message that they wrote, or the one under whose button they pressed."""
    is_private: bool
    """Whether this is their chat with the bot."""
    is_anonymous: bool
    """Whether they write as the group or as a channel."""
    telegram_language: str | None
    """IETF tag of their Telegram client."""

    @property
    def answer_place(self) -> Place:
        """Where an answer belongs: in a group it is a reply, for several people may be asking."""
        return Place(self.chat_id, self.thread_id, None if self.is_private else self.message_id)

    @property
    def owner(self) -> Owner:
        """Whose drafts and generations they ask about here."""
        return Owner(self.chat_id, self.thread_id, self.user_id)


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in."""

    caller: Caller
    is_admin: bool
    preferences: Preferences
    phrases: Phrases
    """The texts in their language."""


class Context(CallbackContext[ExtBot[None], Data, Data, Data]):
    """The context of every handler."""

    visitor: Visitor
    """Who asks; set where they are let in (:mod:`handlers.visitors`)."""

    @property
    def services(self) -> Services:
        """The services of the process."""
        return cast(Services, self.bot_data[SERVICES])

    async def say(self, place: Place, screen: Screen) -> None:
        """Send a message; where the chat is closed to the bot, nothing happens."""
        messenger = self.services.messenger
        try:
            try:
                await messenger.send(place, screen)
            except ChatMigrated as moved:
                # The message replied to stayed behind in the old group.
                await messenger.send(replace(place, chat_id=moved.new_chat_id, reply_to=None), screen)
        except ChatClosedError:
            log.info("answer_not_wanted", chat_id=place.chat_id)

    async def answer(self, screen: Screen) -> None:
        """Answer the visitor where they asked."""
        await self.say(self.visitor.caller.answer_place, screen)

    async def answer_text(self, key: str, **arguments: Argument) -> None:
        """Answer the visitor with one text, in their language."""
        await self.answer(Screen(self.visitor.phrases.html(key, **arguments)))

    async def show(self, query: CallbackQuery, screen: Screen) -> None:
        """Make the message under the pressed button show something else, or send it where that is too late."""
        message = query.message
        if message is None:
            return
        place = Place(message.chat.id)
        try:
            if await self.services.messenger.edit(place.chat_id, message.message_id, screen) is not EditOutcome.GONE:
                return
        except ChatMigrated as moved:
            place = Place(moved.new_chat_id)
        await self.say(place, screen)


BotApplication = Application[ExtBot[None], Context, Data, Data, Data, None]


def caller_of(update: Update) -> Caller | None:
    """The caller, or None: nobody in particular (a channel post) or nowhere (a button without its chat)."""
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None or chat.type == ChatType.CHANNEL:
        return None
    query = update.callback_query
    message = query.message if query is not None else update.effective_message
    return Caller(
        user_id=user.id,
        chat_id=chat.id,
        thread_id=topic_of(message) if isinstance(message, Message) else None,
        message_id=message.message_id if message else None,
        is_private=chat.type == ChatType.PRIVATE,
        is_anonymous=query is None and isinstance(message, Message) and message.sender_chat is not None,
        telegram_language=user.language_code,
    )


def topic_of(message: Message) -> int | None:
    """The message's forum topic, or None; outside forums a thread id only names a chain of replies."""
    return message.message_thread_id if message.is_topic_message else None


async def close(query: CallbackQuery, notice: str | None = None) -> None:
    """Answer a press, unless it is too late: end its spinner, with a short notice or none."""
    try:
        await query.answer(notice and notice[: int(CallbackQueryLimit.ANSWER_CALLBACK_QUERY_TEXT_LENGTH)])
    except BadRequest as error:
        log.info("press_answered_too_late", error=error.message)

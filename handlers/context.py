"""What a handler is given beside the update: the services, and who asks from where.

Sources: the library's example ``contexttypesbot.py``; Bot API pages of ``Message`` (``sender_chat``,
``is_topic_message``) and ``CallbackQuery``.
"""

from dataclasses import dataclass
from typing import Any

from telegram import Message, Update
from telegram.constants import ChatType
from telegram.ext import Application, CallbackContext, ExtBot

from services.access import Permission
from services.drafts.model import Owner
from services.people import Preferences
from services.screens import Place
from services.services import Services
from services.texts import Phrases

SERVICES = "services"
"""The key in ``bot_data`` under which the application keeps them."""

Data = dict[Any, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind an update, and the place it happened in."""

    user_id: int
    """The person; for an anonymous one, a fixed account of Telegram's."""
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
    verdict: Permission
    preferences: Preferences
    phrases: Phrases
    """The texts in their language."""

    @property
    def is_admin(self) -> bool:
        """Whether they are an admin of the bot."""
        return self.verdict is Permission.ADMIN


class Context(CallbackContext[ExtBot[None], Data, Data, Data]):
    """The context of every handler."""

    visitor: Visitor
    """Who asks; set where they are let in (:mod:`handlers.visitors`)."""

    @property
    def services(self) -> Services:
        """The services of the process."""
        services: Services = self.bot_data[SERVICES]
        return services


BotApplication = Application[ExtBot[None], Context, Data, Data, Data, None]


def caller_of(update: Update) -> Caller | None:
    """The caller, or None: nobody in particular (a channel post) or nowhere (a button without its chat)."""
    user, chat = update.effective_user, update.effective_chat
    if user is None or chat is None or chat.type == ChatType.CHANNEL:
        return None
    pressed = update.callback_query.message if update.callback_query else None
    message = pressed or update.effective_message
    wrote = update.effective_message if update.callback_query is None else None
    return Caller(
        user_id=user.id,
        chat_id=chat.id,
        thread_id=topic_of(message) if isinstance(message, Message) else None,
        message_id=message.message_id if message else None,
        is_private=chat.type == ChatType.PRIVATE,
        is_anonymous=wrote is not None and wrote.sender_chat is not None,
        telegram_language=user.language_code,
    )


def topic_of(message: Message) -> int | None:
    """The message's forum topic, or None; outside forums a thread id only names a chain of replies."""
    return message.message_thread_id if message.is_topic_message else None

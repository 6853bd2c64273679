"""Who asks, and where: what an update says about it, as a value.

Sources: Bot API pages of ``Message`` (``sender_chat``, ``is_topic_message``) and ``CallbackQuery``.
"""

from dataclasses import dataclass

from telegram import Message, Update
from telegram.constants import ChatType

from services.screens import Place


@dataclass(frozen=True, slots=True)
class Caller:
    """The person behind an update, and the place it happened in.

    Attributes:
        user_id: The person; for an anonymous one, a fixed account of Telegram's.
        chat_id: The chat.
        thread_id: The forum topic, or None (also for General).
        message_id: The message that they wrote, or the one under whose button they pressed.
        is_private: Whether this is their chat with the bot.
        is_anonymous: Whether they write as the group or as a channel.
        telegram_language: IETF tag of their Telegram client, or None.
    """

    user_id: int
    chat_id: int
    thread_id: int | None
    message_id: int | None
    is_private: bool
    is_anonymous: bool
    telegram_language: str | None

    @property
    def answer_place(self) -> Place:
        """Where an answer belongs: in a group it is a reply, for several people may be asking."""
        return Place(self.chat_id, self.thread_id, None if self.is_private else self.message_id)


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

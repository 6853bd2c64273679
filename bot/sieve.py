"""Talk in groups that is not meant for the bot, told apart before it costs anything. Pure.

A bot that sees everything in its groups (an administrator, or one without privacy mode) is sent far more than it is
asked. What is certainly not for it is confirmed and forgotten: not parsed, not stored, not handled. What a message
asks for is decided by :mod:`handlers.addressing`; this only says "certainly not", and is wrong in one direction only:
whatever is unknown here goes on.
"""

from collections.abc import Mapping

from telegram import Update
from telegram.constants import ChatType, MessageEntityType

from handlers.addressing import BotName

_GROUPS = frozenset({ChatType.GROUP, ChatType.SUPERGROUP})

_TALK = frozenset(
    {
        *("message_id", "from", "chat", "date", "sender_chat", "sender_boost_count", "sender_tag"),
        *("author_signature", "message_thread_id", "is_topic_message", "reply_to_message", "external_reply", "quote"),
        *("forward_origin", "is_automatic_forward", "has_protected_content", "via_bot", "effect_id"),
        *("text", "entities", "link_preview_options", "caption", "caption_entities", "show_caption_above_media"),
        *("photo", "document", "animation", "audio", "video", "video_note", "voice", "sticker", "story", "contact"),
        *("dice", "game", "poll", "location", "venue", "has_media_spoiler", "reply_markup"),
    }
)
"""Fields of what people say. Whatever has another one (a service message, something new) goes on."""


def is_foreign_talk(update: Mapping[str, object], bot: BotName) -> bool:
    """Whether an update is a new message in a group that is certainly not for the bot.

    For the bot may be: a command, a text that holds its name, an answer to one of its messages, and a part of an
    album, which has to be remembered, for somebody may ask about it later.

    Args:
        update: As Telegram sent it.
        bot: The bot.
    """
    message = update.get(Update.MESSAGE)
    if not isinstance(message, Mapping) or not _TALK.issuperset(message):
        return False
    chat = message.get("chat")
    if not isinstance(chat, Mapping) or chat.get("type") not in _GROUPS:
        return False
    return not _may_concern(message, bot)


def _may_concern(message: Mapping[str, object], bot: BotName) -> bool:
    words = message.get("text") or message.get("caption") or ""
    if not isinstance(words, str) or words.startswith("/") or f"@{bot.username}".lower() in words.lower():
        return True
    return _names(message.get("entities") or message.get("caption_entities"), bot) or _answers(message, bot)


def _names(entities: object, bot: BotName) -> bool:
    """Whether a name in the text leads to the bot, or it is not known where it leads."""
    if entities is None:
        return False
    if not isinstance(entities, list):
        return True
    for entity in entities:
        if not isinstance(entity, Mapping):
            return True
        if entity.get("type") in (MessageEntityType.BOT_COMMAND, MessageEntityType.TEXT_MENTION):
            user = entity.get("user")
            if not isinstance(user, Mapping) or user.get("id") == bot.id:
                return True
    return False


def _answers(message: Mapping[str, object], bot: BotName) -> bool:
    answered = message.get("reply_to_message")
    if answered is None:
        return False
    author = answered.get("from") if isinstance(answered, Mapping) else None
    return not isinstance(author, Mapping) or author.get("id") == bot.id

"""What the words of Telegram's refusals mean, in one table. The library changes their capitals: all is lower case.

Source: the texts of the Bot API server (``telegram-bot-api``, ``Client.cpp``) and of Telegram's own RPC errors.
"""

import re
from datetime import timedelta
from enum import StrEnum

from telegram.error import BadRequest, RetryAfter


class Refusal(StrEnum):
    """What a ``Bad Request`` is about."""

    NO_MEDIA_HERE = "no-media-here"
    """The bot may write to the chat, but send no videos."""
    CLOSED = "closed"
    """The chat, or the topic, is closed to the bot."""
    TOPIC_GONE = "topic-gone"
    """The topic was deleted; the rest of the forum is there."""
    REPLY_GONE = "reply-gone"
    """The message that is replied to was deleted."""
    MESSAGE_GONE = "message-gone"
    """The message that the call is about was deleted, or cannot be edited any more."""
    UNCHANGED = "unchanged"
    """The message shows this already."""
    PRESS_TOO_OLD = "press-too-old"
    """The press was not answered in time."""
    ALREADY_REFUNDED = "already-refunded"
    TOO_FEW_STARS = "too-few-stars"
    """The bot's own balance does not suffice for a refund."""
    OTHER = "other"
    """The content, or something that the bot did wrong."""


_WORDS = {
    Refusal.NO_MEDIA_HERE: r"chat_send_\w+_forbidden|rights to send (?:videos?|media|documents?|animations?)",
    Refusal.CLOSED: (
        r"chat not found|not enough rights|have no rights|need administrator rights|chat_write_forbidden"
        r"|chat_restricted|chat was deactivated|topic_closed|topic is closed|user is deactivated|user_is_blocked"
        r"|peer_id_invalid|chat_admin_required"
    ),
    Refusal.TOPIC_GONE: r"thread not found|topic_deleted",
    Refusal.REPLY_GONE: r"repl.*not found",
    Refusal.MESSAGE_GONE: r"message[\w ]* not found|can't be edited|message_id_invalid",
    Refusal.UNCHANGED: r"not modified",
    Refusal.PRESS_TOO_OLD: r"query is too old",
    Refusal.ALREADY_REFUNDED: r"charge_already_refunded",
    Refusal.TOO_FEW_STARS: r"balance_too_low|not enough stars",
}
_TABLE = [(refusal, re.compile(words)) for refusal, words in _WORDS.items()]


def refusal_of(error: BadRequest) -> Refusal:
    """What a refusal is about, by the first line of the table that fits."""
    text = error.message.lower()
    return next((refusal for refusal, words in _TABLE if words.search(text)), Refusal.OTHER)


def is_closed(error: BadRequest) -> bool:
    """Whether the chat takes nothing of this kind from the bot."""
    return refusal_of(error) in {Refusal.CLOSED, Refusal.NO_MEDIA_HERE}


def wait_of(error: RetryAfter) -> float:
    """The seconds that Telegram asks to wait; the library says it as a number or as a `timedelta`, by its settings."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)

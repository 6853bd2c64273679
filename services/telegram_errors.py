"""What the words of Telegram's refusals mean, in one table. The library changes their capitals: all is lower case.

Source: the texts of the Bot API server (``telegram-bot-api``, ``Client.cpp``) and of Telegram's own RPC errors.
"""

import re
from datetime import timedelta
from enum import Enum

from telegram.error import BadRequest, RetryAfter


class Refusal(Enum):
    """What a ``Bad Request`` is about, by its words; the first that fits counts."""

    NO_MEDIA_HERE = r"chat_send_\w+_forbidden|rights to send (?:videos?|media|documents?|animations?)"
    """The bot may write to the chat, but send no videos."""
    CLOSED = (
        r"chat not found|not enough rights|have no rights|need administrator rights|chat_write_forbidden"
        r"|chat_restricted|chat was deactivated|topic_closed|topic is closed|user is deactivated|user_is_blocked"
        r"|peer_id_invalid|chat_admin_required"
    )
    """The chat, or the topic, is closed to the bot."""
    TOPIC_GONE = r"thread not found|topic_deleted"
    """The topic was deleted; the rest of the forum is there."""
    REPLY_GONE = r"repl.*not found"
    """The message that is replied to was deleted."""
    MESSAGE_GONE = r"message[\w ]* not found|can't be edited|message_id_invalid"
    """The message that the call is about was deleted, or cannot be edited any more."""
    UNCHANGED = r"not modified"
    """The message shows this already."""
    PRESS_TOO_OLD = r"query is too old"
    """The press was not answered in time."""
    ALREADY_REFUNDED = r"charge_already_refunded"
    TOO_FEW_STARS = r"balance_too_low|not enough stars"
    """The bot's own balance does not suffice for a refund."""
    OTHER = r""
    """The content, or something that the bot did wrong: any words."""


def refusal_of(error: BadRequest) -> Refusal:
    """What a refusal is about."""
    text = error.message.lower()
    return next(refusal for refusal in Refusal if re.search(refusal.value, text))


def is_closed(error: BadRequest) -> bool:
    """Whether the chat takes nothing of this kind from the bot."""
    return refusal_of(error) in {Refusal.CLOSED, Refusal.NO_MEDIA_HERE}


def wait_of(error: RetryAfter) -> float:
    """The seconds that Telegram asks to wait; the library says it as a number or as a `timedelta`, by its settings."""
    wait = error.retry_after
    return wait.total_seconds() if isinstance(wait, timedelta) else float(wait)

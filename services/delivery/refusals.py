"""What an error of the Bot API says about videos that were being sent: refused, impossible, not sent, or unknown."""

import re
from dataclasses import replace

from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from services.delivery.errors import (
    SendError,
    SendForbiddenError,
    SendNotSentError,
    SendRefusedError,
    SendTooLargeError,
    SendUnknownError,
)
from services.screens import Place
from services.unsent import CallBrokeError, NeverSentError

_POSITION = re.compile(r"#(\d+)")
_NO_VIDEOS_HERE = re.compile(r"chat_send_|rights to send (videos?|media|documents?)")
_NOT_HERE = re.compile(
    r"chat not found|chat_write_forbidden|chat_restricted|have no rights|not enough rights|need administrator rights"
    r"|user_is_blocked|user is deactivated|peer_id_invalid|topic_closed|chat was deactivated|chat_admin_required"
)


def meaning(error: TelegramError, *, whole: bool) -> SendError | TelegramError:
    """Says what an error means for the videos.

    Texts are matched in lower case, since the library changes their capitals. Source of the texts: the Bot API
    server; of what carries them: python-telegram-bot, ``BaseRequest``.

    Args:
        error: As the library raised it.
        whole: Whether the request may have been written to its end.

    Returns:
        The error to raise: one of ours, or the same where it speaks for itself (flood limit, migration, token).
    """
    if isinstance(error, RetryAfter | ChatMigrated | InvalidToken):
        return error
    if isinstance(error, Forbidden):
        return SendForbiddenError(error.message)
    if isinstance(error, BadRequest):
        return _refusal(error.message)
    text = error.message.lower()
    if "too large" in text or "(413)" in text:
        return SendTooLargeError("too large")
    cause = error.__cause__ or error
    name = str(cause) if isinstance(cause, CallBrokeError) else type(cause).__name__
    if isinstance(error, NetworkError) and isinstance(cause, NeverSentError):
        return SendNotSentError(name)
    return SendUnknownError(name) if whole else SendNotSentError(name, broke_off=True)


def narrower(place: Place, error: TelegramError) -> Place | None:
    """Says where to send instead when what is replied to, or the topic, is gone.

    Args:
        place: Where it was sent.
        error: What came of it.

    Returns:
        The place without what is gone; None when that is not what the error is about.
    """
    text = error.message.lower() if isinstance(error, BadRequest) else ""
    if place.thread_id is not None and ("thread not found" in text or "topic_deleted" in text):
        return replace(place, thread_id=None)
    if place.reply_to is not None and "repl" in text and "not found" in text:
        return replace(place, reply_to=None)
    return None


def _refusal(message: str) -> SendError:
    text = message.lower()
    if _NOT_HERE.search(text) and not _NO_VIDEOS_HERE.search(text):
        return SendForbiddenError(message)
    position = _POSITION.search(text)
    return SendRefusedError(message, int(position[1]) - 1 if position else None)

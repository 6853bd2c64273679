"""What an HTTP answer other than a stream means for the request: try again, give up, or look the result up. Pure."""

import email.utils
import math
from collections.abc import Mapping
from datetime import UTC, datetime

from services.failures import Charged, Failure, FailureKind
from services.genaipro.classify import ErrorWords, classify
from services.genaipro.errors import GenAIProError, MaybeAcceptedError, NotAcceptedError, RefusedError
from services.genaipro.text import words_of_html
from services.genaipro.words import words_of_text

LONGEST_WAIT = 86_400.0
"""Seconds; a longer wait asked for by the service is taken as this."""

_EPOCH_FROM = 1e9
_MILLISECONDS_FROM = 1e11


def lost(status: int | None = None) -> MaybeAcceptedError:
    """The error of a stream that was cut off, fell silent or ended without a terminal event."""
    return MaybeAcceptedError(Failure(FailureKind.LOST, charged=Charged.UNKNOWN), status)


def retry_after(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long the service asks to wait.

    Args:
        headers: The answer's headers, looked up whatever their case.
        now: The current time, aware.

    Returns:
        Seconds from 0 to ``LONGEST_WAIT``: from ``Retry-After`` (seconds or an HTTP date), else from
        ``X-RateLimit-Reset`` (seconds left, or seconds or milliseconds since 1970); None when neither can be read.
        Source: RFC 9110, section 10.2.3.
    """
    asked = headers.get("Retry-After", "").strip()
    seconds = _number(asked)
    if seconds is None:
        seconds = _until_date(asked, now)
    if seconds is None:
        seconds = _number(headers.get("X-RateLimit-Reset", "").strip())
        if seconds is not None and seconds >= _EPOCH_FROM:
            moment = seconds / 1000 if seconds >= _MILLISECONDS_FROM else seconds
            seconds = moment - now.timestamp()
    return None if seconds is None else min(max(0.0, seconds), LONGEST_WAIT)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _until_date(text: str, now: datetime) -> float | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds()
    except (ValueError, OverflowError):
        return None


def words_of_body(content_type: str, body: str) -> ErrorWords:
    """What the body of an error answer says."""
    if content_type == "text/html":
        return ErrorWords(words_of_html(body))
    return words_of_text(body)


def paid_error(status: int, headers: Mapping[str, str], content_type: str, body: str, now: datetime) -> GenAIProError:
    """The error that an answer to the paid POST means.

    Args:
        status: Its HTTP status; a 2xx is one whose body told no result.
        headers: Its headers.
        content_type: Its content type without parameters, in lower case.
        body: As much of its body as was read.
        now: The current time, aware.
    """
    if status < 300:
        return lost(status)
    words = words_of_body(content_type, body)
    if status == 429 or (status == 503 and "Retry-After" in headers):
        reason = classify(words, 429)
        return NotAcceptedError(reason, status, retry_after(headers, now))
    failure = classify(words, status)
    return MaybeAcceptedError(failure, status) if status >= 500 else RefusedError(failure, status)


def read_error(status: int, headers: Mapping[str, str], content_type: str, body: str, now: datetime) -> GenAIProError:
    """The error that an answer to a read means: every one but a refusal may be asked again, for free.

    Args:
        status: Its HTTP status; 200 for an answer that is too large to be read.
        headers: Its headers.
        content_type: Its content type without parameters, in lower case.
        body: As much of its body as was read.
        now: The current time, aware.
    """
    words = words_of_body(content_type, body)
    if 300 <= status < 500 and status != 429:
        return RefusedError(classify(words, status), status)
    if status == 429 or "Retry-After" in headers:
        return NotAcceptedError(classify(words, 429), status, retry_after(headers, now))
    return NotAcceptedError(Failure(FailureKind.SERVICE, classify(words, status).reason), status)

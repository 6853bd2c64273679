"""From payloads to typed events and pages. Pure; malformed payloads give a typed error or an ``UnknownEvent``.

Source: the API page of ``POST /v1/veo/ingredients-to-video``, and what streams were seen to hold beside it.
"""

import re
from collections.abc import Mapping

from services.failures import Charged, Failure, FailureKind
from services.genaipro.classify import classify
from services.genaipro.errors import MaybeAcceptedError, NotAcceptedError
from services.genaipro.events import (
    CompletedEvent,
    CreditGrant,
    FailedEvent,
    HistoryPage,
    StatusEvent,
    StreamEvent,
    UnknownEvent,
    VideoResult,
)
from services.genaipro.results import is_failure, parse_results, parse_time
from services.genaipro.sse_decoder import SseDecoder, SseLimitError
from services.genaipro.text import NotJsonError, load_json, short
from services.genaipro.words import words_of_text, words_of_value

STATUS = "video_generation_status"
COMPLETE = "video_generation_complete"
ERROR = "error"

_WORD_KEYS = ("status", "state", "word", "message", "data")
_ADDRESS = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_LARGEST = 10**15


def parse_event(name: str, data: str) -> StreamEvent:
    """The typed event of one event of the stream.

    Args:
        name: Its name; ``message`` when the stream gave none.
        data: Its data lines, joined by line feeds.

    Raises:
        MaybeAcceptedError: A completed event whose data cannot be read: the videos may be there all the same.
    """
    kind = name.strip().lower()
    if kind == STATUS:
        word = _status_word(data)
        return StatusEvent(word) if word else UnknownEvent(short(name), "")
    if kind == COMPLETE:
        return CompletedEvent(_completed(data))
    if kind == ERROR:
        return FailedEvent(classify(words_of_text(data)))
    return UnknownEvent(short(name), short(_ADDRESS.sub("", data[:4000])))


def is_terminal(event: StreamEvent) -> bool:
    """Whether nothing comes after the event."""
    return isinstance(event, CompletedEvent | FailedEvent)


def _status_word(data: str) -> str:
    try:
        value = load_json(data)
    except NotJsonError:
        return short(data)
    if isinstance(value, Mapping):
        value = next((value[key] for key in _WORD_KEYS if isinstance(value.get(key), str)), "")
    if isinstance(value, str):
        return short(value)
    return short(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _completed(data: str) -> tuple[VideoResult, ...]:
    try:
        value = load_json(data)
    except NotJsonError:
        value = data
    if isinstance(value, str):
        value = [value.strip()]
    results = parse_results(value, final=True)
    if results is None:
        raise MaybeAcceptedError(Failure(FailureKind.LOST, charged=Charged.UNKNOWN), 200)
    return results


def parse_answer(body: str) -> StreamEvent | None:
    """The terminal event that a JSON answer stands for, where a stream was expected.

    Args:
        body: The body of a 2xx answer.

    Returns:
        A completed or failed event, or None when the body tells neither.
    """
    try:
        value = load_json(body)
    except NotJsonError:
        return None
    if isinstance(value, Mapping) and not isinstance(value.get("data"), list) and _is_error(value):
        return FailedEvent(classify(words_of_value(value)))
    results = parse_results(value, final=True)
    if results is None or any(not result.succeeded and not result.failed for result in results):
        return None
    return CompletedEvent(results)


def parse_mislabelled(body: bytes) -> StreamEvent | None:
    """The terminal event in the body of a 2xx answer that is not declared a stream, be it JSON or a stream after all.

    Args:
        body: The body.

    Returns:
        A completed or failed event, or None when the body tells neither.

    Raises:
        MaybeAcceptedError: A completed event that cannot be read.
    """
    answer = parse_answer(body.decode("utf-8-sig", "replace"))
    if answer is not None:
        return answer
    decoder = SseDecoder()
    try:
        raw = [*decoder.feed(body), *decoder.finish()]
    except SseLimitError:
        return None
    return next(filter(is_terminal, (parse_event(part.name, part.data) for part in raw)), None)


def _is_error(value: Mapping[str, object]) -> bool:
    if value.get("file_url") or value.get("file_urls"):
        return False
    status = value.get("status")
    failed = isinstance(status, str) and is_failure(status)
    return failed or bool(value.get("error") or value.get("detail")) or value.get("success") is False


def parse_histories(body: str, page: int) -> HistoryPage:
    """A page of the history.

    Args:
        body: The body of the answer.
        page: The number that was asked for, for an answer that does not repeat it.

    Raises:
        NotAcceptedError: The answer cannot be read; asking again is free.
    """
    value = _readable(body)
    listed = value.get("data", []) if isinstance(value, Mapping) else value
    results = () if listed is None else parse_results(listed, final=False)
    if results is None:
        raise _unreadable()
    if not isinstance(value, Mapping):
        return HistoryPage(results, page, page)
    number = _count(value.get("page"), page)
    size, total = _count(value.get("page_size"), 0), _count(value.get("total"), 0)
    return HistoryPage(results, number, _count(value.get("total_pages"), -(-total // size) if size else number))


def parse_credits(body: str) -> tuple[CreditGrant, ...]:
    """The grants of credits.

    Args:
        body: The body of the answer: an array, an object with it under ``data``, or one object.

    Raises:
        NotAcceptedError: The answer cannot be read; asking again is free.
    """
    value = _readable(body)
    if isinstance(value, Mapping) and "data" in value:
        value = value["data"]
    if isinstance(value, Mapping):
        value = [value]
    if value is None:
        value = []
    if not isinstance(value, list):
        raise _unreadable()
    grants = tuple(
        CreditGrant(_count(part["quota"], 0), _count(part.get("used"), 0), parse_time(part.get("expires_at")))
        for part in value
        if isinstance(part, Mapping) and "quota" in part
    )
    if value and not grants:
        raise _unreadable()
    return grants


def _readable(body: str) -> object:
    try:
        return load_json(body)
    except NotJsonError:
        raise _unreadable() from None


def _unreadable() -> NotAcceptedError:
    """The error of a read whose answer makes no sense: asking again is free."""
    return NotAcceptedError(Failure(FailureKind.SERVICE), 200)


def _count(value: object, default: int) -> int:
    """A whole number of at least 0, also from text or from a number with a fraction."""
    if isinstance(value, str) and value.strip().isdecimal():
        value = value.strip()[:20]
    elif isinstance(value, bool) or not isinstance(value, int | float):
        return default
    try:
        return min(max(0, int(value)), _LARGEST)
    except (ValueError, OverflowError):
        return default

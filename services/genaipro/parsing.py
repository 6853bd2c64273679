"""From payloads to typed events and pages, in every shape they were seen in. Pure.

Malformed payloads give a typed error, or count as progress. One object of a result: ``{"id", "prompt",
"file_url" | "file_urls", "status", "created_at", "error"?}``. Several: an array of them, a single one, or an object
with the array under ``data``. Source: the API pages of ``/v1/veo``.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from services.delivery.address import resolve
from services.failures import Failure, FailureKind
from services.genaipro.classify import classify, epoch_seconds, load_json, lost, short, words_of_text, words_of_value
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    NotAcceptedError,
    ResultPage,
    StatusEvent,
    StreamEvent,
    VideoResult,
)
from services.store.base import storable

_SUCCESS = frozenset({"successful", "success", "succeeded", "completed", "complete", "done", "finished"})
_FAILURE = re.compile(
    r"fail|error|reject|cancel|block|unsuccess|unsafe|filter|denied|abort|expired|timed?[\s_-]*out", re.IGNORECASE
)
_WORD = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"-?\d{9,16}(\.\d{1,9})?")
_WRAPPINGS = 2
_URL_KEYS = ("file_url", "file_urls")


def is_success(status: str) -> bool:
    """Whether a status word names success, such as ``MEDIA_GENERATION_STATUS_SUCCESSFUL`` or ``completed``."""
    return not is_failure(status) and any(word in _SUCCESS for word in _WORD.findall(status.lower()))


def is_failure(status: str) -> bool:
    """Whether a status word names a failure, such as ``FAILED``, ``rejected`` or ``BLOCKED_BY_FILTER``."""
    return _FAILURE.search(status) is not None


def parse_time(value: object) -> datetime | None:
    """A time as the API writes it, aware in UTC; None for anything unreadable.

    It is ISO 8601 text (with ``Z``, an offset, or nothing, which means UTC), or a number of seconds or milliseconds
    since 1970, as a number or as text of at least nine digits.
    """
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(text := value.strip()):
            moment = datetime.fromisoformat(text.removesuffix(" UTC"))
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return None
        return datetime.fromtimestamp(epoch_seconds(float(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _addresses(value: object, api_url: str) -> Iterator[str]:
    """Every address in a text, or in a list of texts or of objects that hold one; made whole where relative."""
    if isinstance(value, str):
        address = resolve(storable(value), api_url)
        if address is not None:
            yield address
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, Mapping):
                yield from _addresses(part.get("file_url") or part.get("url"), api_url)
            elif isinstance(part, str):
                yield from _addresses(part, api_url)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return storable(value) if isinstance(value, str) else str(value)[:300]


def parse_result(value: Mapping[str, object], api_url: str, *, final: bool) -> VideoResult:
    """One object, its addresses whole and on the API's host where they name none.

    In a completed event (``final``), an address under an unknown status means success; elsewhere only an address under
    no status at all does.
    """
    status = short(_text(value.get("status")))
    error = words_of_value(value.get("error"))
    reason = short(error.text or error.code)
    urls = tuple(dict.fromkeys(url for key in _URL_KEYS for url in _addresses(value.get(key), api_url)))
    failed = is_failure(status) or (bool(reason) and not urls and not is_success(status))
    succeeded = not failed and (is_success(status) or (bool(urls) and (final or not status)))
    return VideoResult(
        id=_text(value.get("id")),
        prompt=_text(value.get("prompt")),
        urls=() if failed else urls,
        succeeded=succeeded,
        failed=failed,
        status=status,
        created_at=parse_time(value.get("created_at")),
        error=reason,
    )


def parse_results(value: object, api_url: str, *, final: bool) -> tuple[VideoResult, ...] | None:
    """All objects of a payload in their order, possibly none; None when it is not of such a shape.

    It is an array of objects (or of bare addresses), one object, or an object with ``data``.
    """
    for _ in range(_WRAPPINGS):
        if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping | list):
            value = value["data"]
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        return None
    parts: list[Mapping[str, object]] = [part if isinstance(part, Mapping) else {"file_url": part} for part in value]
    results = tuple(parse_result(part, api_url, final=final) for part in parts if _is_result(part, api_url))
    return results if results or not value else None


def _is_result(value: Mapping[str, object], api_url: str) -> bool:
    """Whether the object has anything of a result: an address, an identity, an end or an error."""
    status = value.get("status")
    ended = isinstance(status, str) and (is_success(status) or is_failure(status))
    named = bool(_text(value.get("id")) or value.get("error"))
    return ended or named or any(True for key in _URL_KEYS for _ in _addresses(value.get(key), api_url))


STATUS = "video_generation_status"
COMPLETE = "video_generation_complete"
ERROR = "error"

_WORD_KEYS = ("status", "state", "word", "message", "data")
_LARGEST = 10**15


def parse_event(name: str, data: str, api_url: str) -> StreamEvent:
    """The typed event of one event of the stream.

    Raises:
        MaybeAcceptedError: A completed event whose data cannot be read: the videos may be there all the same.
    """
    kind = name.strip().lower()
    if kind == COMPLETE:
        value = load_json(data, data)
        results = parse_results([value.strip()] if isinstance(value, str) else value, api_url, final=True)
        if results is None:
            raise lost(200)
        return CompletedEvent(results)
    if kind == ERROR:
        return FailedEvent(classify(words_of_text(data)))
    word = _status_word(data) if kind == STATUS else ""
    return StatusEvent(word or short(name))


def _status_word(data: str) -> str:
    value = load_json(data, data)
    if isinstance(value, Mapping):
        value = next((value[key] for key in _WORD_KEYS if isinstance(value.get(key), str)), "")
    return short(str(value)) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def parse_answer(body: str, api_url: str) -> StreamEvent | None:
    """The terminal event that the JSON of a 2xx answer stands for, where a stream was expected, or None."""
    value = load_json(body, None)
    if isinstance(value, Mapping) and not isinstance(value.get("data"), list) and _is_error(value):
        return FailedEvent(classify(words_of_value(value)))
    results = parse_results(value, api_url, final=True)
    if results is None or any(not result.succeeded and not result.failed for result in results):
        return None
    return CompletedEvent(results)


def _is_error(value: Mapping[str, object]) -> bool:
    if value.get("file_url") or value.get("file_urls"):
        return False
    status = value.get("status")
    failed = isinstance(status, str) and is_failure(status)
    return failed or bool(value.get("error") or value.get("detail")) or value.get("success") is False


def parse_histories(body: str, page: int, api_url: str) -> ResultPage:
    """A page of the history; ``page`` is the number that was asked for, for an answer that does not repeat it.

    Raises:
        NotAcceptedError: The answer cannot be read; asking again is free.
    """
    value = load_json(body, "")
    listed = value.get("data", []) if isinstance(value, Mapping) else value
    results = () if listed is None else parse_results(listed, api_url, final=False)
    if results is None:
        raise _unreadable()
    if not isinstance(value, Mapping):
        return ResultPage(results, page)
    size, total = _count(value.get("page_size"), 0), _count(value.get("total"), 0)
    pages = -(-total // size) if size else _count(value.get("page"), page)
    return ResultPage(results, _count(value.get("total_pages"), pages))


def parse_credits(body: str) -> tuple[tuple[int, datetime | None], ...]:
    """What is left of each grant of credits, and when that expires.

    The grants are an array, an object with it under ``data``, or one object.

    Raises:
        NotAcceptedError: The answer cannot be read; asking again is free.
    """
    value = load_json(body, "")
    if isinstance(value, Mapping):
        value = value.get("data", value)
    if value is None:
        return ()
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, list):
        raise _unreadable()
    grants = tuple(
        (max(0, _count(part["quota"], 0) - _count(part.get("used"), 0)), parse_time(part.get("expires_at")))
        for part in value
        if isinstance(part, Mapping) and "quota" in part
    )
    if value and not grants:
        raise _unreadable()
    return grants


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

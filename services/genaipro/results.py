"""The objects of the completed array and of the history, in every shape they were seen in. Pure, never raises.

One object: ``{"id", "prompt", "file_url" | "file_urls", "status", "created_at", "error"?}``. Several: an array of
them, a single one, or an object with the array under ``data``. Source: the API page of ``/v1/veo``.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from services.genaipro.events import VideoResult
from services.genaipro.text import short, storable
from services.genaipro.words import words_of_value

_SUCCESS = frozenset({"successful", "success", "succeeded", "completed", "complete", "done", "finished"})
_FAILURE = re.compile(
    r"fail|error|reject|cancel|block|unsuccess|unsafe|filter|denied|abort|expired|timed?[\s_-]*out", re.IGNORECASE
)
_WORD = re.compile(r"[a-z]+")
_NUMBER = re.compile(r"-?\d{9,16}(\.\d{1,9})?")
_MILLISECONDS_FROM = 1e11
_WRAPPINGS = 2


def is_success(status: str) -> bool:
    """Whether a status word names success, such as ``MEDIA_GENERATION_STATUS_SUCCESSFUL`` or ``completed``."""
    return not is_failure(status) and any(word in _SUCCESS for word in _WORD.findall(status.lower()))


def is_failure(status: str) -> bool:
    """Whether a status word names a failure, such as ``FAILED``, ``rejected`` or ``BLOCKED_BY_FILTER``."""
    return _FAILURE.search(status) is not None


def parse_time(value: object) -> datetime | None:
    """A time as the API writes it.

    Args:
        value: ISO 8601 text (with ``Z``, an offset, or nothing, which means UTC), or a number of seconds or
            milliseconds since 1970, as a number or as text of at least nine digits.

    Returns:
        An aware time in UTC, or None for anything unreadable.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        if not _NUMBER.fullmatch(text):
            return _parse_iso(text)
        value = float(text)
    if not isinstance(value, int | float):
        return None
    try:
        seconds = float(value)
        return datetime.fromtimestamp(seconds / 1000 if abs(seconds) >= _MILLISECONDS_FROM else seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _parse_iso(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text.removesuffix(" UTC"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _addresses(value: object) -> Iterator[str]:
    """Every http(s) address in a text, or in a list of texts or of objects that hold one."""
    if isinstance(value, str):
        address = storable(value.strip())
        if address.lower().startswith(("http://", "https://")):
            yield address
    elif isinstance(value, list):
        for part in value:
            if isinstance(part, Mapping):
                yield from _addresses(part.get("file_url") or part.get("url"))
            elif isinstance(part, str):
                yield from _addresses(part)


def _text(value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return storable(value) if isinstance(value, str) else str(value)[:300]


def parse_result(value: Mapping[str, object], *, final: bool) -> VideoResult:
    """One object.

    Args:
        value: The decoded JSON object.
        final: Whether it stands in a completed event, where an address under an unknown status means success;
            elsewhere only an address under no status at all does.
    """
    status = short(_text(value.get("status")))
    error = words_of_value(value.get("error"))
    reason = short(error.text or error.code)
    urls = tuple(dict.fromkeys((*_addresses(value.get("file_url")), *_addresses(value.get("file_urls")))))
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


def parse_results(value: object, *, final: bool) -> tuple[VideoResult, ...] | None:
    """All objects of a payload.

    Args:
        value: A decoded JSON value: an array of objects (or of bare addresses), one object, or an object with
            ``data``.
        final: See ``parse_result``.

    Returns:
        The objects in their order, possibly none; None when the payload is not of such a shape.
    """
    for _ in range(_WRAPPINGS):
        if isinstance(value, Mapping) and isinstance(value.get("data"), Mapping | list):
            value = value["data"]
    if isinstance(value, Mapping):
        return (parse_result(value, final=final),) if _is_result(value) else None
    if not isinstance(value, list):
        return None
    parts: list[Mapping[str, object]] = [part if isinstance(part, Mapping) else {"file_url": part} for part in value]
    results = tuple(parse_result(part, final=final) for part in parts if _is_result(part))
    return results if results or not value else None


def _is_result(value: Mapping[str, object]) -> bool:
    """Whether the object has anything of a result: an address, an identity, an end or an error."""
    status = value.get("status")
    ended = isinstance(status, str) and (is_success(status) or is_failure(status))
    named = bool(_text(value.get("id")) or value.get("error"))
    return ended or named or any(True for key in ("file_url", "file_urls") for _ in _addresses(value.get(key)))

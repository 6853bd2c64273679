"""Outside text made fit to be stored, logged and told: short, on one line, without markup or signed addresses."""

import html
import json
import re

REASON_LIMIT = 300
"""Code points of a reason; what is longer is cut."""

_INPUT_LIMIT = 4000
_HTML_LIMIT = 8192
_BLANKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f]+")
_ADDRESS_TAIL = re.compile(r"(https?://[^\s?#]+)[?#]\S*", re.IGNORECASE)
_TITLE = re.compile(r"<title[^<>]*>([^<]*)<", re.IGNORECASE)
_UNSEEN = re.compile(r"<(script|style|head|svg)\b[^<>]*>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^<>]*>")


class NotJsonError(ValueError):
    """The text is not JSON."""


def storable(value: str) -> str:
    """The text without what databases and UTF-8 refuse: lone surrogates become ``?``, NUL goes."""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def short(value: str, limit: int = REASON_LIMIT) -> str:
    """The text on one line: blanks collapsed, queries of addresses (signatures) removed, cut.

    Args:
        value: Any text.
        limit: Code points that are kept, at least 1.

    Returns:
        At most ``limit`` code points, without blanks at either end.
    """
    line = _BLANKS.sub(" ", storable(value[:_INPUT_LIMIT])).strip()
    return _ADDRESS_TAIL.sub(r"\1", line)[:limit].strip()


def load_json(text: str) -> object:
    """The value a JSON text stands for.

    Raises:
        NotJsonError: It is not JSON, or nested too deeply to be read.
    """
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        pass
    else:
        return value
    # Raised out here, because the decoder's error holds the whole text, and a context is never dropped.
    raise NotJsonError


def looks_like_html(text: str) -> bool:
    """Whether a body is markup, whatever its content type says."""
    return text.lstrip("\ufeff \t\r\n").startswith("<")


def words_of_html(text: str) -> str:
    """What an error page says: its title, or the text of its body; empty when there is neither.

    Args:
        text: The page; only its first 8 KiB are read.
    """
    page = text[:_HTML_LIMIT]
    title = _TITLE.search(page)
    if title and title.group(1).strip():
        return short(html.unescape(title.group(1)))
    return short(html.unescape(_TAG.sub(" ", _UNSEEN.sub(" ", page))))

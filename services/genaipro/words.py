"""What an error payload says, whichever of its known shapes it has. Pure.

Shapes: ``{"error": "…", "code": …}``, ``{"message": "…"}``, ``{"error": {"message": "…"}}``, ``{"detail": "…"}``,
``{"detail": [{"loc": […], "msg": "…"}]}``, a bare string, an HTML page, nothing at all.
"""

from collections.abc import Iterable, Mapping

from services.genaipro.classify import ErrorWords
from services.genaipro.text import NotJsonError, load_json, looks_like_html, words_of_html

_TEXT_KEYS = ("error", "message", "detail", "details", "msg", "reason", "description", "error_message", "errors")
_CODE_KEYS = ("code", "error_code", "errorCode", "status_code", "status", "type")
_DEPTH = 5
_PARTS = 5


def _scalar(value: object) -> str:
    """A text or a whole number as text; empty for anything else."""
    if isinstance(value, bool):
        return ""
    if isinstance(value, int) and abs(value) < 10**18:
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _joined(parts: Iterable[str], between: str) -> str:
    """The parts that are not empty, without repeats."""
    return between.join(dict.fromkeys(part for part in parts if part))


def _words_of_mapping(value: Mapping[str, object], depth: int) -> ErrorWords:
    inner = [words_of_value(value[key], depth - 1) for key in _TEXT_KEYS if key in value]
    text = _joined((words.text for words in inner), ": ")
    code = next(filter(None, (_scalar(value.get(key)) for key in _CODE_KEYS)), "")
    place = value.get("loc")
    if text and isinstance(place, list):
        where = ".".join(filter(None, (_scalar(step) for step in place if step != "body")))
        text = f"{where}: {text}" if where else text
    return ErrorWords(text, code or next((words.code for words in inner if words.code), ""))


def words_of_value(value: object, depth: int = _DEPTH) -> ErrorWords:
    """The words in a JSON value.

    Args:
        value: A decoded JSON value of any shape.
        depth: Levels of nesting that are still followed.
    """
    if depth <= 0:
        return ErrorWords()
    if isinstance(value, Mapping):
        return _words_of_mapping(value, depth)
    if isinstance(value, list):
        parts = [words_of_value(part, depth - 1) for part in value[:_PARTS]]
        return ErrorWords(
            _joined((part.text for part in parts), "; "), next((part.code for part in parts if part.code), "")
        )
    return ErrorWords(_scalar(value))


def words_of_text(text: str) -> ErrorWords:
    """The words in a payload as it came: JSON, HTML or plain. Never raises."""
    try:
        return words_of_value(load_json(text))
    except NotJsonError:
        pass
    if looks_like_html(text):
        return ErrorWords(words_of_html(text))
    if text.lstrip().startswith(("{", "[")):
        return ErrorWords(unshown=text)
    return ErrorWords(text.strip())

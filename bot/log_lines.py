"""How an event becomes one line: values, exception, redaction, console or JSON."""

import json
import logging
import re
import sys
import traceback
from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.redaction import Redactor

LONGEST = 20_000
"""Characters: longer values are cut, so that no answer or body fills the log."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SIMPLE = re.compile(r"[^\s\"'={}\[\],]+")
_FRAMES = 4

Render = Callable[[EventDict], str]


class LineFormatter(structlog.stdlib.ProcessorFormatter):
    """Formats records of the product and of libraries alike; what leaves it is one redacted line.

    Args:
        redactor: Applied to each value, and once more to the finished line.
        render: Makes the line.
        exception: Turns ``exc_info`` into a value.
        foreign: What records of libraries go through first.
    """

    def __init__(
        self, redactor: Redactor, render: Render, exception: Processor, foreign: Sequence[Processor] = ()
    ) -> None:
        self._redactor = redactor

        def finish(_logger: WrappedLogger, _name: str, event: EventDict) -> str:
            return render({key: self._clean(value) for key, value in event.items()})

        meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
        super().__init__(processors=[meta, exception, finish], foreign_pre_chain=foreign)

    def format(self, record: logging.LogRecord) -> str:
        """One line, without line breaks and without secrets."""
        if isinstance(record.args, tuple) and any(map(_is_telegram_object, record.args)):
            record = logging.makeLogRecord(record.__dict__)
            record.args = tuple(_name_only(value) for value in record.args or ())
        return self._redactor.line(super().format(record))

    def _clean(self, value: object) -> object:
        if value is None or isinstance(value, bool | int | float):
            return value
        text = value if isinstance(value, str) else str(value)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}… ({len(text)} characters)"
        return self._redactor(text)


def _is_telegram_object(value: object) -> bool:
    """Whether it is an update, a message or the like, whose text is what people wrote."""
    return type(value).__module__.startswith("telegram.") and not isinstance(value, BaseException)


def _name_only(value: object) -> object:
    return f"<{type(value).__name__}>" if _is_telegram_object(value) else value


def shorten_exception(*, full: bool) -> Processor:
    """A processor that turns ``exc_info`` into text.

    Args:
        full: The whole traceback as ``exception``; otherwise type and message as ``error``, and the last places as
            ``at``. Never the values of variables.
    """

    def process(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        error = _exception_of(event.pop("exc_info", None))
        event.pop("stack_info", None)
        if error is None:
            return event
        if full:
            event["exception"] = "".join(traceback.format_exception(error)).rstrip()
        else:
            event["error"] = _summary(error)
            event["at"] = _places(error)
        return event

    return process


def _exception_of(value: object) -> BaseException | None:
    if isinstance(value, tuple):
        value = value[1]
    elif value is True:
        # A handler formats where the line is logged, so this is the exception being handled there.
        value = sys.exc_info()[1]
    return value if isinstance(value, BaseException) else None


def _summary(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, BaseExceptionGroup):
        text += f" [{'; '.join(map(_summary, error.exceptions))}]"
    if error.__cause__ is not None:
        text += f" (from {_summary(error.__cause__)})"
    return text


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return " > ".join(f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames)


def render_json(event: EventDict) -> str:
    """A JSON object; its line breaks are escaped."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "logger", "event") if key in event}
    return json.dumps({**first, **event}, ensure_ascii=False, default=str)


def render_console(event: MutableMapping[str, Any]) -> str:
    """Time, level, logger, event, then the rest as ``name=value``; a traceback follows after ``|`` marks."""
    time = str(event.pop("timestamp", ""))[:19].replace("T", " ")
    level = str(event.pop("level", "")).upper()
    logger, text = event.pop("logger", ""), event.pop("event", "")
    trace = event.pop("exception", None)
    pairs = " ".join(f"{key}={_console_value(value)}" for key, value in event.items())
    line = _one_line(f"{time} {level:<8} {logger}: {text}{'  ' if pairs else ''}{pairs}")
    if trace is None:
        return line
    return "\n".join([line, *(f"    | {_one_line(part)}" for part in str(trace).splitlines())])


def _console_value(value: object) -> str:
    text = str(value)
    return text if _SIMPLE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def _one_line(text: str) -> str:
    """Line breaks and other control characters escaped: nobody else's text begins a line, or colours a terminal."""
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)

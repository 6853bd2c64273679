"""Logs: structlog over the standard library, every line finished and redacted in one place.

One line for each event, on standard error. The product's own loggers follow ``LOG_LEVEL``; what libraries say in detail
is kept out at any level, because it repeats requests and rows: prompts, addresses, tokens.
"""

import asyncio
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from types import TracebackType
from typing import Any, Literal, TextIO

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


OWN = ("bot", "handlers", "services", "sandbox")
"""The loggers that follow ``LOG_LEVEL``."""

_CEILINGS: Mapping[str, int] = {
    # The parameters of every call and its answer, and whole updates, at DEBUG: prompts, captions, file paths.
    "telegram": logging.WARNING,
    # Repeats at ERROR the body of an answer that is not JSON, and raises an error besides.
    "telegram.request.BaseRequest": logging.CRITICAL + 1,
    # Every address at INFO, token included; headers at DEBUG.
    # Statements with their parameters.
    "sqlalchemy": logging.WARNING,
    "psycopg": logging.WARNING,
    "alembic": logging.WARNING,
    # Every request with its path and query.
    "aiohttp.access": logging.CRITICAL + 1,
    # Cookies that could not be read.
    "aiohttp": logging.INFO,
    # Every tag of a photo: a location is nobody's business.
    "PIL": logging.INFO,
    "libav": logging.ERROR,
}

log = structlog.get_logger(__name__)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes finished lines; marked by its type, so that it can be replaced."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        """Say that a line was lost; the standard way prints its arguments as they are."""
        kind = sys.exc_info()[0]
        name = kind.__name__ if kind else "an error"
        try:
            self.stream.write(f"A log line of {record.name} could not be written: {name}\n")
        except (OSError, ValueError):
            # Nobody reads the log any more; that must not stop the bot.
            return


def configure_logging(
    level: str = "INFO",
    form: Literal["console", "json"] = "console",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send all logs of the process through one redacting handler; may be called again, the last call counts.

    Args:
        level: The least important level of the product's own lines.
        form: How a line looks.
        secrets: Values that must never be seen, besides what the patterns find.
        stream: Where lines go; standard error if None.
    """
    own_level = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_shared(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream or sys.stderr)
    redactor = Redactor(secrets)
    handler.setFormatter(
        LineFormatter(
            redactor,
            render_json if form == "json" else render_console,
            shorten_exception(full=own_level <= logging.DEBUG or form == "json"),
            foreign=_shared(),
        )
    )
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Handler)]:
        root.removeHandler(old)
        old.flush()
    root.addHandler(handler)
    root.setLevel(max(own_level, logging.INFO))
    for name in OWN:
        logging.getLogger(name).setLevel(own_level)
    for name, ceiling in _CEILINGS.items():
        logging.getLogger(name).setLevel(max(own_level, ceiling))
    logging.captureWarnings(True)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def install_hooks() -> None:
    """Log what nothing caught, in the main thread, in other threads and in finalizers, instead of printing it."""
    sys.excepthook = _on_uncaught
    threading.excepthook = _on_thread
    sys.unraisablehook = _on_unraisable


def _on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    log.critical("unexpected error", exc_info=(kind, error, trace))


def _on_thread(caught: threading.ExceptHookArgs) -> None:
    if caught.exc_value is not None and not isinstance(caught.exc_value, SystemExit):
        name = caught.thread.name if caught.thread else "unknown"
        log.error("unexpected error in a thread", thread=name, exc_info=caught.exc_value)


def _on_unraisable(caught: "sys.UnraisableHookArgs") -> None:
    log.error("unexpected error while cleaning up", exc_info=caught.exc_value)


def install_loop_handler(loop: asyncio.AbstractEventLoop) -> None:
    """Log what the event loop could not hand to anybody, without the arguments of the callbacks involved."""

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        message = str(context.get("message", "unexpected error in the event loop"))
        if message.startswith("Exception in callback"):
            # It goes on with the callback's arguments; the exception tells the place.
            message = "unexpected error in a callback"
        task = context.get("task") or context.get("future")
        name = task.get_name() if isinstance(task, asyncio.Task) else None
        extra = {"task": name} if name else {}
        log.error(message, exc_info=error if isinstance(error, BaseException) else None, **extra)

    loop.set_exception_handler(handle)

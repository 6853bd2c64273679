"""Logs: structlog over the standard library, one redacted line for each event on standard error.

The product's own loggers follow ``LOG_LEVEL``; what libraries say in detail is kept out at any level, because it
repeats requests and rows: prompts, addresses, tokens.
"""

import asyncio
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Literal, TextIO

import structlog
from structlog.processors import ExceptionRenderer, JSONRenderer, TimeStamper
from structlog.stdlib import ProcessorFormatter
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from bot.redaction import Redactor

LONGEST = 20_000
"""Characters: longer values are cut, so that no answer or body fills the log."""

OWN = ("bot", "handlers", "services", "sandbox")
"""The loggers that follow ``LOG_LEVEL``."""

_CEILINGS: Mapping[str, int] = {
    # The parameters of every call and its answer, and whole updates, at DEBUG: prompts, captions, file paths.
    "telegram": logging.WARNING,
    # Repeats at ERROR the body of an answer that is not JSON, and raises an error besides.
    "telegram.request.BaseRequest": logging.CRITICAL + 1,
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

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_FRAMES = 4

log = structlog.get_logger(__name__)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes finished lines; marked by its type, so that it can be replaced."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is the library's
        """Say that a line was lost; the standard way prints its arguments as they are."""
        kind = sys.exc_info()[0]
        name = kind.__name__ if kind else "an error"
        # Where nobody reads the log any more, that must not stop the bot.
        with suppress(OSError, ValueError):
            self.stream.write(f"A log line of {record.name} could not be written: {name}\n")


def configure_logging(
    level: str = "INFO",
    form: Literal["console", "json"] = "console",
    secrets: Iterable[str] = (),
    stream: TextIO | None = None,
) -> None:
    """Send all logs of the process through one redacting handler, to standard error by default; the last call counts.

    The level is that of the product's own lines; the secrets are hidden besides what patterns find.
    """
    own_level = logging.getLevelNamesMapping()[level]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = _Handler(stream or sys.stderr)
    handler.addFilter(_name_telegram_objects)
    handler.setFormatter(
        ProcessorFormatter(processors=_finish(form, Redactor(secrets), own_level), foreign_pre_chain=shared)
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


def _finish(form: str, redactor: Redactor, level: int) -> list[Processor]:
    """What makes the line of an event; values are redacted before they are quoted, and the finished line once more."""

    def redact_values(_logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
        for key, value in event.items():
            if value is not None and not isinstance(value, bool | int | float):
                text = str(value)
                event[key] = redactor(f"{text[:LONGEST]}… ({len(text)} characters)" if len(text) > LONGEST else text)
        return event

    def redact_line(_logger: WrappedLogger, _name: str, line: Any) -> str:  # noqa: ANN401 - a renderer's result
        return redactor.line(line)

    meta = ProcessorFormatter.remove_processors_meta
    if form == "json":
        return [meta, ExceptionRenderer(), redact_values, JSONRenderer(ensure_ascii=False), redact_line]
    full = level <= logging.DEBUG
    exceptions = ExceptionRenderer() if full else ExceptionRenderer(_in_short)
    console = structlog.dev.ConsoleRenderer(colors=False, sort_keys=False, pad_event_to=0)
    return [meta, exceptions, redact_values, partial(_escape, full), console, redact_line]


def _escape(full: bool, _logger: WrappedLogger, _name: str, event: EventDict) -> EventDict:
    """Escape control characters: nobody else's text begins a line, or colours a terminal.

    A traceback follows its line, each of its lines after a mark; an exception in short is part of the line.
    """
    trace = event.pop("exception", None)
    event = {key: _one_line(value) if isinstance(value, str) else value for key, value in event.items()}
    if trace is None:
        return event
    if not full:
        return event | {"error": _one_line(trace)}
    return event | {"exception": "\n".join(f"    | {_one_line(line)}" for line in trace.splitlines())}


def _one_line(text: str) -> str:
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def _in_short(exc_info: ExcInfo) -> str:
    """What an exception says, and the last places that it passed; never the values of variables."""
    frames = traceback.extract_tb(exc_info[2])[-_FRAMES:]
    places = " > ".join(f"{'/'.join(frame.filename.split('/')[-2:])}:{frame.lineno} {frame.name}" for frame in frames)
    return f"{_summary(exc_info[1])}{' at ' if places else ''}{places}"


def _summary(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    if isinstance(error, BaseExceptionGroup):
        text += f" [{'; '.join(map(_summary, error.exceptions))}]"
    if error.__cause__ is not None:
        text += f" (from {_summary(error.__cause__)})"
    return text


def _name_telegram_objects(record: logging.LogRecord) -> bool:
    """Put the type in the place of an update, a message or the like, whose text is what people wrote."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            f"<{type(value).__name__}>"
            if type(value).__module__.startswith("telegram.") and not isinstance(value, BaseException)
            else value
            for value in record.args
        )
    return True


def install_hooks() -> None:
    """Log what nothing caught, in the main thread, in other threads and in finalizers, instead of printing it."""

    def on_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            log.critical("unexpected error", exc_info=(kind, error, trace))

    def on_thread(caught: threading.ExceptHookArgs) -> None:
        if caught.exc_value is not None and not isinstance(caught.exc_value, SystemExit):
            name = caught.thread.name if caught.thread else "unknown"
            log.error("unexpected error in a thread", thread=name, exc_info=caught.exc_value)

    sys.excepthook = on_uncaught
    threading.excepthook = on_thread
    sys.unraisablehook = lambda caught: log.error("unexpected error while cleaning up", exc_info=caught.exc_value)


def install_loop_handler(loop: asyncio.AbstractEventLoop) -> None:
    """Log what the event loop could not hand to anybody, without the arguments of the callbacks involved."""

    def handle(_loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        message = str(context.get("message", "unexpected error in the event loop"))
        if message.startswith("Exception in callback"):
            # It goes on with the callback's arguments; the exception tells the place.
            message = "unexpected error in a callback"
        task = context.get("task") or context.get("future")
        extra = {"task": task.get_name()} if isinstance(task, asyncio.Task) else {}
        log.error(message, exc_info=context.get("exception"), **extra)

    loop.set_exception_handler(handle)

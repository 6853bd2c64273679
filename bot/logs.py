"""Logs: structlog over the standard library, every line finished and redacted in one place.

One line for each event, on standard error. The product's own loggers follow ``LOG_LEVEL``; what libraries say in detail
is kept out at any level, because it repeats requests and rows: prompts, addresses, tokens.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import Literal, TextIO

import structlog
from structlog.typing import Processor

from bot.log_lines import LineFormatter, render_console, render_json, shorten_exception
from bot.redaction import Redactor

OWN = ("bot", "handlers", "services", "sandbox")
"""The loggers that follow ``LOG_LEVEL``."""

_CEILINGS: Mapping[str, int] = {
    # The parameters of every call and its answer, and whole updates, at DEBUG: prompts, captions, file paths.
    "telegram": logging.WARNING,
    # Repeats at ERROR the body of an answer that is not JSON, and raises an error besides.
    "telegram.request.BaseRequest": logging.CRITICAL + 1,
    # Every address at INFO, token included; headers at DEBUG.
    # Statements with their parameters.
    "aiosqlite": logging.WARNING,
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

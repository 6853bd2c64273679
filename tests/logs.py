"""The logs of a bot in this process: set as a process sets them, read, and put back."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


@contextmanager
def logging_restored() -> Iterator[None]:
    """Put levels, handlers and filters of all loggers back afterwards."""
    before = {logger: (logger.level, logger.handlers[:], logger.filters[:], logger.propagate) for logger in _loggers()}
    try:
        yield
    finally:
        for logger in _loggers():
            old = before.get(logger, (logging.NOTSET, [], [], True))
            logger.level, logger.handlers[:], logger.filters[:], logger.propagate = old
        logging.root.setLevel(before[logging.root][0])  # also forgets which levels loggers had found to be on
        logging.captureWarnings(False)
        log_plainly()
        structlog.contextvars.clear_contextvars()


def log_plainly() -> None:
    """Set structlog as it is by itself, but for tracebacks: drawn with boxes, one takes a third of a second of CPU."""
    structlog.reset_defaults()
    *processors, _ = structlog.get_config()["processors"]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*processors, plain])


def _loggers() -> list[logging.Logger]:
    return [logging.root, *map(logging.getLogger, logging.root.manager.loggerDict)]

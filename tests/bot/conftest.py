"""A process that knows none of the developer's settings."""

import logging
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from bot.settings_model import Settings


@pytest.fixture
def workdir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and an environment without any of our variables."""
    names = {name.upper() for name in Settings.model_fields}
    for name in list(os.environ):
        if name.upper() in names:
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def restored_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Puts levels, handlers and filters of all loggers back afterwards, and the hooks for uncaught exceptions."""
    for owner, name in ((sys, "excepthook"), (sys, "unraisablehook"), (threading, "excepthook")):
        monkeypatch.setattr(owner, name, getattr(owner, name))
    before = {logger: (logger.level, logger.handlers[:], logger.filters[:], logger.propagate) for logger in _loggers()}
    yield
    for logger in _loggers():
        old = before.get(logger, (logging.NOTSET, [], [], True))
        logger.level, logger.handlers[:], logger.filters[:], logger.propagate = old
    logging.root.setLevel(before[logging.root][0])  # also forgets which levels loggers had found to be on
    logging.captureWarnings(False)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def _loggers() -> list[logging.Logger]:
    return [logging.root, *map(logging.getLogger, logging.root.manager.loggerDict)]

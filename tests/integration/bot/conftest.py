"""A process that knows none of the developer's settings, and what calls of the Bot API are tried over."""

import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.telegram_session import TelegramRequest
from services.clock import Clock
from services.telemetry import Contact
from tests.logs import logging_restored
from tests.ports import free_port


@pytest.fixture
def port() -> int:
    """One that nothing listens on."""
    return free_port()


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
    with logging_restored():
        yield


@pytest.fixture
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment that names none."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.fixture
def request_() -> TelegramRequest:
    """What calls go over, not open yet."""
    return TelegramRequest(Contact(Clock()), 2)

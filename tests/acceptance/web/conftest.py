"""One command and one tab of one browser for the tests of a file; each test loads the page anew."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.web import NO_BROWSER
from tests.acceptance.web import browser as driven
from tests.acceptance.web.browser import PATIENCE, Chat, Command, chromium, load, open_tab


@pytest.fixture(scope="module")
def launched() -> Iterator[Browser]:
    """A browser."""
    if chromium() is None:
        pytest.skip(NO_BROWSER)
    expect.set_options(timeout=PATIENCE)
    with driven.browser() as one:
        yield one


@pytest.fixture(scope="module")
def command(launched: Browser) -> Iterator[Command]:
    """The chat in English."""
    with driven.command() as one:
        yield one


@pytest.fixture(scope="module")
def tab(launched: Browser) -> Iterator[Page]:
    """A tab, empty at first; the browser takes half as long again to open one for each test."""
    one = open_tab(launched)
    yield one
    one.context.close()


@pytest.fixture
def chat(tab: Page, command: Command) -> Iterator[Chat]:
    """The page; nothing on it has failed."""
    yield load(tab, command.url)
    assert tab.evaluate("window.failed") is None

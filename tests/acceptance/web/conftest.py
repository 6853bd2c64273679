"""One command and one window of one browser for the tests of a file; each test has a tab of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, expect

from tests.acceptance.web import NO_BROWSER
from tests.acceptance.web import browser as driven
from tests.acceptance.web.browser import PATIENCE, Chat, Command, chromium, open_tab, open_window


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
def window(launched: Browser) -> Iterator[BrowserContext]:
    """A window, which an empty tab keeps open."""
    one = open_window(launched)
    one.new_page()
    yield one
    one.close()


@pytest.fixture
def chat(window: BrowserContext, command: Command) -> Iterator[Chat]:
    """The page; nothing on it has failed."""
    one = open_tab(window, command.url)
    yield one
    assert one.page.evaluate("window.failed") is None
    one.page.close()

"""One command and one browser for the tests of a file; each test has a tab of its own."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.web import NO_BROWSER
from tests.acceptance.web import browser as driven
from tests.acceptance.web.browser import PATIENCE, Chat, Command, chromium, open_page


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


@pytest.fixture
def chat(launched: Browser, command: Command) -> Iterator[Chat]:
    """The page; nothing on it has failed."""
    one = open_page(launched, command.url)
    yield one
    assert one.page.evaluate("window.failed") is None
    one.page.context.close()

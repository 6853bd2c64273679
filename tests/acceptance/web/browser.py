"""The chat as a person has it: the command in a process of its own, and its page in a real browser."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from sandbox.samples import SAMPLES

PATIENCE = 90_000
"""Milliseconds that the page is given for anything: other tests run beside."""
IDLE_MILLISECONDS = 55
ROOT = Path(__file__).parents[3]


def chromium() -> str | None:
    """The browser to drive: the environment's ``CHROMIUM``, or one on the path."""
    given = os.environ.get("CHROMIUM")
    return given or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser without a window."""
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=chromium(), args=["--no-sandbox", "--lang=en", "--autoplay-policy=no-user-gesture-required"]
        )
        yield launched
        launched.close()


@dataclass(slots=True)
class Command:
    """``python -m bot chat``, running."""

    process: subprocess.Popen[str]
    url: str

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal; gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


@contextmanager
def command(*options: str, cwd: Path = ROOT, environment: dict[str, str] | None = None) -> Iterator[Command]:
    """The command, from when it says where its page is."""
    arguments = [sys.executable, "-m", "bot", "chat", "--no-open", "--tiny-videos", *options]
    surroundings = os.environ | {"PYTHONPATH": str(ROOT)} | (environment or {})
    process = subprocess.Popen(arguments, cwd=cwd, env=surroundings, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Command(process, process.stdout.readline().strip())
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(30)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in listed.split()]


@dataclass(slots=True)
class Chat:
    """The page by its roles and names."""

    page: Page

    @property
    def log(self) -> Locator:
        return self.page.get_by_role("log", name="Messages")

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message", exact=True)

    @property
    def status(self) -> Locator:
        return self.page.get_by_role("status")

    @property
    def wire(self) -> Locator:
        return self.page.get_by_role("complementary", name="Wire")

    def articles(self, author: str, text: str | re.Pattern[str] = "") -> Locator:
        """The messages of an author that hold a text."""
        return self.log.get_by_role("article", name=re.compile(f"^{author}")).filter(has_text=text)

    def bot(self, text: str | re.Pattern[str]) -> Locator:
        """The newest message of the bot's that holds a text."""
        return self.articles("Pho2Video", text).last

    def own(self, text: str | re.Pattern[str]) -> Locator:
        """The newest message of the speaker's that holds a text."""
        return self.articles("You", text).last

    def say(self, text: str) -> None:
        """Write a message and send it with Enter."""
        self.box.fill(text)
        self.box.press("Enter")

    def attach(self, paths: Sequence[Path]) -> None:
        """Choose files."""
        with self.page.expect_file_chooser() as chooser:
            self.page.get_by_role("button", name="Attach", exact=True).click()
        chooser.value.set_files(list(paths))

    def send_photos(self, count: int, text: str) -> None:
        """Send some of the samples with a caption."""
        self.attach(SAMPLES[:count])
        self.say(text)

    def order(self, prompt: str, count: int = 1) -> Locator:
        """Send a photo with a prompt and press Generate; gives the message that shows what becomes of it."""
        self.send_photos(1, prompt)
        card = self.bot(prompt)
        number = card.get_attribute("id")
        if count > 1:
            card.get_by_role("button", name=str(count), exact=True).click()
            expect(card).to_contain_text(f"Videos: {count}")
        card.get_by_role("button", name="Generate").click()
        return self.log.locator(f"#{number}")

    def choose_next(self, label: str) -> None:
        """Say what the service does with the next request."""
        self.page.get_by_role("combobox", name="Next request").select_option(label=label)
        expect(self.next_choice()).to_have_text(label)

    def next_choice(self) -> Locator:
        """The choice that stands."""
        return self.page.get_by_role("combobox", name="Next request").locator("option:checked")

    def open_chat(self, name: str) -> None:
        """Choose a chat from the list."""
        self.page.get_by_role("list", name="Chats").get_by_role("button", name=name).click()


def slowness(page: Page) -> float:
    """How many times slower the browser computes now than on an idle machine of two usual cores; at least 1."""
    work = """() => {
        const began = performance.now();
        let sum = 0;
        for (let i = 0; i < 3e6; i++) sum += Math.sqrt(i) % 7;
        return sum > 0 ? performance.now() - began : 0;
    }"""
    slowest: float = max(page.evaluate(work) for _ in range(5))
    return max(1.0, slowest / IDLE_MILLISECONDS)


def open_page(launched: Browser, url: str, **options: object) -> Chat:
    """The page in a tab of a new window."""
    return load(open_tab(launched, **options), url)


def open_tab(launched: Browser, **options: object) -> Page:
    """An empty tab of a new window."""
    window = launched.new_context(**({"viewport": {"width": 1280, "height": 860}} | options))  # type: ignore[arg-type]
    window.set_default_timeout(PATIENCE)
    page = window.new_page()
    page.on("pageerror", lambda error: page.evaluate("error => { window.failed = error }", str(error)))
    return page


def load(tab: Page, url: str) -> Chat:
    """The page, loaded anew."""
    tab.goto(url)
    tab.locator("body[data-ready]").wait_for()
    return Chat(tab)

"""What the service does with the next request, and a bot that is killed."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.web.browser import Chat, Command, open_page

pytestmark = pytest.mark.timeout(400)


@pytest.mark.parametrize(
    ("choice", "told", "offered"),
    [
        ("Safety filter", "safety filter refused", "Edit"),
        ("No credits", "no credits left", None),
        ("Service busy", "service is busy", None),
        ("Connection drops", re.compile("Lost touch|Done"), None),
    ],
)
def test_one_request_meets_it_and_then_everything_works(
    chat: Chat, choice: str, told: str | re.Pattern[str], offered: str | None
) -> None:
    chat.choose_next(choice)
    status = chat.order(f"meets {choice.lower()}")
    expect(status).to_contain_text(told)
    expect(chat.next_choice()).to_have_text("Works")
    if choice in {"Connection drops", "Service busy"}:
        expect(status).to_contain_text("Done: 1 video")
    if offered:
        expect(status.get_by_role("button", name=offered)).to_be_visible()
    expect(chat.order(f"after {choice.lower()}")).to_contain_text("Done: 1 video")


def test_the_choice_is_the_same_in_all_tabs(chat: Chat, command: Command) -> None:
    other = open_page(chat.page.context.browser, command.url)  # type: ignore[arg-type]
    chat.choose_next("No credits")
    expect(other.next_choice()).to_have_text("No credits")
    other.choose_next("Works")
    expect(chat.next_choice()).to_have_text("Works")
    expect(chat.order("as if nothing had been chosen")).to_contain_text("Done: 1 video")
    other.page.context.close()


def test_a_request_survives_the_death_of_the_bot(chat: Chat) -> None:
    chat.choose_next("Takes a minute")
    status = chat.order("survives a kill")
    expect(status).to_contain_text("Making your video")
    chat.page.get_by_role("button", name="Kill the bot").click()
    expect(chat.status).to_contain_text("killed")
    expect(chat.status).to_contain_text("running again")
    expect(status).to_contain_text("Done: 1 video", timeout=60_000)
    expect(chat.articles("Pho2Video", "survives a kill").locator("video")).to_have_count(1)

"""The group on the page: three people, one of whom speaks at a time."""

import re

import pytest
from playwright.sync_api import expect

from tests.acceptance.web.browser import Chat

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def club(chat: Chat) -> Chat:
    """The group, open."""
    chat.open_chat("Film club")
    return chat


def speak_as(chat: Chat, name: str) -> None:
    chat.page.get_by_role("combobox", name="Speak as").select_option(label=name)


def test_three_people_speak_and_each_sees_themselves_as_you(club: Chat) -> None:
    speakers = club.page.get_by_role("combobox", name="Speak as").locator("option")
    expect(speakers).to_have_text(["Alice", "Ben", "Clara"])
    club.say("hello, everybody")
    expect(club.own("hello, everybody")).to_be_visible()
    speak_as(club, "Ben")
    expect(club.articles("Alice", "hello, everybody")).to_have_count(1)
    expect(club.articles("Alice", "hello, everybody").get_by_role("button", name="Delete")).to_have_count(0)
    club.say("hello back")
    expect(club.own("hello back")).to_be_visible()
    club.page.reload()
    expect(club.own("hello back")).to_be_visible()
    expect(club.page.get_by_role("combobox", name="Speak as").locator("option:checked")).to_have_text("Ben")
    club.open_chat("Pho2Video")
    expect(club.page.get_by_role("combobox", name="Speak as")).to_be_hidden()
    expect(club.articles("You", "hello back")).to_have_count(0)


def test_buttons_belong_to_the_one_who_asked(club: Chat) -> None:
    speak_as(club, "Ben")
    club.send_photos(1, "/video the moon rises")
    expect(club.bot(re.compile("Starting|Uploading|Making|Preparing|Done|Waiting"))).to_be_visible()
    expect(club.bot("Done: 1 video")).to_be_visible()
    answer = club.articles("Pho2Video", "the moon rises").last
    expect(answer.locator("video")).to_have_count(1)
    expect(answer.locator(".quote")).to_contain_text("/video the moon rises")
    speak_as(club, "Clara")
    club.bot("Done: 1 video").get_by_role("button", name="Again").click()
    expect(club.status).not_to_be_empty()
    expect(club.articles("Pho2Video", "Done: 1 video")).to_have_count(1)


def test_commands_are_those_of_groups(club: Chat) -> None:
    club.page.get_by_role("button", name="Commands").click()
    club.page.get_by_role("button", name="/video").wait_for()
    expect(club.page.get_by_role("button", name="/stats")).to_have_count(0)
    club.page.get_by_role("button", name="/help").click()
    expect(club.own("/help@pho2video_bot")).to_be_visible()
    expect(club.bot("How to get a video")).to_be_visible()


def test_a_reply_to_a_photo_makes_a_video_of_it(club: Chat) -> None:
    speak_as(club, "Alice")
    club.send_photos(1, "look at this")
    expect(club.own("look at this")).to_be_visible()
    speak_as(club, "Clara")
    club.articles("Alice", "look at this").last.get_by_role("button", name="Reply").click()
    club.say("/video@pho2video_bot waves roll in")
    expect(club.articles("Pho2Video", "waves roll in").last.locator("video")).to_have_count(1)

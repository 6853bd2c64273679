"""The page on a phone, on a desk, in the dark, by keyboard alone, and in Vietnamese."""

import re

import pytest
from playwright.sync_api import Browser, Locator, expect

from tests.acceptance.web.browser import Chat, Command, open_page
from tests.acceptance.web.browser import command as started

pytestmark = pytest.mark.timeout(300)
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


def in_sight(part: Locator) -> bool:
    """Whether all of it is within the window."""
    inside: bool = part.evaluate(
        "one => { const box = one.getBoundingClientRect();"
        " return box.width > 0 && box.left >= 0 && box.top >= 0"
        " && box.right <= innerWidth && box.bottom <= innerHeight }"
    )
    return inside


def test_a_phone_keeps_what_matters_in_sight_and_the_rest_out_of_reach(launched: Browser, command: Command) -> None:
    chat = open_page(launched, command.url, **PHONE)
    page = chat.page
    chat.send_photos(1, "on a phone")
    card = chat.bot("on a phone")
    expect(card.get_by_role("button", name="Generate")).to_be_visible()
    page.wait_for_timeout(300)
    needed = [page.get_by_role("button", name=name, exact=True) for name in ("Attach", "Send")]
    assert all(in_sight(one) for one in [chat.box, *needed, *card.locator(".keyboard").get_by_role("button").all()])
    for part in ("#sidebar", "#tools", "#wire"):
        assert page.locator(part).evaluate("part => part.inert"), part
    page.get_by_role("button", name="More").click()
    expect(page.get_by_role("combobox", name="Next request")).to_be_visible()
    page.get_by_role("button", name="Wire").click()
    expect(chat.wire).to_be_visible()
    assert all(in_sight(one) for one in [chat.box, *needed])
    chat.wire.get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Chats").click()
    chat.open_chat("Film club")
    expect(page.get_by_role("heading", name="Film club")).to_be_visible()
    assert page.locator("#sidebar").evaluate("part => part.inert")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.context.close()


def test_dark_and_light_are_the_systems_choice(launched: Browser, command: Command) -> None:
    colours = {}
    for scheme in ("light", "dark"):
        chat = open_page(launched, command.url, color_scheme=scheme)
        colours[scheme] = chat.page.locator("#sidebar").evaluate("part => getComputedStyle(part).backgroundColor")
        chat.page.context.close()
    assert colours == {"light": "rgb(255, 255, 255)", "dark": "rgb(23, 33, 43)"}


def test_the_keyboard_alone_is_enough(chat: Chat) -> None:
    page = chat.page

    def reach(name: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            label = page.evaluate(
                "document.activeElement.matches('button')"
                " && (document.activeElement.getAttribute('aria-label') || document.activeElement.innerText)"
            )
            if name in (label or ""):
                return
        raise AssertionError(f"{name} is not reached")

    expect(chat.box).to_be_focused()
    reach("Commands")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="/help").wait_for()
    reach("/help")
    page.keyboard.press("Enter")
    expect(chat.bot("How to get a video")).to_be_visible()
    expect(chat.box).to_be_focused()
    chat.box.fill("by hand alone")
    page.keyboard.press("Enter")
    chat.bot("by hand alone").wait_for()
    chat.log.focus()
    chat.own("by hand alone").focus()
    reach("Delete")
    page.keyboard.press("Enter")
    expect(chat.articles("You", "by hand alone")).to_have_count(0)
    expect(chat.box).to_be_focused()


def test_vietnamese_from_the_page_to_the_bot(launched: Browser) -> None:
    with started("--language", "vi") as command:
        page = open_page(launched, command.url).page
        assert page.evaluate("document.documentElement.lang") == "vi"
        box = page.get_by_role("textbox", name="Soạn tin")
        box.fill("/start")
        box.press("Enter")
        log = page.get_by_role("log", name="Tin nhắn")
        expect(log.get_by_role("article", name=re.compile("^Bạn"))).to_contain_text("/start")
        expect(log.get_by_role("article", name=re.compile("^Pho2Video"))).to_contain_text("ảnh")
        page.get_by_role("list", name="Cuộc trò chuyện").get_by_role("button", name="Câu lạc bộ phim").click()
        expect(page.get_by_role("combobox", name="Nói với tư cách").locator("option")).to_have_text(
            ["Mai", "Bình", "Lan"]
        )


def test_screens_stand_side_by_side(chat: Chat, command: Command) -> None:
    chat.page.goto(command.url + "screens")
    chat.page.locator("body[data-ready]").wait_for()
    pair = chat.page.get_by_role("article", name=re.compile("^private, 3 photos, a prompt"))
    expect(pair).to_have_count(2)
    expect(pair.first.get_by_role("button", name="Generate")).to_be_visible()
    left, right = (one.bounding_box() for one in pair.all())
    assert left is not None
    assert right is not None
    assert left["y"] == right["y"]

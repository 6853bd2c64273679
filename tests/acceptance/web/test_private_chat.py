"""The private chat on the page: what a person writes and presses, and how the bot's messages are shown."""

import base64
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from sandbox.samples import SAMPLES
from tests.acceptance.web.browser import Chat, Command, open_page

pytestmark = pytest.mark.timeout(300)


def test_photos_become_a_video_that_plays_and_can_be_saved(chat: Chat, tmp_path: Path) -> None:
    status = chat.order("petals drift")
    expect(status).to_contain_text("Done: 1 video")
    answer = chat.articles("Pho2Video", "petals drift").last
    expect(answer.locator("video")).to_have_attribute("controls", "")
    chat.page.wait_for_function("() => [...document.querySelectorAll('video')].at(-1).readyState >= 1")
    seconds = answer.locator("video").evaluate("film => film.play().then(() => film.duration)")
    assert seconds > 0
    with chat.page.expect_download() as saved:
        answer.get_by_role("link", name="Download").click()
    target = tmp_path / saved.value.suggested_filename
    saved.value.save_as(target)
    assert target.suffix == ".mp4"
    assert b"ftyp" in target.read_bytes()[:16]
    expect(answer.locator(".quote")).to_contain_text("petals drift")


def test_an_album_is_one_article_with_its_pictures(chat: Chat) -> None:
    chat.send_photos(3, "three at once")
    expect(chat.own("three at once").get_by_role("img")).to_have_count(3)
    card = chat.bot("three at once")
    expect(card).to_contain_text("Photos: 3 of 3")
    card.get_by_role("button", name="Cancel").click()
    expect(chat.articles("Pho2Video").last).to_contain_text("Cancelled")


def test_photos_are_compressed_and_files_are_not(chat: Chat, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (3000, 1500), "teal").save(large, exif=exif)
    chat.attach([large])
    chat.say("as a photo")
    link = chat.own("as a photo").locator("a.photo").get_attribute("href")
    seen = tmp_path / "seen.jpg"
    seen.write_bytes(chat.page.request.get(chat.page.url.rstrip("/") + str(link)).body())
    with Image.open(seen) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (1280, 2560), {})
    chat.attach([large])
    chat.page.get_by_role("checkbox", name="Send as files").check()
    chat.say("as a file")
    file = chat.own("as a file").get_by_role("link", name="large.jpg")
    expect(file).to_contain_text(re.compile(r"\d+(\.\d)? kB"))
    expect(chat.page.get_by_role("checkbox", name="Send as files")).not_to_be_checked()
    bytes_there = chat.page.request.get(chat.page.url.rstrip("/") + str(file.get_attribute("href"))).body()
    assert bytes_there == large.read_bytes()
    chat.bot("as a file").get_by_role("button", name="Cancel").click()


def test_a_message_can_be_answered_changed_and_deleted(chat: Chat) -> None:
    chat.say("a first thought\nwith a second line")
    mine = chat.own("a first thought")
    number = mine.get_attribute("id")
    mine.hover()
    mine.get_by_role("button", name="Edit message").click()
    expect(chat.box).to_have_value("a first thought\nwith a second line")
    chat.say("a better thought")
    same = chat.log.locator(f"#{number}")
    expect(same).to_contain_text("a better thought")
    expect(same).to_contain_text("edited")
    same.get_by_role("button", name="Reply").click()
    chat.say("and an answer")
    expect(chat.own("and an answer").locator(".quote")).to_contain_text("a better thought")
    same.get_by_role("button", name="Delete").click()
    expect(same).to_have_count(0)
    card = chat.bot("and an answer")
    expect(card.get_by_role("button", name="Edit message")).to_have_count(0)
    expect(card.get_by_role("button", name="Delete")).to_have_count(0)
    card.get_by_role("button", name="Cancel").click()


def test_enter_sends_and_shift_enter_breaks_the_line(chat: Chat) -> None:
    chat.box.fill("above")
    chat.box.press("Shift+Enter")
    chat.box.press_sequentially("below")
    expect(chat.box).to_have_value("above\nbelow")
    chat.box.press("Enter")
    expect(chat.own("above")).to_contain_text("above\nbelow", use_inner_text=True)
    expect(chat.box).to_have_value("")


def test_the_answer_to_a_press_is_a_status(chat: Chat) -> None:
    status = chat.order("clouds race")
    expect(status).to_contain_text("Done")
    status.get_by_role("button", name="Again").click()
    expect(chat.status).to_contain_text("Started once more.")
    expect(chat.articles("Pho2Video", "Done: 1 video").last).not_to_have_attribute(
        "id", str(status.get_attribute("id"))
    )


def test_commands_are_those_of_the_bot(chat: Chat) -> None:
    chat.page.get_by_role("button", name="Commands").click()
    chat.page.get_by_role("button", name="/stats").wait_for()
    chat.page.get_by_role("button", name="/settings").click()
    expect(chat.own("/settings")).to_be_visible()
    menu = chat.bot("Usual number of videos: 1")
    menu.get_by_role("button", name="2", exact=True).click()
    expect(chat.bot("Usual number of videos: 2")).to_have_attribute("id", str(menu.get_attribute("id")))
    chat.bot("Usual number of videos").get_by_role("button", name="1", exact=True).click()
    expect(chat.bot("Usual number of videos")).to_contain_text("videos: 1")


def test_formatting_is_shown_and_foreign_markup_is_not_read(chat: Chat) -> None:
    chat.say("<img src=x onerror=window.failed=1> <b>not bold</b> https://example.org/a")
    mine = chat.own("not bold")
    expect(mine).to_contain_text("<b>not bold</b>")
    expect(mine.locator(".text img, .text b")).to_have_count(0)
    expect(mine.get_by_role("link", name="https://example.org/a")).to_have_attribute("rel", "noopener noreferrer")
    chat.say("/start")
    expect(chat.bot("Photos in, videos out.").locator("b").first).to_have_text("Photos in, videos out.")


def test_a_second_tab_and_a_reload_show_the_same(chat: Chat, command: Command) -> None:
    other = open_page(chat.page.context.browser, command.url)  # type: ignore[arg-type]
    chat.say("seen twice")
    expect(other.own("seen twice")).to_be_visible()
    other.own("seen twice").get_by_role("button", name="Delete").click()
    expect(chat.articles("You", "seen twice")).to_have_count(0)
    ids = "log => [...log.querySelectorAll('article')].map(one => one.id)"
    before = chat.log.evaluate(ids)
    chat.page.reload()
    expect(chat.articles("Pho2Video").first).to_be_visible()
    assert chat.log.evaluate(ids) == before == other.log.evaluate(ids)
    other.page.context.close()


def test_a_pasted_and_a_dropped_picture_are_attached(chat: Chat) -> None:
    give = """([kind, encoded]) => {
        const bytes = Uint8Array.from(atob(encoded), one => one.charCodeAt(0));
        const transfer = new DataTransfer();
        transfer.items.add(new File([bytes], `${kind}.jpg`, { type: "image/jpeg" }));
        const target = document.querySelector(kind === "paste" ? "textarea" : "main");
        const options = { bubbles: true, cancelable: true };
        target.dispatchEvent(kind === "paste"
            ? new ClipboardEvent("paste", { ...options, clipboardData: transfer })
            : new DragEvent("drop", { ...options, dataTransfer: transfer }));
    }"""
    encoded = base64.b64encode(SAMPLES[0].read_bytes()).decode()
    for kind in ("paste", "drop"):
        chat.page.evaluate(give, [kind, encoded])
    files = chat.page.get_by_role("list", name="Attached files").get_by_role("listitem")
    expect(files).to_have_count(2)
    chat.page.get_by_role("button", name="Remove drop.jpg").click()
    expect(files).to_have_count(1)
    chat.say("one was taken away")
    expect(chat.own("one was taken away").get_by_role("img")).to_have_count(1)

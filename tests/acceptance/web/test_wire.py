"""The log of calls on the page."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.acceptance.web.browser import Chat, Command, children

pytestmark = pytest.mark.timeout(300)


def test_every_call_is_shown_under_its_request(chat: Chat) -> None:
    chat.page.get_by_role("button", name="Wire").click()
    expect(chat.wire).to_contain_text("setMyCommands")
    status = chat.order("rain falls", count=2)
    expect(status).to_contain_text("Done: 2 videos")
    request = chat.wire.locator("section").filter(has_text="rain falls").last
    for call in ("sendMessage", "answerCallbackQuery", "getFile", "editMessageText", "sendMediaGroup"):
        expect(request.get_by_text(call, exact=True).first).to_be_visible()
    post = request.get_by_role("listitem").filter(has_text="POST /v1/veo/ingredients-to-video").first
    expect(post).to_contain_text("200")
    events = request.locator("li.event")
    expect(events.first).to_contain_text(re.compile("video_generation_status.*starting"))
    expect(events.last).to_contain_text(re.compile("video_generation_complete.*file_url"))
    assert events.count() >= 4
    post.locator("summary").click()
    expect(post.locator("pre").first).to_contain_text('"prompt": "rain falls"')
    expect(post.locator("pre").first).to_contain_text('"number_of_videos": "2"')
    text = request.inner_text()
    order = ["POST /v1/veo", "starting", "video_generation_complete", "GET /files/", "sendMediaGroup"]
    assert sorted(order, key=text.index) == order


def test_it_hides_again_and_gives_the_focus_back(chat: Chat) -> None:
    chat.page.get_by_role("button", name="Wire").click()
    expect(chat.wire).to_be_visible()
    chat.wire.get_by_role("button", name="Close").click()
    expect(chat.page.locator("#wire")).to_be_hidden()
    assert chat.page.locator("#wire").evaluate("part => part.inert")
    expect(chat.page.get_by_role("button", name="Wire")).to_be_focused()


def test_nothing_secret_reaches_the_page(chat: Chat, command: Command) -> None:
    (bot,) = children(command.process.pid)
    given = Path(f"/proc/{bot}/environ").read_text().split("\0")
    secrets = [one.partition("=")[2] for one in given if one.startswith(("TELEGRAM_BOT_TOKEN=", "GENAIPRO_API_KEY="))]
    chat.page.get_by_role("button", name="Wire").click()
    expect(chat.wire).to_contain_text("setMyCommands")
    frames: list[str] = []
    chat.page.on("websocket", lambda socket: socket.on("framereceived", lambda frame: frames.append(str(frame))))
    chat.page.reload()
    chat.page.locator("body[data-ready]").wait_for()
    told = "".join(frames) + chat.page.content()
    assert "setMyCommands" in told
    assert len(secrets) == 2
    assert [secret for secret in secrets if secret.rpartition(":")[2] in told] == []
    assert "Bearer" not in told

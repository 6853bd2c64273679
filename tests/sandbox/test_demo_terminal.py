"""How the demo prints a chat."""

from typing import Any

from sandbox.demo.terminal import Conversation, ansi
from sandbox.demo.view import Event, read_event


def event(kind: str, actor: str = "bot", message: dict[str, Any] | None = None, **fields: Any) -> Event:
    usual = {"message_id": 4, "from_bot": actor == "bot", "sender": "Pho2Video", "kind": "text", "text": ""}
    body: dict[str, Any] = {"event": kind, "actor": actor, "at": "2026-03-30T10:00:00+00:00", "number": 1} | fields
    return read_event(body | ({"message": usual | message} if message is not None else {}))


def printed(*events: Event) -> list[str]:
    lines: list[str] = []
    conversation = Conversation(lines.append)
    for one in events:
        conversation.show(one)
    return [line[10:] if line[2:3] == ":" else line for line in lines]


BUTTONS = [[{"label": "1", "data": "a"}, {"label": "2", "data": "b"}], [{"label": "Generate", "data": "go"}]]


def test_message_with_text_and_buttons() -> None:
    lines = printed(event("message_sent", message={"text": "3 photos\n\u2068Prompt\u2069", "buttons": BUTTONS}))
    assert lines == [
        "Pho2Video",
        "          │ 3 photos",
        "          │ Prompt",
        "          │ [ 1 ] [ 2 ]",
        "          │ [ Generate ]",
    ]


def test_edit_and_press_are_told() -> None:
    lines = printed(
        event("message_edited", message={"text": "▰▱ 0:03", "buttons": BUTTONS}),
        event("button_pressed", "person", data="go"),
        event("callback_answered", text="Not yours"),
    )
    assert lines[0] == "Pho2Video edits its message"
    assert lines[4:] == ["You press [ Generate ]", "Pho2Video a notice", "          │ Not yours"]


def test_album_has_one_head() -> None:
    part = {"kind": "photo", "width": 1280, "height": 960, "media_group_id": "9"}
    lines = printed(
        event("message_sent", "person", part | {"text": "a boat"}),
        event("message_sent", "person", part),
        event("message_sent", message={"kind": "video", "width": 1280, "height": 720, "duration": 8, "reply_to": 1}),
    )
    assert lines == [
        "You",
        "          │ 🖼 photo 1280×960",
        "          │ a boat",
        "          │ 🖼 photo 1280×960",
        "Pho2Video replies",
        "          │ 🎬 video 1280×720 · 0:08",
    ]


def test_what_a_person_does_not_see_is_not_printed() -> None:
    assert printed(event("chat_action"), event("callback_answered", text="")) == []


def test_colours_only_where_asked_for() -> None:
    lines: list[str] = []
    Conversation(lines.append).show(event("message_sent", message={"text": "x"}))
    assert "\x1b" not in "".join(lines)
    Conversation(lines.append, ansi).show(event("message_sent", message={"text": "x"}))
    assert "\x1b[36;1mPho2Video\x1b[0m" in lines[-2]

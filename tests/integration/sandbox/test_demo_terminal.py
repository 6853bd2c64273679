"""How the demo prints a chat."""

from typing import Any

import pytest

from sandbox.botapi.seen import Event, read_event
from sandbox.botapi.terminal import Conversation, Ink, ansi, plain


def event(kind: str, actor: str = "bot", message: dict[str, Any] | None = None, **fields: Any) -> Event:
    usual = {"message_id": 4, "from_bot": actor == "bot", "sender": "Pho2Video", "kind": "text", "text": ""}
    body: dict[str, Any] = {"event": kind, "actor": actor, "at": "2026-03-30T10:00:00+00:00", "number": 1} | fields
    return read_event(body | ({"message": usual | message} if message is not None else {}))


def printed(*events: Event, ink: Ink = plain, columns: int = 80) -> list[str]:
    lines: list[str] = []
    conversation = Conversation(lines.append, ink, columns)
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


def test_album_has_one_head_and_its_caption_below() -> None:
    part = {"kind": "photo", "width": 1280, "height": 960, "media_group_id": "9"}
    lines = printed(
        event("message_sent", "person", part | {"text": "a boat"}),
        event("message_sent", "person", part),
        event("message_sent", message={"kind": "video", "width": 1280, "height": 720, "duration": 8, "reply_to": 1}),
    )
    assert lines == [
        "You",
        "          │ 🖼 photo 1280×960",
        "          │ 🖼 photo 1280×960",
        "          │ a boat",
        "Pho2Video replies",
        "          │ 🎬 video 1280×720 · 0:08",
    ]


def test_what_a_person_does_not_see_is_not_printed() -> None:
    assert printed(event("chat_action"), event("callback_answered", text="")) == []


def test_caption_of_a_last_album_is_printed_before_what_is_no_chat() -> None:
    lines: list[str] = []
    conversation = Conversation(lines.append)
    part = {"kind": "photo", "media_group_id": "9", "text": "a boat"}
    conversation.show(event("message_sent", "person", part))
    conversation.say("over")
    assert lines[1:] == ["          │ 🖼 photo", "          │ a boat", "over"]


def test_what_an_edit_leaves_as_it_was_is_one_dim_line() -> None:
    prompt = "a boat on the lake, " * 6
    first = event("message_sent", message={"text": f"▱▱ 0:01\n{prompt}"})
    edit = event("message_edited", message={"text": f"▰▱ 0:02\n{prompt}"})
    lines = printed(first, edit, ink=lambda text, style: f"<{text}>" if style == "dim" else text)[1:]
    again = lines[lines.index("          │ ▰▱ 0:02") :]
    assert len(lines) - len(again) > 3
    assert again[1:] == ["          │ <" + prompt[:67].rstrip() + "…>"]


@pytest.mark.parametrize(("columns", "longest"), [(10, 40), (60, 60), (80, 80), (300, 100)])
def test_lines_fit_the_terminal(columns: int, longest: int) -> None:
    lines = printed(event("message_sent", message={"text": "word " * 200}), columns=columns)
    assert longest - 5 < max(map(len, lines)) <= longest


def test_colours_only_where_asked_for() -> None:
    spoken = event("message_sent", message={"text": "x"})
    assert "\x1b" not in "".join(printed(spoken))
    assert "\x1b[1;38;5;32mPho2Video\x1b[0m" in printed(spoken, ink=ansi)[0]

"""HTML, entities and keyboards, by rule and by property."""

import html

import pytest
from aiogram.utils.text_decorations import html_decoration
from hypothesis import given
from hypothesis import strategies as st

from sandbox.botapi.entities import find_entities, utf16_length, utf16_slice
from sandbox.botapi.errors import ApiError
from sandbox.botapi.keyboards import parse_keyboard
from sandbox.botapi.markup import parse_html
from sandbox.botapi.methods.base import rich_text
from tests.integration.sandbox.typed import complete, types

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40)


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a<b>b<i>c</i></b>", "abc", [("bold", 1, 2, ""), ("italic", 2, 1, "")]),
        ("😀<u>x</u>", "😀x", [("underline", 2, 1, "")]),
        ('<a href="https://e.org/?a=1&b=2">x</a>', "x", [("text_link", 0, 1, "https://e.org/?a=1&b=2")]),
        ('<a href="nothing">x</a>', "x", []),
        ('<span class="tg-spoiler">s</span><tg-spoiler>t</tg-spoiler>', "st",
         [("spoiler", 0, 1, ""), ("spoiler", 1, 1, "")]),
        ('<pre><code class="language-py">x</code></pre>', "x", [("pre", 0, 1, "py")]),
        ("<blockquote expandable>q</blockquote>", "q", [("expandable_blockquote", 0, 1, "")]),
        ("&lt;b&gt; &amp;amp; &#128512; &nbsp; &", "<b> &amp; 😀 &nbsp; &", []),
        ("<b></b>x", "x", []),
    ],
)  # fmt: skip
def test_html(source: str, text: str, entities: list[tuple[str, int, int, str]]) -> None:
    parsed = parse_html(source)
    assert parsed.text == text
    assert [(e.kind, e.offset, e.length, e.value) for e in parsed.entities] == entities


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("é<p>x</p>", 'Unsupported start tag "p" at byte offset 2'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b><i>x</b></i>", 'Unmatched end tag at byte offset 7, expected "</i>", found "</b>"'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_broken_html(source: str, reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        parse_html(source)
    assert raised.value.description == f"Bad Request: can't parse entities: {reason}"


@given(TEXTS)
def test_escaped_text_comes_back(text: str) -> None:
    assert parse_html(html.escape(text, quote=False)).text == text


@given(
    st.lists(st.tuples(TEXTS.filter(bool), st.sampled_from(["", "bold", "italic", "code", "underline"])), max_size=6)
)
def test_what_aiogram_writes_is_read_back(parts: list[tuple[str, str]]) -> None:
    text, given_entities = "", []
    for part, kind in parts:
        if kind:
            given_entities.append(
                complete(types.MessageEntity)(type=kind, offset=utf16_length(text), length=utf16_length(part))
            )
        text += part
    parsed = parse_html(html_decoration.unparse(text, given_entities))
    assert parsed.text == text
    assert [(e.kind, e.offset, e.length) for e in parsed.entities] == [
        (e.type, e.offset, e.length) for e in given_entities
    ]


@given(TEXTS)
def test_entities_lie_within_the_trimmed_text(text: str) -> None:
    rich = rich_text(f"  <b>{html.escape(text)}</b> \n", "HTML", None)
    assert rich.text == rich.text.rstrip()
    assert all(e.offset >= 0 and e.length > 0 and e.offset + e.length <= utf16_length(rich.text) for e in rich.entities)


def test_found_without_markup() -> None:
    text = "😀 /video@pho2video_bot @someone https://e.org/x. #tag me@e.org 1/2 a@b"
    found = [(e.kind, utf16_slice(text, e.offset, e.length)) for e in find_entities(text)]
    assert found == [
        ("bot_command", "/video@pho2video_bot"),
        ("mention", "@someone"),
        ("url", "https://e.org/x"),
        ("hashtag", "#tag"),
        ("email", "me@e.org"),
    ]


@pytest.mark.parametrize(
    ("markup", "inline_only", "reason"),
    [
        ({"inline_keyboard": [[{"text": "a", "callback_data": "é" * 33}]]}, True, "BUTTON_DATA_INVALID"),
        ({"inline_keyboard": [[{"text": "a", "callback_data": "x"}] * 101]}, True, "reply markup is too long"),
        ({"keyboard": [[{"text": "a"}]]}, True, "inline keyboard expected"),
        ({"inline_keyboard": [[{"text": "a", "url": "e.org"}]]}, True,
         "inline keyboard button URL 'e.org' is invalid: Wrong HTTP URL"),
    ],
)  # fmt: skip
def test_unusable_keyboard(markup: dict[str, object], inline_only: bool, reason: str) -> None:
    with pytest.raises(ApiError) as raised:
        parse_keyboard(markup, inline_only=inline_only)
    assert raised.value.description == f"Bad Request: {reason}"


def test_other_keyboards_are_taken_when_sending() -> None:
    assert parse_keyboard({"remove_keyboard": True}, inline_only=False) == ()

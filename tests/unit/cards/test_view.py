import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cards.view import card_screen
from services.drafts.model import DraftState, Idea, ideas_in
from services.drafts.presses import WORD_PATTERN
from services.options import Shape, VideoOptions
from services.screens import ButtonStyle
from services.texts import LANGUAGES, Texts
from tests.unit.drafts.world import IN_GROUP, draft, item

TEXTS = Texts("en")
ENGLISH = TEXTS.into("en")


class Visible(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text, self.tags = "", 0
        self.feed(html)
        self.close()

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags += 1


def labels(rows: object) -> list[list[str]]:
    return [[button.label for button in row] for row in rows]  # type: ignore[attr-defined]


def test_a_ready_draft_offers_to_generate() -> None:
    screen = card_screen(draft(item(1, "leaves fall"), item(2), asked=VideoOptions(2)), ENGLISH)
    assert screen.html == "📷 Photos: 2 of 3\n✏️ \u2068leaves fall\u2069\n🎬 Videos: 2"
    assert labels(screen.rows) == [
        ["1", "• 2 •", "3", "4"], ["• ▭ Wide •", "▯ Tall"], ["💡 Ideas"], ["Generate", "Cancel"],
    ]  # fmt: skip
    assert [button.data for row in screen.rows for button in row] == [
        "d:d1:1", "d:d1:2", "d:d1:3", "d:d1:4", "d:d1:wide", "d:d1:tall", "d:d1:ideas", "d:d1:go",
        "d:d1:cancel",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("items", "said"),
    [([item(1)], "No prompt yet"), ([item(1, "words", with_photo=False)], "No photo yet")],
)
def test_what_is_missing_is_said_and_cannot_be_generated(items: list[object], said: str) -> None:
    screen = card_screen(draft(*items), ENGLISH)  # type: ignore[arg-type]
    assert said in screen.html
    assert labels(screen.rows) == [["• 1 •", "2", "3", "4"], ["• ▭ Wide •", "▯ Tall"], ["💡 Ideas"], ["Cancel"]]


def test_in_a_group_the_card_says_to_reply() -> None:
    assert "reply to this message" in card_screen(draft(item(1), owner=IN_GROUP), ENGLISH).html


def test_a_cancelled_card_has_no_buttons() -> None:
    screen = card_screen(draft(item(1, "a"), state=DraftState.CANCELLED), ENGLISH)
    assert screen.rows == ()
    assert "Cancelled" in screen.html


@pytest.mark.parametrize("language", LANGUAGES)
@given(prompt=st.text(max_size=4096))
def test_no_prompt_breaks_the_card(language: str, prompt: str) -> None:
    screen = card_screen(draft(item(1, prompt), id="f" * 16), TEXTS.into(language))
    seen = Visible(screen.html)
    assert seen.tags == 0
    assert len(seen.text) < 400
    assert len(screen.html.splitlines()) >= 3
    assert screen.html.count("\n") == 2
    assert all(len(button.data.encode()) <= 64 for row in screen.rows for button in row)


def test_html_in_a_prompt_is_shown_as_it_was_written() -> None:
    html = card_screen(draft(item(1, "<b>&amp; <script>")), ENGLISH).html
    assert "<b>&amp; <script>" in Visible(html).text


def test_generate_and_cancel_have_their_colours() -> None:
    rows = card_screen(draft(item(1, "leaves fall")), ENGLISH).rows
    assert [button.style for button in rows[-1]] == [ButtonStyle.SUCCESS, ButtonStyle.DANGER]


def test_a_tall_draft_takes_two_photos() -> None:
    made = draft(item(1, "leaves"), item(2), item(3), asked=VideoOptions(shape=Shape.TALL), shape_chosen=True)
    screen = card_screen(made, ENGLISH)
    assert "2 of 2" in screen.html
    assert labels(screen.rows)[1] == ["▭ Wide", "• ▯ Tall •"]


def test_three_photos_make_a_wide_draft_of_a_usually_tall_one() -> None:
    made = draft(item(1, "leaves"), item(2), item(3), asked=VideoOptions(shape=Shape.TALL))
    assert "3 of 3" in card_screen(made, ENGLISH).html
    assert (made.options.shape, made.extra_keys) == (Shape.WIDE, ("draft-made-wide",))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_ideas_marks_those_that_were_chosen(language: str) -> None:
    phrases = TEXTS.into(language)
    ideas = ideas_in(phrases)
    assert len(ideas) >= 8
    screen = card_screen(draft(item(1), ideas=(ideas[2],), shows_ideas=True, id="f" * 16), phrases)
    assert ideas[2].words in screen.html
    assert [row[0].label.startswith("✓") for row in screen.rows[:4]] == [False, False, True, False]
    assert all(len(button.data.encode()) <= 64 for row in screen.rows for button in row)


def test_ideas_alone_are_a_prompt() -> None:
    made = draft(item(1), ideas=(Idea("a", "Rain falls"), Idea("b", "Night comes")))
    assert (made.is_ready, made.prompt) == (True, "Rain falls\nNight comes")
    assert "No prompt yet" not in card_screen(made, ENGLISH).html


@pytest.mark.parametrize("shows_ideas", [False, True])
def test_every_button_of_a_card_has_a_word_that_is_understood(shows_ideas: bool) -> None:
    screen = card_screen(draft(item(1, "leaves"), shows_ideas=shows_ideas), ENGLISH)
    words = [button.data.removeprefix("d:d1:") for row in screen.rows for button in row]
    assert [word for word in words if re.fullmatch(WORD_PATTERN, word) is None] == []

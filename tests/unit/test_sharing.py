"""What is compared when people look for their videos, and which updates are asked for."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.update_queue import ALLOWED_UPDATES, wanted_updates
from services.generations.model import State
from services.history import fold
from services.receipts import receipt_of

VIETNAMESE = "aàáảãạăằắẳẵặâầấẩẫậeèéẻẽẹêềếểễệiìíỉĩịoòóỏõọôồốổỗộơờớởỡợuùúủũụưừứửữựyỳýỷỹỵdđ"


def test_vietnamese_letters_are_found_by_plain_ones() -> None:
    plain = "a" * 18 + "e" * 12 + "i" * 6 + "o" * 18 + "u" * 12 + "y" * 6 + "dd"
    for form in ("NFC", "NFD"):
        assert fold(unicodedata.normalize(form, VIETNAMESE)) == plain
        assert fold(unicodedata.normalize(form, VIETNAMESE.upper())) == plain


@given(st.text())
def test_form_of_a_text_makes_no_difference(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text))


@pytest.mark.parametrize(
    ("state", "receipt"),
    [(State.QUEUED, "👀"), (State.DELIVERING, "👀"), (State.DONE, "👍"), (State.FAILED, "👎"), (State.CANCELLED, "")],
)
def test_reaction_of_a_state(state: State, receipt: str) -> None:
    assert receipt_of(state) == receipt


def test_inline_queries_are_asked_for_only_where_they_can_come() -> None:
    assert wanted_updates(inline=False, sells=False) == ALLOWED_UPDATES
    assert set(wanted_updates(inline=True, sells=False)) - set(ALLOWED_UPDATES) == {"inline_query"}

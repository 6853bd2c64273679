import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.texts import isolate, shorten

FAMILY = "👨\u200d👩\u200d👧\u200d👦"


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("leaves fall", 20, "leaves fall"),
        ("leaves fall", 11, "leaves fall"),
        ("leaves fall", 10, "leaves fa…"),
        ("leaves  \n\t fall", 20, "leaves fall"),
        ("leaves fall", 8, "leaves…"),
        ("ab" + FAMILY, 5, "ab…"),
        ("abe\u0301f", 4, "ab…"),
        ("a👍🏽b", 3, "a…"),
        ("a🇻🇳🇫🇷b", 5, "a🇻🇳…"),
        ("\u202eturned\u2069", 20, "turned"),
        ("tab\x00\x07bed", 20, "tabbed"),
        ("", 5, ""),
    ],
)
def test_shorten(text: str, limit: int, shown: str) -> None:
    assert shorten(text, limit) == shown


def test_one_character_longer_than_the_line_is_cut_all_the_same() -> None:
    assert shorten(FAMILY * 3, 4).endswith("…")


@given(st.text(), st.integers(2, 40))
def test_the_excerpt_fits_and_stays_on_one_line(text: str, limit: int) -> None:
    shown = shorten(text, limit)
    assert len(shown) <= limit
    assert shown.split() == shown.split(" ") or shown == ""
    assert not any(unicodedata.category(one) in {"Cc", "Cs"} for one in shown)


@given(st.text())
def test_nothing_closes_the_isolation_early(text: str) -> None:
    isolated = isolate(shorten(text, 50))
    assert isolated.count("\u2069") == 1
    assert isolated.endswith("\u2069")


def test_a_text_ends_with_a_whole_word_where_one_is_near() -> None:
    assert shorten("a quiet kitchen at night", 20) == "a quiet kitchen at…"
    assert shorten("a quiet kitchen at night", 18) == "a quiet kitchen…"
    assert shorten("x" * 60, 40) == "x" * 39 + "…"
    assert shorten("a " + "x" * 60, 40) == "a " + "x" * 37 + "…"

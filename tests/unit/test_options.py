from dataclasses import fields

import pytest

from services.options import NOTHING_WANTED, OPTION_WORDS, UNCHOSEN, VideoOptions
from services.store.schema import DraftRow, GenerationRow, PersonRow, option_columns, options_of

OPTIONS = [option.name for option in fields(VideoOptions)]


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(("table", "prefix"), [(DraftRow, ""), (GenerationRow, ""), (PersonRow, "usual_")])
def test_every_value_of_an_option_has_a_button_and_comes_back_from_its_column(
    option: str, table: type[DraftRow | GenerationRow | PersonRow], prefix: str
) -> None:
    for word, wanted in OPTION_WORDS[option].items():
        options = wanted.upon(UNCHOSEN)
        assert options.words[option] == word
        assert options_of(table(**option_columns(options, prefix)), prefix) == options


def test_no_two_buttons_have_the_same_word() -> None:
    words = [word for words in OPTION_WORDS.values() for word in words]
    assert len(words) == len(set(words))


def test_what_is_not_asked_for_stays_as_it_is() -> None:
    for words in OPTION_WORDS.values():
        for wanted in words.values():
            options = wanted.upon(UNCHOSEN)
            assert NOTHING_WANTED.upon(options) == options

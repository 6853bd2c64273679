"""No screen is missing from the list of screens."""

from collections.abc import Iterator

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Message

from bot.screens import SECTIONS, Exhibit, exhibits, hear
from sandbox.botapi.markup import parse_html
from services.failures import FailureKind
from services.generations.model import State
from services.texts import LANGUAGES, LOCALES, Argument


@pytest.fixture(scope="module")
def shown() -> list[Exhibit]:
    return exhibits()


def _keys() -> Iterator[str]:
    for file in sorted((LOCALES / "en").glob("*.ftl")):
        resource = FluentParser().parse(file.read_text(encoding="utf-8"))
        yield from (entry.id.name for entry in resource.body if isinstance(entry, Message))


def test_every_text_is_on_some_screen() -> None:
    phrases = hear("en")
    for screens in SECTIONS.values():
        assert list(screens(phrases))
    assert sorted(set(_keys()) - phrases.asked) == []


def test_every_state_and_every_failure_has_a_screen(shown: list[Exhibit]) -> None:
    titles = {(one.section, one.title.split(",")[0]) for one in shown}
    assert {("Status message: failure", kind.value) for kind in FailureKind} <= titles
    running = {state.value for state in State} - {"done", "failed", "cancelled"}
    assert {("Status message: running", state) for state in running} <= titles


def test_titles_are_told_apart_and_come_in_every_language(shown: list[Exhibit]) -> None:
    for language in LANGUAGES:
        titles = [(one.section, one.title) for one in shown if one.language == language]
        assert len(titles) == len(set(titles))
        assert len(titles) == len(shown) / len(LANGUAGES)


def test_every_screen_is_one_that_telegram_takes(shown: list[Exhibit]) -> None:
    for one in shown:
        text = parse_html(one.screen.html).text
        assert 0 < len(text) <= 4096, one.title
        assert all(len(button.data.encode()) <= 64 for row in one.screen.rows for button in row), one.title


def test_languages_say_different_things(shown: list[Exhibit]) -> None:
    by_language: dict[tuple[str, str], set[Argument]] = {}
    for one in shown:
        by_language.setdefault((one.section, one.title), set()).add(one.screen.html)
    same = {title for title, texts in by_language.items() if len(texts) == 1}
    assert same == set()

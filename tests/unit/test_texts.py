import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from fluent.syntax import FluentParser
from fluent.syntax import ast as ftl
from fluent.syntax.visitor import Visitor

from handlers.routing import IN_GROUPS, menus
from services.texts import LANGUAGES, LOCALES, Argument, Html, MissingTextError, Phrases, Texts

ROOT = LOCALES.parent
FILES = sorted(path.name for path in (LOCALES / "en").glob("*.ftl"))
PLURAL = {"zero", "one", "two", "few", "many", "other"}
TELEGRAM_TAGS = {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}


def parse(language: str, file: str) -> ftl.Resource:
    return FluentParser(with_spans=True).parse((LOCALES / language / file).read_text(encoding="utf-8"))


class Variables(Visitor):
    """Collects the variables of a message, and the values that its selects name."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.choices: dict[str, set[str]] = {}

    def visit_VariableReference(self, node: ftl.VariableReference) -> None:  # noqa: N802
        self.names.add(node.id.name)

    def visit_SelectExpression(self, node: ftl.SelectExpression) -> None:  # noqa: N802
        assert isinstance(node.selector, ftl.VariableReference)
        keys = {variant.key.name for variant in node.variants if isinstance(variant.key, ftl.Identifier)}
        self.choices.setdefault(node.selector.id.name, set()).update(keys)
        self.generic_visit(node)


def variables(message: ftl.Message) -> Variables:
    found = Variables()
    found.visit(message)
    return found


@cache
def messages(language: str) -> dict[str, ftl.Message]:
    return {
        entry.id.name: entry for file in FILES for entry in parse(language, file).body if isinstance(entry, ftl.Message)
    }


ENGLISH = messages("en")


def samples(message: ftl.Message) -> Iterator[dict[str, Argument]]:
    """Arguments that take the message through each variant of its selects."""
    found = variables(message)
    base: dict[str, Argument] = dict.fromkeys(found.names, "7")
    for name, keys in found.choices.items():
        base[name] = 1 if keys <= PLURAL else min(keys)
    yield base
    for name, keys in found.choices.items():
        for value in (0, 1, 2, 21) if keys <= PLURAL else sorted(keys):
            yield {**base, name: value}


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_files(language: str) -> None:
    assert FILES
    assert sorted(path.name for path in (LOCALES / language).glob("*.ftl")) == FILES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES)
def test_a_file_has_no_junk(language: str, file: str) -> None:
    assert [entry.content for entry in parse(language, file).body if isinstance(entry, ftl.Junk)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_message_is_defined_once(language: str) -> None:
    names = [entry.id.name for file in FILES for entry in parse(language, file).body if isinstance(entry, ftl.Message)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("file", FILES)
def test_every_language_has_the_same_messages_in_the_same_order(file: str, language: str) -> None:
    english, own = (
        [entry.id.name for entry in parse(one, file).body if isinstance(entry, ftl.Message)] for one in ("en", language)
    )
    assert english == own


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_uses_the_same_variables(language: str) -> None:
    english, own = (
        {key: variables(message).names for key, message in messages(one).items()} for one in ("en", language)
    )
    assert english == own


@pytest.mark.parametrize("language", LANGUAGES)
def test_selects_that_are_not_plurals_have_the_same_values(language: str) -> None:
    english, own = (
        {
            (key, name): keys
            for key, message in messages(one).items()
            for name, keys in variables(message).choices.items()
            if not keys <= PLURAL
        }
        for one in ("en", language)
    )
    assert english == own


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_message_formats_in_each_of_its_forms(language: str, texts: Texts) -> None:
    phrases = texts.into(language)
    for key, message in messages(language).items():
        for arguments in samples(message):
            assert phrases.plain(key, **arguments).strip()


@pytest.mark.parametrize("language", LANGUAGES)
def test_markup_is_balanced_and_known_to_telegram(language: str, texts: Texts) -> None:
    phrases = texts.into(language)
    for key, message in messages(language).items():
        for arguments in samples(message):
            open_tags: list[str] = []
            for closing, tag in re.findall(r"<(/?)([a-z-]+)[^>]*>", phrases.html(key, **arguments)):
                assert tag in TELEGRAM_TAGS, key
                if closing:
                    assert open_tags.pop() == tag, key
                else:
                    open_tags.append(tag)
            assert open_tags == [], key


@pytest.mark.parametrize(("language", "one", "two"), [("en", "1 video", "2 videos"), ("vi", "1 video", "2 video")])
def test_plurals_follow_the_language(language: str, one: str, two: str, texts: Texts) -> None:
    phrases = texts.into(language)

    def entry(count: int) -> str:
        return phrases.plain("history-entry", date="1", prompt="x", count=count).splitlines()[0]

    assert entry(1).endswith(one)
    assert entry(2).endswith(two)


def test_large_numbers_are_separated_as_the_language_does(texts: Texts) -> None:
    assert "1,234" in texts.into("en").plain("stats-people", count=1234)
    assert "1.234" in texts.into("vi").plain("stats-people", count=1234)


def test_words_of_people_cannot_become_markup(texts: Texts) -> None:
    phrases = texts.into("en")
    told = phrases.html("history-entry", date="1", prompt="<b>&", count=1)
    assert told.endswith("&lt;b&gt;&amp;")
    assert phrases.html("access-refused", id=Html("<i>1</i>")).count("<i>") == 1


def test_a_missing_variable_is_an_error(texts: Texts) -> None:
    with pytest.raises(MissingTextError):
        texts.into("en").plain("access-refused")


@pytest.mark.parametrize(
    ("telegram", "chosen", "language"),
    [("vi", None, "vi"), ("vi-VN", None, "vi"), ("en-GB", None, "en"), ("de", None, "vi"), (None, None, "vi"),
     ("vi", "en", "en"), ("en", "xx", "en")],
)  # fmt: skip
def test_the_language_is_the_chosen_one_then_telegrams_then_the_default(
    telegram: str | None, chosen: str | None, language: str
) -> None:
    assert Texts("vi").choose(telegram, chosen) == language


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_telegram_shows_of_the_bot_fits_its_limits(language: str, texts: Texts) -> None:
    phrases = texts.into(language)
    assert 0 < len(phrases.plain("bot-short-description")) <= 120
    assert 0 < len(phrases.plain("bot-description")) <= 512
    for name in {*menus(sells=True).admin, *IN_GROUPS}:
        assert 1 <= len(phrases.plain(f"command-{name}")) <= 256


@pytest.mark.parametrize("language", LANGUAGES)
def test_notices_on_buttons_fit_telegrams_limit(language: str, texts: Texts) -> None:
    phrases = texts.into(language)
    for notice in (
        phrases.plain("menu-not-yours"),
        phrases.plain("menu-stale"),
        phrases.plain("access-refused-notice", id="9" * 16),
    ):
        assert len(notice) <= 200


# No text that people see is written in the code.

SHOWN = {
    "Screen", "Button", "InlineKeyboardButton", "BotCommand", "InputMediaVideo", "answer", "send_message",
    "edit_message_text", "edit_message_caption", "reply_text", "reply_html", "send_video", "send_media_group",
    "set_my_name", "set_my_description", "set_my_short_description",
}  # fmt: skip
"""Whatever of these is given as text is shown as it stands."""
PASSED_ON = {"say", "send", "edit", "close", "show", "tell", "notice"}
"""These also take words for the machine: keys of texts, names of states."""
WORDS = {"text", "html", "caption", "label", "notice", "description", "name", "short_description"}
WITH_DATA_SECOND = {"Button", "InlineKeyboardButton"}
FOR_THE_MACHINE = re.compile(r"[a-z0-9_:.-]*")
LETTER = re.compile(r"[^\W\d_]")


def spoken_literals(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Literals with words in them among what a speaking call is given, f-strings included."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name not in SHOWN | PASSED_ON:
            continue
        positional = call.args[:1] if name in WITH_DATA_SECOND else call.args
        for argument in [*positional, *(keyword.value for keyword in call.keywords if keyword.arg in WORDS)]:
            for line, text in literals(argument):
                if LETTER.search(text) and not (name in PASSED_ON and FOR_THE_MACHINE.fullmatch(text)):
                    yield line, text


def literals(node: ast.AST) -> Iterator[tuple[int, str]]:
    # What a call inside is given is looked at by itself: it may be a key, as in phrases.html("key").
    if isinstance(node, ast.Call):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.lineno, node.value
        return
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


SOURCES = sorted([*(ROOT / "handlers").rglob("*.py"), *(ROOT / "services").rglob("*.py")])


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_is_written_in_the_code(path: Path) -> None:
    assert list(spoken_literals(ast.parse(path.read_text(encoding="utf-8")))) == []


@pytest.mark.parametrize(
    "source",
    ['Screen("Hello you")', 'say(place, Screen("Hello, you"))', 'query.answer("No, not this one")',
     'Button(label="Go on", data="d:1:go")', 'Button("Cancel", "d:1:cancel")',
     'Screen(f"<b>{name}</b>")', 'bot.send_message(1, f"You have {n} videos")'],
)  # fmt: skip
def test_a_text_in_the_code_would_be_found(source: str) -> None:
    assert list(spoken_literals(ast.parse(source))) != []


def keys_in(path: Path) -> Iterator[str]:
    """Literal keys that the code asks phrases for."""
    for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in {"html", "plain"}:
            for key in call.args[:1]:
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_texts_asked_for_exist(path: Path) -> None:
    assert set(keys_in(path)) <= set(ENGLISH)


@pytest.mark.parametrize("source", ['Button(label, f"d:{n}:go")', 'Screen(p.html("menu-stale"))', 'answer("✓ 1/3")'])
def test_what_is_no_text_is_not_found(source: str) -> None:
    assert list(spoken_literals(ast.parse(source))) == []


def test_the_phrases_of_an_unknown_language_are_the_default_ones(texts: Texts) -> None:
    phrases: Phrases = texts.into("xx")
    assert phrases.language == "en"

"""Texts in the languages on offer, from the Fluent files of ``locales``, and people's own words inside them.

The files are the only source of words that people see. Somebody's own words are cut without breaking a character, and
set so that they cannot disturb the rest. Sources: Project Fluent's syntax guide; Unicode Standard Annex 9, sections 2.4
and 6, for the isolating marks and what they guard against.
"""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from html import escape
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax.ast import Message

LOCALES = Path(__file__).parent.parent / "locales"
LANGUAGES = ("en", "vi")

ZERO_WIDTH_JOINER = "\u200d"

PROMPT_LIMIT = 100
"""Code points of a prompt that the bot repeats: two to three lines of a phone."""

WORD_LIMIT = 20
"""Code points that are given up at most, so that a text ends with a whole word."""

_KEPT_FORMATS = frozenset({ZERO_WIDTH_JOINER, "\u200c", *map(chr, range(0xE0020, 0xE0080))})
"""Format characters that shape what is read (joiners, the tags of flag emoji); others, the marks that turn the
direction of writing among them, are left out."""

_REGIONAL = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Letters of which two make a flag."""

Argument = str | int | float


class Html(str):
    """A string that is HTML already and is put into a text as it stands."""

    __slots__ = ()


class MissingTextError(LookupError):
    """A message, or a variable of one, that a language file does not have."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The texts of one language."""

    language: str
    """``en`` or ``vi``."""
    _bundle: FluentBundle
    keys: tuple[str, ...] = ()
    """Of all texts, in the order of the files."""

    def html(self, key: str, /, **arguments: Argument) -> Html:
        """A text for a message with HTML parse mode; string arguments are escaped unless they are :class:`Html`."""
        safe = {
            name: value if not isinstance(value, str) or isinstance(value, Html) else escape(value, quote=False)
            for name, value in arguments.items()
        }
        return Html(self._format(key, safe))

    def plain(self, key: str, /, **arguments: Argument) -> str:
        """A text for where no markup is read: buttons, notices, captions, descriptions."""
        return self._format(key, arguments)

    def _format(self, key: str, arguments: Mapping[str, Argument]) -> str:
        pattern = self._bundle.get_message(key).value if self._bundle.has_message(key) else None
        if pattern is None:
            raise MissingTextError(f"{self.language}: {key}")
        text, errors = self._bundle.format_pattern(pattern, dict(arguments))
        if errors:
            raise MissingTextError(f"{self.language}: {key}: {errors[0]}")
        return str(text)


@cache  # Both languages take a tenth of a second, and tests start the bot hundreds of times in one process.
def _load(language: str) -> Phrases:
    # No isolating marks: they would sit around every number; a prompt is isolated where it is shown.
    keys: list[str] = []
    bundle = FluentBundle([language], use_isolating=False)
    for file in sorted((LOCALES / language).glob("*.ftl")):
        resource = FluentResource(file.read_text(encoding="utf-8"))
        bundle.add_resource(resource)
        keys += [entry.id.name for entry in resource.body if isinstance(entry, Message)]
    return Phrases(language, bundle, tuple(keys))


@dataclass(slots=True)
class Texts:
    """All languages."""

    default: str
    """The language of people whose own is not on offer."""
    _phrases: dict[str, Phrases] = field(init=False, default_factory=lambda: {name: _load(name) for name in LANGUAGES})

    def into(self, language: str) -> Phrases:
        """The phrases of a language on offer, or else of the default one."""
        return self._phrases.get(language, self._phrases[self.default])

    def choose(self, telegram_language: str | None, chosen: str | None = None) -> str:
        """The language for a person: what they chose, or by the IETF tag of their Telegram client (``en-GB``)."""
        if chosen in self._phrases:
            return chosen
        tag = (telegram_language or "").split("-")[0].lower()
        return tag if tag in self._phrases else self.default


def shorten(text: str, limit: int) -> str:
    """The text on one line, without control characters and marks of direction, in so many code points (at least 2).

    A longer one ends with "…"; an emoji or an accented letter made of several code points is never cut in the middle.
    """
    # Most texts are printable and need no look at each character: a status message is made anew for every edit.
    if not text.isprintable():
        text = "".join(character if _is_shown(character) else " " * character.isspace() for character in text)
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    end = limit - 1
    while end > 0 and not _is_boundary(line, end):
        end -= 1
    # One character may be longer than the line; then it is cut all the same.
    return (_at_word(line, end) if end else line[: limit - 1]).rstrip() + "…"


def prompt_line(prompt: str) -> str:
    """A prompt as the card and the status message show it: the same from one edit to the next."""
    return isolate(shorten(prompt, PROMPT_LIMIT))


def isolate(text: str) -> str:
    """The text in isolating marks: its direction of writing does not reach what stands around it."""
    return f"\u2068{text}\u2069"


def _at_word(line: str, end: int) -> str:
    """The line up to the end, or up to the end of a word that is near."""
    if line[end].isspace():
        return line[:end]
    space = line.rfind(" ", max(1, end - min(WORD_LIMIT, end // 5)), end)
    return line[: space if space > 0 else end]


def _is_shown(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cf":
        return character in _KEPT_FORMATS
    return category not in {"Cc", "Cs"}


def _is_boundary(line: str, index: int) -> bool:
    before, after = line[index - 1], line[index]
    if ZERO_WIDTH_JOINER in (before, after) or _extends(after):
        return False
    run = index - len(line[:index].rstrip(_REGIONAL))
    return after not in _REGIONAL or run % 2 == 0


def _extends(character: str) -> bool:
    code = ord(character)
    is_skin_tone, is_tag = 0x1F3FB <= code <= 0x1F3FF, 0xE0020 <= code <= 0xE007F
    return is_skin_tone or is_tag or unicodedata.category(character) in {"Mn", "Mc", "Me"}

"""Texts in the languages on offer, from the Fluent files of ``locales``; the only source of words people see.

Source of the file format: Project Fluent's syntax guide.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax.ast import Message

LOCALES = Path(__file__).parent.parent / "locales"
LANGUAGES = ("en", "vi")

Argument = str | int | float


class Html(str):
    """A string that is HTML already and is put into a text as it stands."""

    __slots__ = ()


class MissingTextError(LookupError):
    """A message, or a variable of one, that a language file does not have."""


@dataclass(frozen=True, slots=True)
class Phrases:
    """The texts of one language.

    Attributes:
        language: ``en`` or ``vi``.
    """

    language: str
    _bundle: FluentBundle
    _keys: tuple[str, ...] = ()

    def keys_with(self, prefix: str) -> tuple[str, ...]:
        """The keys that begin so, in the order of the files."""
        return tuple(key for key in self._keys if key.startswith(prefix))

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
        if not self._bundle.has_message(key):
            raise MissingTextError(f"{self.language}: {key}")
        pattern = self._bundle.get_message(key).value
        if pattern is None:
            raise MissingTextError(f"{self.language}: {key}")
        text, errors = self._bundle.format_pattern(pattern, dict(arguments))
        if errors:
            raise MissingTextError(f"{self.language}: {key}: {errors[0]}")
        return str(text)


class Texts:
    """All languages, read once.

    Args:
        default: The language of people whose own is not on offer.
        folder: Where the languages' folders lie.
    """

    def __init__(self, default: str, folder: Path = LOCALES) -> None:
        self._phrases = {language: _load(folder / language, language) for language in LANGUAGES}
        self._default = default

    def into(self, language: str) -> Phrases:
        """The phrases of a language on offer, or else of the default one."""
        return self._phrases.get(language, self._phrases[self._default])

    def choose(self, telegram_language: str | None, chosen: str | None = None) -> str:
        """The language for a person.

        Args:
            telegram_language: IETF tag of their Telegram client (``vi``, ``en-GB``), or None.
            chosen: What they chose in ``/settings``, or None.
        """
        if chosen in self._phrases:
            return chosen
        tag = (telegram_language or "").split("-")[0].lower()
        return tag if tag in self._phrases else self._default


def _load(folder: Path, language: str) -> Phrases:
    # No isolating marks: they would sit around every number; a prompt is isolated where it is shown.
    keys: list[str] = []
    bundle = FluentBundle([language], use_isolating=False)
    for file in sorted(folder.glob("*.ftl")):
        resource = FluentResource(file.read_text(encoding="utf-8"))
        bundle.add_resource(resource)
        keys += [entry.id.name for entry in resource.body if isinstance(entry, Message)]
    return Phrases(language, bundle, tuple(keys))

"""Whether a prompt of the API's history is that of a request, in another form perhaps. Pure."""

import html
import re
import unicodedata
from enum import IntEnum
from functools import lru_cache

from services.store.base import storable

CUT_FROM = 64
"""Characters from which on the beginning of a prompt stands for it: some histories cut prompts."""

_ROUNDS = 8
_UNIT = re.compile(r"\\+u([0-9a-fA-F]{4})")
# A row of backslashes is tried from its beginning alone: from each of them, a long one would take minutes.
_UNITS = re.compile(r"(?<!\\)(?:\\+u[0-9a-fA-F]{4})+")
_BACKSLASHES = re.compile(r"\\+([bfnrt]?)")
_ESCAPES = {"b": "\b", "f": " ", "n": " ", "r": " ", "t": " ", "": ""}
_CUT_ESCAPE = re.compile(r"(?<!\\)\\+u?[0-9a-fA-F]{0,3}(?=\s*(?:\.{3}|…)?$)")


class PromptForm(IntEnum):
    """How a history repeats a prompt; the greater, the surer."""

    CUT = 0
    """Its beginning."""
    CHANGED = 1
    """Composed, trimmed, folded or escaped in another way."""
    EXACT = 2


@lru_cache(maxsize=2048)
def normal_form(prompt: str) -> str:
    """A prompt without what services change in it: Unicode form, escapes of HTML and JSON, white space."""
    text = storable(prompt)
    for _ in range(_ROUNDS):
        # One may make work for the other: a full-width ampersand begins an entity.
        plain = " ".join(html.unescape(_unescaped(unicodedata.normalize("NFKC", text))).split())
        if plain == text:
            break
        text = plain
    return text


def _unescaped(text: str) -> str:
    """The text with the escapes of JSON read, however often they were made; other backslashes go."""
    if "\\" not in text:
        return text
    return _BACKSLASHES.sub(lambda found: _ESCAPES[found[1]], _UNITS.sub(_characters, text))


def _characters(escapes: re.Match[str]) -> str:
    units = b"".join(bytes.fromhex(unit) for unit in _UNIT.findall(escapes[0]))
    return units.decode("utf-16-be", "replace").replace("\x00", "")


def prompt_form(told: str, asked: str) -> PromptForm | None:
    """How the prompt that the history has told repeats the one that was asked, or None where it does not."""
    if not told.strip():
        return None
    if told == asked:
        return PromptForm.EXACT
    short, whole = normal_form(told), normal_form(asked)
    if short == whole:
        return PromptForm.CHANGED
    # A cut may go through an escape, an entity, or a letter and its accent.
    short = normal_form(_CUT_ESCAPE.sub("", told)).removesuffix("...").rstrip()
    entity = short.rfind("&", -10)
    short = (short if entity < 0 else short[:entity])[:-1]
    return PromptForm.CUT if len(short) >= CUT_FROM - 1 and whole.startswith(short) else None


def may_share_objects(one: str, other: str) -> bool:
    """Whether one object of the history could be meant for either of two prompts."""
    first, second = normal_form(one), normal_form(other)
    short = CUT_FROM - 1
    return first == second or (min(len(first), len(second)) >= short and first[:short] == second[:short])

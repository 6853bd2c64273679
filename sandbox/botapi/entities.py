"""Ranges of texts: lengths as Telegram counts them, and what it finds in a plain text by itself."""

import re
from collections.abc import Iterable

from sandbox.botapi.model import Entity, RichText

_FOUND_BY_ITSELF = (
    ("url", re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")),
    ("email", re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+\.[\w.-]*\w")),
    ("bot_command", re.compile(r"(?<![\w/@])/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?![\w/])")),
    ("mention", re.compile(r"(?<![\w@])@[A-Za-z][A-Za-z0-9_]{3,31}(?!\w)")),
    ("hashtag", re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
)
_OPAQUE = {"code", "pre", "text_link", "text_mention"}


def utf16_length(text: str) -> int:
    """Length in UTF-16 code units, the unit of entities (https://core.telegram.org/api/entities)."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The part of ``text`` that an entity covers."""
    return text.encode("utf-16-le")[offset * 2 : (offset + length) * 2].decode("utf-16-le", "replace")


def find_entities(text: str, given: Iterable[Entity] = ()) -> tuple[Entity, ...]:
    """``given`` and what Telegram marks by itself: commands, mentions, links, addresses, hashtags."""
    entities = list(given)
    taken = [(e.offset, e.offset + e.length) for e in entities if e.kind in _OPAQUE]
    for kind, pattern in _FOUND_BY_ITSELF:
        for match in pattern.finditer(text):
            start = utf16_length(text[: match.start()])
            end = start + utf16_length(match.group())
            if all(end <= low or start >= high for low, high in taken):
                entities.append(Entity(kind, start, end - start))
                taken.append((start, end))
    return tuple(sorted(entities, key=lambda e: (e.offset, -e.length, e.kind)))


def trimmed(rich: RichText) -> RichText:
    """The text without white space around it, its entities moved along."""
    text = rich.text.rstrip()
    lead = len(text) - len(text.lstrip())
    if rich.entities:
        lead = min(lead, len(utf16_slice(text, 0, min(e.offset for e in rich.entities))))
    text = text[lead:]
    end = utf16_length(text)
    moved = []
    for entity in rich.entities:
        start = entity.offset - lead
        length = min(entity.length, end - start)
        if length > 0:
            moved.append(Entity(entity.kind, start, length, entity.value, entity.user))
    return RichText(text, tuple(moved))

"""HTML as messages may hold it, really parsed (https://core.telegram.org/bots/api#html-style).

Only the tags that Telegram knows, balanced, with the entities computed in UTF-16 code units. Anything else is refused
with the text that bots see from Telegram.
"""

import re
from dataclasses import dataclass

from sandbox.botapi.entities import utf16_length
from sandbox.botapi.errors import bad_request
from sandbox.botapi.model import Entity, RichText

_SIMPLE = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "code": "code",
    "pre": "pre",
}
_TAGS = {*_SIMPLE, "span", "a", "tg-emoji", "blockquote"}
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_REFERENCE = re.compile(r"&(?:(lt|gt|amp|quot)|#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6}));?")
_PLAIN = re.compile(r"[^<&]+")
_ATTRIBUTE = re.compile(r"\s*([a-zA-Z][\w-]*)\s*(?:=\s*(?:\"([^\"]*)\"|'([^']*)'|([\w.:/-]+)))?")


@dataclass(slots=True)
class _Open:
    """A tag that is still open."""

    tag: str
    attributes: dict[str, str]
    start: int
    text_start: int


class _Reader:
    """Reads one text from left to right."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.text: list[str] = []
        self.length = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []

    def read(self) -> RichText:
        """The text without its tags, and their ranges."""
        while self.at < len(self.source):
            if plain := _PLAIN.match(self.source, self.at):
                self.put(plain.group())
                self.at = plain.end()
            elif self.source[self.at] == "<":
                if self.source.startswith("</", self.at):
                    self.close_tag()
                else:
                    self.open_tag()
            else:
                self.reference()
        if self.open:
            raise _broken(f'Can\'t find end tag corresponding to start tag "{self.open[-1].tag}"')
        entities = sorted(_merge_code(self.entities), key=lambda e: (e.offset, -e.length, e.kind))
        return RichText("".join(self.text), tuple(entities))

    def put(self, text: str) -> None:
        self.text.append(text)
        self.length += utf16_length(text)

    def byte(self) -> int:
        return len(self.source[: self.at].encode())

    def reference(self) -> None:
        match = _REFERENCE.match(self.source, self.at)
        if match is None:
            self.put("&")
            self.at += 1
            return
        named, decimal, hexadecimal = match.groups()
        code = int(decimal) if decimal else int(hexadecimal, 16) if hexadecimal else 0
        if not named and not 0 < code <= 0x10FFFF:
            self.put(match.group())
        else:
            self.put(_NAMED[named] if named else chr(code))
        self.at = match.end()

    def open_tag(self) -> None:
        begin = self.byte()
        end = self.source.find(">", self.at)
        inside = self.source[self.at + 1 : end] if end >= 0 else self.source[self.at + 1 :]
        tag = re.split(r"[\s>]", inside, maxsplit=1)[0].lower()
        if tag not in _TAGS:
            raise _broken(f'Unsupported start tag "{tag}" at byte offset {begin}')
        if end < 0:
            raise _broken(f"Unclosed start tag at byte offset {begin}")
        attributes = {}
        for match in _ATTRIBUTE.finditer(inside[len(tag) :]):
            attributes[match[1].lower()] = next((value for value in match.groups()[1:] if value is not None), "")
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise _broken(f'Tag "span" must have class "tg-spoiler" at byte offset {begin}')
        if tag == "tg-emoji" and not attributes.get("emoji-id"):
            raise _broken("Custom emoji entity must contain emoji identifier")
        self.open.append(_Open(tag, attributes, self.length, len(self.text)))
        self.at = end + 1

    def close_tag(self) -> None:
        begin = self.byte()
        end = self.source.find(">", self.at)
        name = self.source[self.at + 2 : end if end >= 0 else None].strip().lower()
        if not self.open:
            raise _broken(f"Unexpected end tag at byte offset {begin}")
        if end < 0:
            raise _broken(f"Unclosed end tag at byte offset {begin}")
        opened = self.open.pop()
        if name and name != opened.tag:
            raise _broken(f'Unmatched end tag at byte offset {begin}, expected "</{opened.tag}>", found "</{name}>"')
        self.at = end + 1
        length = self.length - opened.start
        if length:
            kind, value = _meaning(opened, "".join(self.text[opened.text_start :]))
            if kind:
                self.entities.append(Entity(kind, opened.start, length, value))


def _meaning(opened: _Open, inner: str) -> tuple[str, str]:
    """The kind of an entity and what it refers to; no kind when the range means nothing."""
    if opened.tag == "a":
        url = opened.attributes.get("href") or inner
        return ("text_link", url) if re.match(r"(https?|tg|mailto|ton)://?\S+", url) else ("", "")
    if opened.tag == "span":
        return "spoiler", ""
    if opened.tag == "tg-emoji":
        return "custom_emoji", opened.attributes["emoji-id"]
    if opened.tag == "blockquote":
        return ("expandable_blockquote" if "expandable" in opened.attributes else "blockquote"), ""
    language = opened.attributes.get("class", "").removeprefix("language-") if opened.tag == "code" else ""
    return _SIMPLE[opened.tag], language


def _merge_code(entities: list[Entity]) -> list[Entity]:
    """``<pre><code class="language-x">`` is one ``pre`` in that language; other code has no language."""
    languages = {(e.offset, e.length): e.value for e in entities if e.kind == "code"}
    merged = []
    blocks = {(e.offset, e.length) for e in entities if e.kind == "pre"}
    for entity in entities:
        place = (entity.offset, entity.length)
        if entity.kind == "code" and place in blocks:
            continue
        value = languages.get(place, "") if entity.kind == "pre" else "" if entity.kind == "code" else entity.value
        merged.append(Entity(entity.kind, entity.offset, entity.length, value))
    return merged


def parse_html(source: str) -> RichText:
    """The text and entities of a message in HTML.

    Raises:
        ApiError: 400, "can't parse entities: …" as Telegram words it, with offsets in UTF-8 bytes.
    """
    return _Reader(source).read()


def _broken(text: str) -> Exception:
    return bad_request(f"can't parse entities: {text}")

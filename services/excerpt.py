"""A person's own words inside a line of ours: cut without breaking a character, and unable to disturb the rest.

Source of the isolating marks and of what they guard against: Unicode Standard Annex 9, sections 2.4 and 6.
"""

import unicodedata

FIRST_STRONG_ISOLATE = "\u2068"
POP_ISOLATE = "\u2069"
ZERO_WIDTH_JOINER = "\u200d"

PROMPT_LIMIT = 100
"""Code points of a prompt that the bot repeats: two to three lines of a phone."""

WORD_LIMIT = 20
"""Code points that are given up at most, so that a text ends with a whole word."""

_KEPT_FORMATS = frozenset({ZERO_WIDTH_JOINER, "\u200c", *map(chr, range(0xE0020, 0xE0080))})
"""Format characters that shape what is read (joiners, the tags of flag emoji); others, the marks that turn the
direction of writing among them, are left out."""


def shorten(text: str, limit: int) -> str:
    """The text on one line, cut with "…" where it is longer.

    Args:
        text: Anything a person wrote.
        limit: Code points that stay at most, the "…" included; at least 2.

    Returns:
        Text without line breaks, control characters and marks of direction; an emoji or an accented letter made of
        several code points is never cut in the middle.
    """
    line = " ".join(
        "".join(character if _is_shown(character) else " " * _is_space(character) for character in text).split()
    )
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
    return f"{FIRST_STRONG_ISOLATE}{text}{POP_ISOLATE}"


def _at_word(line: str, end: int) -> str:
    """The line up to the end, or up to the end of a word that is near."""
    if line[end].isspace():
        return line[:end]
    space = line.rfind(" ", max(1, end - min(WORD_LIMIT, end // 5)), end)
    return line[: space if space > 0 else end]


def _is_space(character: str) -> bool:
    return character.isspace()


def _is_shown(character: str) -> bool:
    category = unicodedata.category(character)
    if category == "Cf":
        return character in _KEPT_FORMATS
    return category not in {"Cc", "Cs"}


def _is_boundary(line: str, index: int) -> bool:
    before, after = line[index - 1], line[index]
    if ZERO_WIDTH_JOINER in (before, after) or _extends(after):
        return False
    if _is_regional(before) and _is_regional(after):
        run = 0
        while run < index and _is_regional(line[index - 1 - run]):
            run += 1
        return run % 2 == 0
    return True


def _extends(character: str) -> bool:
    code = ord(character)
    is_skin_tone, is_tag = 0x1F3FB <= code <= 0x1F3FF, 0xE0020 <= code <= 0xE007F
    return is_skin_tone or is_tag or unicodedata.category(character) in {"Mn", "Mc", "Me"}


def _is_regional(character: str) -> bool:
    return 0x1F1E6 <= ord(character) <= 0x1F1FF

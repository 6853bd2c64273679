"""Titles in Vietnamese and other Latin scripts with nothing but the font that Pillow brings along.

That font has no accented letters, so an accented letter is drawn as its base letter with the marks as strokes.
Where a text has letters that cannot be composed this way (Cyrillic, say), a common font of the system is used, if any.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

from sandbox.genaipro.marks import ABOVE, HORN, KNOWN, TONES, Marks

SYSTEM_FONTS = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "Arial.ttf", "arial.ttf")
"""Looked for by name in the system's own font directories."""

Font = ImageFont.FreeTypeFont
_STROKED = {"đ": "d", "Đ": "D"}
_DOTTED = {"i": "ı", "j": "ȷ"}
_PLAIN = {"—": "-", "–": "-", "‘": "'", "’": "'", " ": " "}


@dataclass(frozen=True, slots=True)
class Letter:
    """A base letter that the font has, and the marks that are drawn on it.

    Attributes:
        base: One character.
        marks: Combining characters, in Unicode's order.
        stroked: Whether a bar goes through the stem, as in đ.
    """

    base: str
    marks: str = ""
    stroked: bool = False


@cache
def default_font(size: int) -> Font:
    """The font that Pillow brings along, at a size in pixels."""
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


@cache
def system_font(size: int) -> Font | None:
    """The first common font that the system has, or None."""
    for name in SYSTEM_FONTS:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return None


@cache
def has_glyph(font: Font, character: str) -> bool:
    """Whether the font draws this character, rather than the box that stands for a missing one."""
    if character.isspace():
        return character == " "
    missing = font.getmask("\uffff")
    drawn = font.getmask(character)
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def compose(text: str, font: Font) -> tuple[list[Letter], int]:
    """Take a text apart into letters that the font can draw.

    Returns:
        The letters, and how many letters of the text (symbols and emoji aside) had to be left out.
    """
    letters: list[Letter] = []
    lost = 0
    for character in unicodedata.normalize("NFC", " ".join(text.split())):
        plain = _PLAIN.get(character, character)
        base, *marks = list(unicodedata.normalize("NFD", plain))
        stem = _STROKED.get(base, base)
        if has_glyph(font, plain):
            letters.append(Letter(plain))
        elif has_glyph(font, stem) and KNOWN.issuperset(marks):
            letters.append(Letter(stem, "".join(marks), stroked=stem != base))
        elif character.isalpha():
            lost += 1
    return letters, lost


class Lettering:
    """Draws lines of letters.

    Args:
        size: Height of the font, in pixels.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._font = default_font(size)

    @property
    def line_height(self) -> int:
        """Pixels from one line to the next; room for two marks above and one below included."""
        return round(self._size * 1.45)

    def letters(self, text: str) -> list[Letter]:
        """The letters of a text; switches to a system's font when the default one would lose some of them."""
        letters, lost = compose(text, self._font)
        other = system_font(self._size) if lost else None
        if other is not None:
            self._font = other
            letters, _ = compose(text, other)
        return letters

    def width(self, letters: list[Letter]) -> float:
        """Width of a line in pixels."""
        return sum(self._advance(letter) for letter in letters)

    def _advance(self, letter: Letter) -> float:
        return self._font.getlength(letter.base) + (self._size * 0.05 if HORN in letter.marks else 0.0)

    def wrap(self, letters: list[Letter], width: float, lines: int) -> list[list[Letter]]:
        """Break at spaces into at most ``lines`` lines of at most ``width`` pixels; a rest becomes an ellipsis."""
        words = _words(letters)
        wrapped: list[list[Letter]] = [[]]
        for word in words:
            longer = [*wrapped[-1], Letter(" "), *word] if wrapped[-1] else word
            if self.width(longer) <= width or not wrapped[-1]:
                wrapped[-1] = longer
            else:
                wrapped.append(word)
        kept = wrapped[:lines]
        if len(wrapped) > lines:
            kept[-1] = [*kept[-1], *_ELLIPSIS]
        return [self._clip(line, width) for line in kept]

    def _clip(self, line: list[Letter], width: float) -> list[Letter]:
        if self.width(line) <= width:
            return line
        body = line[: -len(_ELLIPSIS)] if line[-len(_ELLIPSIS) :] == _ELLIPSIS else list(line)
        while body and self.width([*body, *_ELLIPSIS]) > width:
            body.pop()
        return [*body, *_ELLIPSIS]

    def draw(self, canvas: Image.Image, at: tuple[float, float], letters: list[Letter]) -> None:
        """Draw a line in white on a canvas of mode L, its top left corner at ``at``."""
        pen = ImageDraw.Draw(canvas)
        x, top = at
        baseline = top + self._size * 1.1
        for letter in letters:
            self._letter(pen, x, baseline, letter)
            x += self._advance(letter)

    def _letter(self, pen: ImageDraw.ImageDraw, x: float, baseline: float, letter: Letter) -> None:
        above = [mark for mark in letter.marks if mark in ABOVE or mark in TONES]
        glyph = letter.base
        if above and glyph in _DOTTED and has_glyph(self._font, _DOTTED[glyph]):
            glyph = _DOTTED[glyph]
        pen.text((x, baseline), glyph, font=self._font, fill=255, anchor="ls")
        if not letter.marks and not letter.stroked:
            return
        left, upper, right, _ = self._font.getbbox(glyph, anchor="ls")
        marks = Marks(pen, self._size, (x + left, baseline + upper, x + right), baseline)
        if above and letter.base == "i" and glyph == "i":
            marks.erase_dot()
        if letter.stroked:
            marks.bar(capital=letter.base == "D")
        for mark in sorted(letter.marks, key=lambda mark: mark not in ABOVE):
            marks.draw(mark, beside=len(above) > 1 and mark in TONES)


_ELLIPSIS = [Letter("."), Letter("."), Letter(".")]


def _words(letters: list[Letter]) -> list[list[Letter]]:
    words: list[list[Letter]] = [[]]
    for letter in letters:
        if letter.base == " ":
            words.append([])
        else:
            words[-1].append(letter)
    return [word for word in words if word]

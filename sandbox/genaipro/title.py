"""The prompt over the lower edge of a film: white letters on a soft shade, fading in and out."""

import unicodedata
from bisect import bisect_right
from functools import cache
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw, ImageFont

FONT = Path(__file__).with_name("font") / "NotoSans-Bold.ttf"
LINES = 2
_WHITE, _BLACK, _GREY = 235, 16, 128
_SHADE = 170

Font = ImageFont.FreeTypeFont


class Title:
    """Draws a title on frames; made once for a film.

    Args:
        text: What it says; what does not fit two lines ends in an ellipsis.
        width: Pixels of the frame.
        height: Pixels of the frame.
    """

    def __init__(self, text: str, width: int, height: int) -> None:
        font = load_font(max(8, round(min(width, height) * 0.045)))
        margin = round(width * 0.045)
        lines = wrap(printable(text, font), font, width - 2 * margin)
        line_height = sum(font.getmetrics())
        block = line_height * len(lines)
        self._top = _even(height - block - margin * 1.6)
        band = height - self._top
        self._letters = Image.new("L", (width, band))
        pen = ImageDraw.Draw(self._letters)
        for number, line in enumerate(lines):
            pen.text((margin, band - block - margin * 0.7 + number * line_height), line, fill=255, font=font)
        self._shade = Image.linear_gradient("L").point(lambda value: value * _SHADE // 255).resize((width, band))
        paler = ImageChops.lighter(self._letters, self._shade)
        self._colour = paler.resize((width // 2, band // 2), Image.Resampling.BOX)

    def draw(self, planes: tuple[Image.Image, Image.Image, Image.Image], now: float, seconds: float) -> None:
        """Draw on the planes of one frame.

        Args:
            planes: Brightness and the two colour differences (half size), changed in place.
            now: Seconds since the film's start.
            seconds: The film's length.
        """
        strength = visibility(now, seconds)
        if strength == 0:
            return
        brightness, *colours = planes
        brightness.paste(_BLACK, (0, self._top), _dimmed(self._shade, strength))
        brightness.paste(_WHITE, (0, self._top), _dimmed(self._letters, strength))
        for colour in colours:
            colour.paste(_GREY, (0, self._top // 2), _dimmed(self._colour, strength))


@cache
def load_font(size: int) -> Font:
    """The font of titles at a size in pixels: Latin with Vietnamese, Greek, Cyrillic."""
    return ImageFont.truetype(str(FONT), size, layout_engine=ImageFont.Layout.BASIC)


def printable(text: str, font: Font) -> str:
    """The text on one line, without what the font cannot draw, such as emoji."""
    letters = (letter for letter in unicodedata.normalize("NFC", " ".join(text.split())) if _has_glyph(font, letter))
    return " ".join("".join(letters).split())


@cache
def _has_glyph(font: Font, letter: str) -> bool:
    """Whether the font draws this letter, rather than the box that stands for a missing one."""
    if letter == " ":
        return True
    missing, drawn = font.getmask("\uffff"), font.getmask(letter)
    return (drawn.size, bytes(drawn)) != (missing.size, bytes(missing))


def wrap(text: str, font: Font, width: int) -> list[str]:
    """The text in at most two lines, broken between words where there are any.

    Args:
        text: One line.
        font: What it is drawn with.
        width: Pixels of a line, room for a few letters at least.
    """
    lines, rest = list[str](), text
    while rest and len(lines) < LINES:
        line = _start(rest, font, width)
        lines.append(line.rstrip())
        rest = rest[len(line) :].lstrip()
    if rest:
        last = lines[-1]
        while last and font.getlength(f"{last}…") > width:
            last = last[:-1].rstrip()
        lines[-1] = f"{last}…"
    return lines or [""]


def _start(text: str, font: Font, width: int) -> str:
    """The longest start of a text that fits a line, up to the end of a word where one fits; at least a letter."""
    size = bisect_right(range(1, len(text) + 1), float(width), key=lambda count: font.getlength(text[:count]))
    if size == len(text):
        return text
    end = text.rfind(" ", 0, size + 1)
    return text[: end if end > 0 else max(size, 1)]


def visibility(now: float, seconds: float) -> float:
    """How much of the title is seen, from 0 to 1, at a moment of a film of so many seconds."""
    fade = seconds * 0.08
    return min(max(min((now - fade / 2) / fade, (seconds - fade - now) / fade), 0.0), 1.0)


def _dimmed(mask: Image.Image, strength: float) -> Image.Image:
    return mask if strength >= 1 else mask.point(lambda value: int(value * strength))


def _even(value: float) -> int:
    return round(value / 2) * 2

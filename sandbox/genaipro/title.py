"""The prompt over the lower edge of a film: white letters on a soft shade, fading in and out."""

from PIL import Image, ImageChops

from sandbox.genaipro.lettering import Lettering

_WHITE, _BLACK, _GREY = 235, 16, 128
_SHADE = 170
_FINER = 3
"""Letters are drawn this much larger and reduced: their strokes have no smooth edges of their own."""


class Title:
    """Draws a title on frames; made once for a film.

    Args:
        text: What it says; what does not fit two lines ends in an ellipsis.
        width: Pixels of the frame.
        height: Pixels of the frame.
    """

    def __init__(self, text: str, width: int, height: int) -> None:
        lettering = Lettering(max(8, round(min(width, height) * 0.052)) * _FINER)
        margin = round(width * 0.045)
        lines = lettering.wrap(lettering.letters(text), (width - 2 * margin) * _FINER, lines=2)
        block = lettering.line_height * len(lines) / _FINER
        self._top = _even(height - block - margin * 1.6)
        band = height - self._top
        large = Image.new("L", (width * _FINER, band * _FINER))
        for number, line in enumerate(lines):
            top = (band - block - margin * 0.7) * _FINER + number * lettering.line_height
            lettering.draw(large, (margin * _FINER, top), line)
        self._letters = large.reduce(_FINER)
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


def visibility(now: float, seconds: float) -> float:
    """How much of the title is seen, from 0 to 1, at a moment of a film of so many seconds."""
    fade = seconds * 0.08
    return min(max(min((now - fade / 2) / fade, (seconds - fade - now) / fade), 0.0), 1.0)


def _dimmed(mask: Image.Image, strength: float) -> Image.Image:
    return mask if strength >= 1 else mask.point(lambda value: int(value * strength))


def _even(value: float) -> int:
    return round(value / 2) * 2

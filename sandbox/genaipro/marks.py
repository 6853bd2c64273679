"""Diacritics as strokes, for a font that has none."""

from PIL import ImageDraw

ABOVE = ("\u0302", "\u0306")
"""Circumflex and breve: a further mark goes beside them."""
TONES = ("\u0300", "\u0301", "\u0303", "\u0309", "\u0308", "\u030a", "\u030c", "\u0304")
"""The other marks that stand above a letter."""
HORN = "\u031b"
KNOWN = frozenset((*ABOVE, *TONES, HORN, "\u0323", "\u0327"))
"""Every mark that can be drawn."""

_STROKES: dict[str, tuple[tuple[float, float], ...]] = {
    "\u0302": ((-6.5, 0), (0, -6), (6.5, 0)),
    "\u0306": ((-6.5, -5.5), (-4, -1.5), (0, 0), (4, -1.5), (6.5, -5.5)),
    "\u0300": ((-4.5, -6.5), (3, -0.5)),
    "\u0301": ((4.5, -6.5), (-3, -0.5)),
    "\u0303": ((-7, -1), (-4, -5), (0, -3), (4, -1.2), (7, -5)),
    "\u0309": ((-3, -7.5), (1.5, -8), (3, -5.5), (0, -3.2), (-0.3, 0)),
    "\u030c": ((-6.5, -6), (0, 0), (6.5, -6)),
    "\u0304": ((-6.5, -3), (6.5, -3)),
}
"""Marks as lines, in fortieths of the font's height, around the middle of the letter's top; y grows downwards."""


class Marks:
    """Diacritics as strokes around one letter.

    Args:
        pen: What draws.
        size: Height of the font, in pixels; everything scales with it.
        box: Left, top and right edge of the letter, in pixels of the canvas.
        baseline: Its baseline.
    """

    def __init__(self, pen: ImageDraw.ImageDraw, size: int, box: tuple[float, float, float], baseline: float) -> None:
        self._pen = pen
        self._unit = size / 40
        self._left, self._top, self._right = box
        self._middle = (self._left + self._right) / 2
        self._baseline = baseline
        self._floor = self._top - 3.5 * self._unit

    def erase_dot(self) -> None:
        """Take the dot off an i, where a mark goes instead."""
        height = self._baseline - self._top
        self._pen.rectangle((self._left - 1, self._top - 1, self._right + 1, self._top + height * 0.22), fill=0)
        self._floor = self._top + height * 0.16

    def bar(self, *, capital: bool) -> None:
        """The bar of đ and Đ."""
        unit = self._unit
        if capital:
            y = (self._top + self._baseline) / 2
            self._line([(self._left - 2.5 * unit, y), (self._left + 9 * unit, y)])
        else:
            y = self._top + 5.5 * unit
            self._line([(self._right - 11 * unit, y), (self._right + 4 * unit, y)])

    def draw(self, mark: str, *, beside: bool) -> None:
        """One mark.

        Args:
            mark: The combining character.
            beside: Whether it shares the room above with a circumflex or a breve, and so goes up and to the right.
        """
        x, y, unit = self._middle, self._floor, self._unit
        if beside:
            x, y = x + 6 * unit, y - 3.5 * unit
        if mark == HORN:
            corner = (self._right + 3.5 * unit, self._top - 3 * unit)
            self._line(
                [(self._right - 3 * unit, self._top + 2.5 * unit), (corner[0] - 0.5 * unit, self._top + unit), corner]
            )
        elif mark in ("\u0323", "\u0327"):
            self._dot(self._middle, self._baseline + 6 * unit)
        elif mark in ("\u0308", "\u030a"):
            for shift in (-4, 4):
                self._dot(x + shift * unit, y - 2 * unit)
        else:
            self._line([(x + dx * unit, y + dy * unit) for dx, dy in _STROKES[mark]])

    def _line(self, points: list[tuple[float, float]]) -> None:
        self._pen.line(points, fill=255, width=max(1, round(2.6 * self._unit)), joint="curve")

    def _dot(self, x: float, y: float) -> None:
        radius = 2.3 * self._unit
        self._pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)

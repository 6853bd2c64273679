"""What the three sample pictures are painted with: gradients, glows, ridges, rippled reflections."""

import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter

Size = tuple[int, int]
Point = tuple[float, float]


def sky(size: Size, stops: Sequence[tuple[float, str]]) -> Image.Image:
    """A vertical gradient.

    Args:
        size: Width and height in pixels.
        stops: Heights from 0 (top) to 1 (bottom), rising, each with a colour.
    """
    column = Image.new("RGB", (1, size[1]))
    for y in range(size[1]):
        share = y / (size[1] - 1)
        above = max((stop for stop in stops if stop[0] <= share), key=lambda stop: stop[0])
        below = min((stop for stop in stops if stop[0] >= share), key=lambda stop: stop[0])
        span = (share - above[0]) / ((below[0] - above[0]) or 1)
        column.putpixel((0, y), mix(above[1], below[1], span))
    return column.resize(size)


def mix(first: str, second: str, share: float) -> tuple[int, int, int]:
    """A colour between two: 0 is the first, 1 the second."""
    pairs = zip(ImageColor.getrgb(first)[:3], ImageColor.getrgb(second)[:3], strict=True)
    red, green, blue = (round(one + (other - one) * share) for one, other in pairs)
    return red, green, blue


def glow(picture: Image.Image, centre: Point, radius: float, colour: str, strength: float) -> Image.Image:
    """Light around a point, added to what is there; ``strength`` from 0 to 1, nothing left of it at ``radius``."""
    spot = Image.radial_gradient("L").point(lambda value: round((max(0, 178 - value) / 178) ** 2 * 255 * strength))
    light = Image.new("L", picture.size)
    side = round(radius * 2)
    light.paste(spot.resize((side, side)), (round(centre[0] - radius), round(centre[1] - radius)))
    lamp = Image.composite(Image.new("RGB", picture.size, colour), Image.new("RGB", picture.size), light)
    return ImageChops.screen(picture, lamp)


def ridge(width: int, level: float, height: float, phase: float, rough: float = 1.0) -> list[Point]:
    """The outline of a mountain range: a sum of waves, each half as high and about twice as fine as the one before."""
    points = []
    for x in range(0, width + 4, 4):
        position = x / width * math.tau
        wave = sum(
            math.sin(position * 1.93**octave + phase * (octave + 1.7) ** 1.3) * 0.55**octave * (rough if octave else 1)
            for octave in range(8)
        )
        points.append((float(x), level - height * wave / 2))
    return points


def fill(picture: Image.Image, outline: Sequence[Point], paint: str | tuple[int, int, int] | Image.Image) -> None:
    """Fill an outline with a colour, or with the same part of another picture."""
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).polygon(list(outline), fill=255)
    picture.paste(paint, (0, 0, *picture.size) if not isinstance(paint, Image.Image) else (0, 0), mask)


def ball(picture: Image.Image, centre: Point, radii: Point, colours: tuple[str, str, str], light: Point) -> None:
    """A round body in side light.

    Args:
        picture: What it is painted on.
        centre: Its middle.
        radii: Half its width, half its height.
        colours: In the shade, in its own colour, in the light.
        light: Where the light falls on it, each from -1 to 1.
    """
    width, height = round(radii[0] * 2), round(radii[1] * 2)
    wide = Image.radial_gradient("L").resize((width * 2, height * 2))
    left, top = round(width * (0.5 - light[0] * 0.3)), round(height * (0.5 - light[1] * 0.3))
    shading = wide.crop((left, top, left + width, top + height))
    body = colour_map(shading, colours)
    mask = Image.new("L", (width * 2, height * 2))
    ImageDraw.Draw(mask).ellipse((2, 2, width * 2 - 3, height * 2 - 3), fill=255)
    picture.paste(body, (round(centre[0] - radii[0]), round(centre[1] - radii[1])), mask.resize((width, height)))


def colour_map(shading: Image.Image, colours: tuple[str, str, str]) -> Image.Image:
    """Grey to colour: 0 is the last (in the light), 255 the first (in the shade)."""
    shade, own, bright = colours

    def channel(number: int) -> Callable[[int], int]:
        def value(grey: int) -> int:
            share = min(grey / 190, 1.0)
            pair = (bright, own, share * 2) if share < 0.5 else (own, shade, share * 2 - 1)
            return mix(*pair)[number]

        return value

    return Image.merge("RGB", [shading.point(channel(number)) for number in range(3)])


def reflection(picture: Image.Image, line: int, tint: str, strength: float, ripple: float) -> None:
    """Mirror what is above a water line into the water below it, row by row, shaken the more the nearer it is.

    Args:
        picture: Changed in place.
        line: The water line, in pixels from the top.
        tint: Colour of the water.
        strength: How much of it shows, 0 to 1.
        ripple: Greatest shift of a row, in pixels.
    """
    width, height = picture.size
    water = Image.new("RGB", (width, height - line))
    for row in range(height - line):
        depth = row / (height - line)
        wave = math.sin(row * (0.5 - 0.3 * depth)) + 0.7 * math.sin(row * row * 0.0021 + 1.4)
        source = max(0, line - 1 - round(row * 1.08 + wave * ripple * depth * 0.5))
        strip = picture.crop((0, source, width, source + 1))
        water.paste(ImageChops.offset(strip, round(wave * ripple * (0.15 + depth)), 0), (0, row))
    water = water.filter(ImageFilter.GaussianBlur(2.2))
    picture.paste(Image.blend(water, Image.new("RGB", water.size, tint), strength), (0, line))


def shadow(picture: Image.Image, box: tuple[float, float, float, float], strength: float, blur: float) -> Image.Image:
    """The picture with a soft dark ellipse."""
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).ellipse(box, fill=round(255 * strength))
    return Image.composite(Image.new("RGB", picture.size), picture, mask.filter(ImageFilter.GaussianBlur(blur)))


def finish(picture: Image.Image, size: Size) -> Image.Image:
    """Reduce to the final size, darken the corners, add a trace of grain."""
    small = picture.resize(size, Image.Resampling.LANCZOS)
    corners = Image.radial_gradient("L").resize(size).point(lambda value: round(max(0, value - 90) * 0.42))
    return Image.composite(Image.new("RGB", size), small, corners)

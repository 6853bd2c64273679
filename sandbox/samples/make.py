"""Draws the three sample photos anew: ``python -m sandbox.samples.make``."""

import math

from PIL import Image, ImageDraw, ImageFilter

from sandbox.samples import SAMPLES
from sandbox.samples.brush import ball, fill, finish, glow, mix, reflection, ridge, shadow, sky

LANDSCAPE, PORTRAIT = (1280, 960), (960, 1280)
_QUALITY = 86


def dusk() -> Image.Image:
    """A mountain lake when the sun has just gone."""
    width, height, line = 1920, 1440, 930
    picture = sky(
        (width, height),
        [(0, "#1d2350"), (0.25, "#5b3f7e"), (0.45, "#c9627a"), (0.58, "#f6a05f"), (0.66, "#ffd98f"), (1, "#ffd98f")],
    )
    picture = glow(picture, (1180, 850), 1300, "#ff9d52", 0.8)
    picture = glow(picture, (1180, 850), 380, "#fff1c4", 0.95)
    pen = ImageDraw.Draw(picture)
    pen.ellipse((1125, 795, 1235, 905), fill="#fff6dc")
    for number in range(70):
        x, y = (number * 733) % width, (number * 389) % 330
        pen.point([(x, y), (x + 1, y)], fill=mix("#4a4578", "#ffffff", (number * 37 % 100) / 100))
    _clouds(picture)
    far, near = "#a0557a", "#151233"
    for number, (level, tall, phase) in enumerate([(800, 190, 0.6), (840, 210, 2.9), (885, 170, 5.1), (925, 120, 8.3)]):
        layer = ridge(width, level, tall, phase, rough=0.8 + number * 0.12)
        fill(picture, [(0, line), *layer, (width, line)], mix(far, near, (number / 3) ** 0.8))
        picture.paste(glow(picture, (1180, 880), 800, "#ff8a4a", 0.20 - number * 0.05))
    reflection(picture, line, "#2a1f4d", 0.22, 9)
    fill(picture, [(0, height), (0, 1230), *ridge(760, 1290, 60, 3.3), (820, height)], "#0b0a1e")
    _pines(picture)
    return finish(picture, LANDSCAPE)


def _clouds(picture: Image.Image) -> None:
    for number, (x, y, long) in enumerate(
        [(260, 420, 520), (900, 330, 680), (1450, 480, 420), (520, 560, 380), (1560, 300, 330)]
    ):
        mask = Image.new("L", picture.size)
        pen = ImageDraw.Draw(mask)
        for part in range(9):
            offset = (part - 4) * long / 9
            thick = 26 * math.cos((part - 4) / 6) + 6 * math.sin(part * 2.1 + number)
            pen.ellipse((x + offset - long / 8, y - thick, x + offset + long / 8, y + thick * 0.6), fill=120)
        mask = mask.filter(ImageFilter.GaussianBlur(22))
        picture.paste(mix("#ffb28a", "#8a5a92", number % 3 / 2), (0, 0, *picture.size), mask)


def _pines(picture: Image.Image) -> None:
    for number in range(11):
        foot, x = 1300 + (number * 53) % 90, 20 + number * 68
        tall = 250 + (number * 97) % 240 - number * 14
        for step in range(9):
            half = 10 + step * tall / 34
            top = foot - tall + step * tall / 9.5
            fill(picture, [(x, top), (x - half, top + tall / 6), (x + half, top + tall / 6)], "#0b0a1e")
        fill(picture, [(x - 6, foot - 40), (x + 6, foot - 40), (x + 6, foot + 60), (x - 6, foot + 60)], "#0b0a1e")


def harbour() -> Image.Image:
    """Houses along a quay at blue hour, their lights in the water, two boats."""
    width, height, line = 1920, 1440, 860
    picture = sky(
        (width, height), [(0, "#0c1638"), (0.3, "#1f3c74"), (0.5, "#5f7fae"), (0.6, "#e9b48c"), (1, "#e9b48c")]
    )
    picture = glow(picture, (420, 250), 480, "#dfe8ff", 0.6)
    ImageDraw.Draw(picture).ellipse((372, 202, 468, 298), fill="#f7f3e2")
    fill(picture, [(0, line), *ridge(width, 760, 120, 4.4), (width, line)], "#35507f")
    lamps = _houses(picture, line)
    ImageDraw.Draw(picture).rectangle((0, line - 26, width, line), fill="#2b2a33")
    for x, y in lamps:
        picture = glow(picture, (x, y), 170, "#ffc46b", 0.75)
    reflection(picture, line, "#0d1a3c", 0.34, 8)
    picture = _boat(picture, (560, 1130), 1.0, "#b23a2e")
    picture = _boat(picture, (1350, 1010), 0.66, "#e8e2d0")
    return finish(picture, LANDSCAPE)


def _houses(picture: Image.Image, line: int) -> list[tuple[float, float]]:
    walls = (
        "#c8553d",
        "#e3a857",
        "#5b8e7d",
        "#d9c7a3",
        "#7d5a8c",
        "#b7d0d8",
        "#a8443a",
        "#e0b9a0",
        "#47708a",
        "#cf8a4e",
        "#8fa36b",
    )
    pen = ImageDraw.Draw(picture)
    x = -20
    lamps: list[tuple[float, float]] = []
    for number, wall in enumerate(walls):
        broad, tall = 160 + (number * 71) % 50, 250 + (number * 131) % 170
        top = line - tall
        pen.rectangle((x, top, x + broad, line), fill=mix(wall, "#16204a", 0.42))
        roof = [(x - 8, top), (x + broad / 2, top - 90 - number % 3 * 22), (x + broad + 8, top)]
        pen.polygon(roof, fill=mix("#7c3b32", "#10183a", 0.5))
        for row in range(tall // 90):
            for column in range(3):
                lit = (number * 5 + row * 3 + column * 7) % 4 != 0
                left, upper = x + broad * (0.14 + column * 0.27), top + 28 + row * 84
                box = (left, upper, left + broad * 0.17, upper + 48)
                pen.rectangle(box, fill="#ffd98a" if lit else "#1b2546")
                pen.line((left + broad * 0.085, upper, left + broad * 0.085, upper + 48), fill="#4a3a34", width=3)
        if number % 2 == 0:
            lamps.append((x + broad, line - 110))
            pen.line((x + broad, line - 105, x + broad, line), fill="#15151f", width=6)
        x += broad
    for lamp in lamps:
        pen.ellipse((lamp[0] - 11, lamp[1] - 11, lamp[0] + 11, lamp[1] + 11), fill="#fff0c4")
    return lamps


def _boat(picture: Image.Image, at: tuple[float, float], scale: float, colour: str) -> Image.Image:
    x, y = at
    picture = shadow(picture, (x - 270 * scale, y + 55 * scale, x + 270 * scale, y + 135 * scale), 0.62, 14 * scale)
    hull = [(-250, 0), (270, -16), (215, 86), (-190, 90)]
    fill(picture, [(x + dx * scale, y + dy * scale) for dx, dy in hull], mix(colour, "#101a3a", 0.25))
    band = [(-250, 0), (270, -16), (262, 8), (-240, 24)]
    fill(picture, [(x + dx * scale, y + dy * scale) for dx, dy in band], mix(colour, "#ffffff", 0.35))
    pen = ImageDraw.Draw(picture)
    pen.line((x + 20 * scale, y, x + 20 * scale, y - 560 * scale), fill="#2a1d18", width=round(11 * scale))
    for sail, paint in (
        ([(34, -545), (34, -40), (235, -60)], "#f3e3c3"),
        ([(6, -500), (6, -50), (-190, -34)], "#d8bf97"),
    ):
        fill(picture, [(x + dx * scale, y + dy * scale) for dx, dy in sail], mix(paint, "#3b4f80", 0.18))
    return glow(picture, (x - 120 * scale, y - 20 * scale), 90 * scale, "#ffcf7a", 0.9)


def still_life() -> Image.Image:
    """A jug, oranges and pears on a table in window light."""
    width, height, edge = 1440, 1920, 1240
    picture = sky((width, height), [(0, "#2c3a3c"), (0.5, "#59625a"), (0.66, "#3b4440"), (1, "#3b4440")])
    picture = glow(picture, (180, 480), 1500, "#d9c89a", 0.55)
    fill(
        picture,
        [(0, edge), (width, edge - 60), (width, height), (0, height)],
        sky((width, height), [(0, "#c99a66"), (0.62, "#b98350"), (1, "#5d371f")]),
    )
    pen = ImageDraw.Draw(picture)
    for number in range(12):
        y = edge + 30 + number * number * 5.2
        pen.line((0, y, width, y - 60 + number * 3), fill=mix("#8f6038", "#7a4c2a", number / 12), width=3 + number // 4)
    picture = picture.filter(ImageFilter.GaussianBlur(3))
    picture = shadow(picture, (640, 1290, 1420, 1470), 0.7, 40)
    _jug(picture)
    picture = shadow(picture, (200, 1470, 1280, 1650), 0.62, 36)
    orange = ("#7a2c08", "#ef8a1f", "#ffe0a3")
    light = (-0.55, -0.6)
    ball(picture, (820, 1430), (168, 160), orange, light)
    ball(picture, (1085, 1480), (178, 168), orange, light)
    _pear(picture, 500, 1510)
    ball(picture, (735, 1570), (150, 142), ("#5c0f14", "#c9302c", "#ffb9a0"), light)
    pen = ImageDraw.Draw(picture)
    for x, y, colour in ((820, 1290, "#4d6b2f"), (1085, 1330, "#4d6b2f"), (735, 1448, "#4a2a14")):
        pen.line((x, y, x + 14, y - 34), fill=colour, width=11)
    fill(picture, [(836, 1262), (900, 1205), (985, 1210), (925, 1268)], "#5f8a3a")
    fill(picture, [(836, 1262), (910, 1236), (985, 1210), (925, 1268)], "#456b2a")
    return finish(picture, PORTRAIT)


def _jug(picture: Image.Image) -> None:
    glaze = ("#0f2a3a", "#3f7f97", "#e6f5f2")
    pen = ImageDraw.Draw(picture)
    pen.arc((960, 800, 1290, 1190), -128, 95, fill="#1d4a5f", width=44)
    ball(picture, (920, 1120), (270, 290), glaze, (-0.5, -0.5))
    neck = Image.linear_gradient("L").rotate(90).resize((260, 330))
    shade = Image.composite(Image.new("RGB", neck.size, "#8fc3cc"), Image.new("RGB", neck.size, "#14394c"), neck)
    mask = Image.new("L", neck.size)
    ImageDraw.Draw(mask).polygon([(0, 0), (260, 0), (232, 165), (258, 330), (2, 330), (28, 165)], fill=255)
    picture.paste(shade, (790, 630), mask)
    pen.ellipse((790, 596, 1050, 664), fill="#9fd0d6")
    pen.ellipse((812, 608, 1028, 654), fill="#0d2430")
    for number in range(-1, 2):
        pen.arc((700, 1010 + number * 52, 1140, 1190 + number * 52), 20, 160, fill="#e9dfc0", width=9)


def _pear(picture: Image.Image, x: float, y: float) -> None:
    colours, light = ("#4c4a10", "#c3b53a", "#fff5b8"), (-0.5, -0.55)
    for step in range(24):
        share = step / 23
        broad = 84 + 92 * share**1.6
        ball(picture, (x + 30 * (1 - share) ** 2, y - 235 * (1 - share)), (broad, broad * 0.96), colours, light)
    ImageDraw.Draw(picture).line([(x + 28, y - 312), (x + 40, y - 345), (x + 62, y - 372)], fill="#4a3216", width=13)


def main() -> None:
    """Draw all three where the package looks for them."""
    for path, picture in zip(SAMPLES, (dusk(), harbour(), still_life()), strict=True):
        picture.save(path, quality=_QUALITY, optimize=True, progressive=True)


if __name__ == "__main__":
    main()

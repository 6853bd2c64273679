"""Colours: a profile counts by what it computes."""

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from services.photos.images import normalise
from tests.unit.photos.pictures import encoded, png_chunk
from tests.unit.photos.profiles import ADOBE, P3, SRGB, Matrix, expected, grey_profile, inverse, rgb_profile, srgb_curve

FIELD = Path(__file__).parent / "field"
COLOURS = [(255, 60, 20), (60, 200, 60), (20, 40, 220), (128, 128, 128), (240, 230, 210)]


def linear(value: float) -> float:
    return value


def gamma(value: float) -> float:
    return float(value**2.2)


def dot_gain(value: float) -> float:
    """Ink covers more than was asked for: 20 % more at the half (a curve as that of "Dot Gain 20%")."""
    ink = 1 - value
    return 1 - min(1.0, ink + 0.8 * ink * (1 - ink))


def result(tmp_path: Path, data: bytes) -> Image.Image:
    source = tmp_path / "source"
    source.write_bytes(data)
    done = normalise(source, tmp_path / "photo-1")
    with Image.open(done.path) as image:
        image.load()
        assert "icc_profile" not in image.info
        return image


def near(found: object, wanted: tuple[int, ...], within: int = 2) -> bool:
    assert isinstance(found, tuple)
    return all(abs(a - b) <= within for a, b in zip(found, wanted, strict=False))


def bands(mode: str = "RGB") -> Image.Image:
    image = Image.new("RGB", (len(COLOURS) * 16, 16))
    for number, colour in enumerate(COLOURS):
        image.paste(colour, (number * 16, 0, number * 16 + 16, 16))
    return image.convert(mode)


def test_p3_of_android_by_the_file_of_the_field(tmp_path: Path) -> None:
    image = result(tmp_path, (FIELD / "display-p3-gamut-with-srgb-transfer.jpg").read_bytes())
    assert near(image.getpixel((image.width // 2, image.height // 2)), (255, 16, 0))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
@pytest.mark.parametrize(
    ("name", "primaries", "curve"),
    [
        ("Display P3 Gamut with sRGB Transfer", P3, srgb_curve),
        ("Linear sRGB", SRGB, linear),
        ("Adobe RGB (1998) Gamut with sRGB Transfer", ADOBE, srgb_curve),
        ("sRGB IEC61966-2.1", ADOBE, gamma),
    ],
)
def test_profile_is_applied_whatever_its_name(
    tmp_path: Path, kind: str, name: str, primaries: Matrix, curve: Callable[[float], float]
) -> None:
    options: dict[str, dict[str, int]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True},
        "HEIF": {"chroma": 444},
    }
    icc = rgb_profile(name, primaries, curve)
    image = result(tmp_path, encoded(bands(), kind, icc_profile=icc, **options.get(kind, {})))
    loss = {"JPEG": 4, "HEIF": 14, "WEBP": 4}.get(kind, 2)
    for number, colour in enumerate(COLOURS):
        found = image.convert("RGB").getpixel((number * 16 + 8, 8))
        assert near(found, expected(colour, primaries, curve), loss), (colour, found)


@pytest.mark.parametrize("transfer", [1, 13, 16])
def test_colours_of_p3_that_a_heif_names_by_numbers(tmp_path: Path, transfer: int) -> None:
    named = {"color_primaries": 12, "transfer_characteristics": transfer, "matrix_coefficients": 0}
    image = result(tmp_path, encoded(bands(), "HEIF", chroma=444, full_range_flag=1, **named))
    for number, colour in enumerate(COLOURS):
        wanted = expected(colour, P3, srgb_curve) if transfer != 16 else colour
        assert near(image.getpixel((number * 16 + 8, 8)), wanted, 14), colour


def test_right_values_of_p3(tmp_path: Path) -> None:
    icc = rgb_profile("Display P3 Gamut with sRGB Transfer", P3)
    image = result(tmp_path, encoded(bands(), "PNG", icc_profile=icc))
    assert near(image.getpixel((8, 8)), (255, 16, 0))
    assert near(image.getpixel((24, 8)), (0, 203, 11))


@pytest.mark.parametrize("name", ["Display P3", "Dot Gain 20%", "a profile of nobody"])
def test_profile_that_computes_srgb_changes_nothing_whatever_its_name(tmp_path: Path, name: str) -> None:
    data = encoded(bands(), "JPEG", quality=90, icc_profile=rgb_profile(name, SRGB))
    image = result(tmp_path, data)
    with Image.open(io.BytesIO(data)) as before:
        assert image.tobytes() == before.convert("RGB").tobytes()


@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("curve", [dot_gain, linear, gamma])
def test_grey_profile_is_applied(tmp_path: Path, mode: str, curve: Callable[[float], float]) -> None:
    greys = Image.frombytes("L", (256, 4), bytes(range(256)) * 4)
    if mode == "LA":
        greys = Image.merge("LA", (greys, Image.new("L", greys.size, 90)))
    image = result(tmp_path, encoded(greys, "PNG", icc_profile=grey_profile("Dot Gain 20% sRGB", curve)))
    assert ("A" in image.mode) is (mode == "LA")
    for grey in (12, 40, 128, 200, 250):
        wanted = round(255 * inverse(curve(grey / 255)))
        found = image.convert("RGBA").getpixel((grey, 2))
        assert near(found, (wanted, wanted, wanted, 90 if mode == "LA" else 255)), (grey, found)


def test_grey_jpeg_with_a_profile(tmp_path: Path) -> None:
    icc = grey_profile("Grey sRGB", linear)
    image = result(tmp_path, encoded(Image.new("L", (32, 32), 128), "JPEG", quality=100, icc_profile=icc))
    assert near(image.convert("RGB").getpixel((9, 9)), (188, 188, 188))


def test_grey_with_a_profile_for_colours(tmp_path: Path) -> None:
    icc = rgb_profile("Linear sRGB", SRGB, linear)
    image = result(tmp_path, encoded(Image.new("L", (32, 32), 128), "PNG", icc_profile=icc))
    assert near(image.convert("RGB").getpixel((9, 9)), (188, 188, 188))


def test_alpha_stays_where_a_profile_is_applied(tmp_path: Path) -> None:
    picture = bands("RGBA")
    picture.putalpha(70)
    image = result(tmp_path, encoded(picture, "PNG", icc_profile=rgb_profile("Adobe sRGB", ADOBE)))
    found = image.getpixel((8, 8))
    assert near(found, (*expected(COLOURS[0], ADOBE, srgb_curve), 70))


def test_palette_with_a_profile(tmp_path: Path) -> None:
    palette = bands().quantize(8)
    image = result(tmp_path, encoded(palette, "PNG", icc_profile=rgb_profile("P3", P3)))
    assert near(image.getpixel((24, 8)), (0, 203, 11), 3)


def test_profile_of_another_kind_of_colours_is_no_reason_to_refuse(tmp_path: Path) -> None:
    icc = grey_profile("Dot Gain 20%", dot_gain)
    image = result(tmp_path, encoded(bands(), "PNG", icc_profile=icc))
    assert near(image.getpixel((8, 8)), COLOURS[0])
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    assert near(result(tmp_path, encoded(bands(), "PNG", icc_profile=lab)).getpixel((8, 8)), COLOURS[0])


def test_cmyk_without_a_profile_and_with_a_useless_one(tmp_path: Path) -> None:
    for icc in (None, rgb_profile("sRGB", P3)):
        image = result(tmp_path, encoded(bands("CMYK"), "JPEG", quality=100, subsampling=0, icc_profile=icc))
        assert image.mode == "RGB"
        for number, colour in enumerate(COLOURS):
            assert near(image.getpixel((number * 16 + 8, 8)), colour, 4)


def test_sixteen_bit_grey_keeps_its_transparency(tmp_path: Path) -> None:
    image = result(tmp_path, (FIELD / "grey16-transparent.png").read_bytes())
    alpha = image.convert("RGBA").getchannel("A")
    assert alpha.crop((0, 0, alpha.width // 2, alpha.height)).getextrema() == (0, 0)
    assert alpha.crop((alpha.width // 2, 0, alpha.width, alpha.height)).getextrema() == (255, 255)


def transparent_png(depth: int, colour: bool, row: list[tuple[int, ...]], transparent: tuple[int, ...]) -> bytes:
    """A PNG of one row with a transparent colour, of any depth, written bit by bit."""
    bits = "".join(format(part, f"0{depth}b") for pixel in row for part in pixel)
    bits += "0" * (-len(bits) % 8)
    body = b"\0" + bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))
    header = struct.pack(">IIBBBBB", len(row), 1, depth, 2 if colour else 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + png_chunk(b"IHDR", header)
        + png_chunk(b"tRNS", struct.pack(f">{len(transparent)}H", *transparent))
        + png_chunk(b"IDAT", zlib.compress(body))
        + png_chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_transparent_grey_of_every_depth(tmp_path: Path, depth: int) -> None:
    top = 2**depth - 1
    image = result(tmp_path, transparent_png(depth, False, [(0,), (top,)], (top,))).convert("RGBA")
    assert [image.getpixel((at, 0)) for at in (0, 1)] == [(0, 0, 0, 255), (255, 255, 255, 0)]


@pytest.mark.parametrize("depth", [8, 16])
def test_transparent_colour_of_every_depth(tmp_path: Path, depth: int) -> None:
    top, clear = 2**depth - 1, (0, 0x9A37 >> 16 - depth, 0)
    row: list[tuple[int, ...]] = [(top, 0, 0), clear]
    image = result(tmp_path, transparent_png(depth, True, row, clear)).convert("RGBA")
    assert [image.getpixel((at, 0)) for at in (0, 1)] == [(255, 0, 0, 255), (0, 0x9A, 0, 0)]

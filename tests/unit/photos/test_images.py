import io
from pathlib import Path

import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, ImageStat

from services.photos import images as module
from services.photos.images import normalise
from services.photos.model import ImageType, PhotoError, PhotoFile, PhotoProblem
from tests.unit.photos.pictures import (
    CORNERS,
    PLACE,
    card,
    encoded,
    exif,
    jpeg_claiming,
    photo,
    png_claiming,
    webp_claiming,
)

KINDS = ("JPEG", "PNG", "WEBP", "HEIF")
RESULTS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "HEIF": "image/jpeg"}


def run(tmp_path: Path, data: bytes) -> PhotoFile:
    source = tmp_path / "from-telegram.bin"
    source.write_bytes(data)
    target = tmp_path / "out"
    target.mkdir(exist_ok=True)
    return normalise(source, target / "photo-1")


def corners(path: Path) -> list[tuple[int, ...]]:
    with Image.open(path) as image:
        pixels = image.convert("RGB")
    right, bottom = pixels.width - 6, pixels.height - 6
    found = [pixels.getpixel(at) for at in ((5, 5), (right, 5), (5, bottom), (right, bottom))]
    return [tuple(255 * round(value / 255) for value in colour) for colour in found if isinstance(colour, tuple)]


def problem(tmp_path: Path, data: bytes) -> PhotoProblem:
    source = tmp_path / "bad.jpg"
    source.write_bytes(data)
    with pytest.raises(PhotoError) as caught:
        normalise(source, tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bad.jpg"]
    return caught.value.problem


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_comes_out_upright(tmp_path: Path, kind: str, orientation: int) -> None:
    done = run(tmp_path, photo(kind, orientation))
    with Image.open(done.path) as image:
        assert image.size == (96, 64)
    assert corners(done.path) == list(CORNERS)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("orientation", [1, 6])
def test_no_metadata_survives(tmp_path: Path, kind: str, orientation: int) -> None:
    source = photo(kind, orientation)
    assert PLACE in source
    done = run(tmp_path, source)
    assert PLACE not in done.path.read_bytes()
    with Image.open(done.path) as image:
        assert not image.getexif()
        assert not image.getexif().get_ifd(0x8825)
        assert not {"xmp", "exif", "comment", "icc_profile", "photoshop"} & set(image.info)


@pytest.mark.parametrize("kind", KINDS)
def test_name_and_type_follow_the_content(tmp_path: Path, kind: str) -> None:
    done = run(tmp_path, photo(kind))
    assert done.content_type == RESULTS[kind]
    assert done.path.name == "photo-1" + {"HEIF": ".jpg", "JPEG": ".jpg"}.get(kind, f".{kind.lower()}")
    found = ImageType.of(done.path.read_bytes()[:64])
    assert found is not None
    assert found.value == done.content_type


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_upright_pixels_stay_bit_for_bit(tmp_path: Path, kind: str) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((70, 50), 60) for _ in range(3)])
    data = encoded(noise, kind, exif=b"Exif\0\0" + PLACE)
    done = run(tmp_path, data)
    with Image.open(io.BytesIO(data)) as before, Image.open(done.path) as after:
        assert after.convert("RGB").tobytes() == before.convert("RGB").tobytes()


def stripes() -> Image.Image:
    """Colours that are lost where only every other pixel keeps its own."""
    image = Image.new("RGB", (64, 64), (60, 60, 200))
    for left in range(0, 64, 3):
        image.paste((200, 60, 60), (left, 0, left + 1, 64))
    return image


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of the colour that differs most, of 255."""
    return max(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def test_fine_colours_of_webp_survive_a_turn(tmp_path: Path) -> None:
    done = run(tmp_path, encoded(stripes(), "WEBP", lossless=True, exif=exif(3).tobytes()))
    with Image.open(done.path) as after:
        assert difference(after, stripes().rotate(180)) == 0


def test_fine_colours_of_heif_survive_its_becoming_a_jpeg(tmp_path: Path) -> None:
    data = encoded(stripes(), "HEIF", chroma=444)
    done = run(tmp_path, data)
    with Image.open(done.path) as after:
        assert difference(after, pillow_heif.open_heif(data).to_pillow()) <= 2


def test_progressive_jpeg_stays_progressive(tmp_path: Path) -> None:
    done = run(tmp_path, encoded(card(), "JPEG", progressive=True, exif=b"Exif\0\0" + PLACE))
    with Image.open(done.path) as image:
        assert image.info["progressive"]
    assert corners(done.path) == list(CORNERS)


@pytest.mark.parametrize(
    ("mode", "kind"),
    [("CMYK", "JPEG"), ("L", "JPEG"), ("P", "PNG"), ("1", "PNG"), ("LA", "PNG"), ("RGBA", "PNG"), ("I;16", "PNG")],
)
def test_every_mode_becomes_eight_bit_colour(tmp_path: Path, mode: str, kind: str) -> None:
    image = card("L").convert("I;16") if mode == "I;16" else card(mode)
    if mode == "I;16":
        image = card("L").convert("I").point(lambda value: value * 257).convert("I;16")
    done = run(tmp_path, encoded(image, kind))
    with Image.open(done.path) as after:
        assert after.mode in ("L", "RGB", "RGBA")
        expected = card("RGB" if mode in ("CMYK", "P", "RGBA") else "1" if mode == "1" else "L").convert("L")
        error = [abs(a - b) for a, b in zip(after.convert("L").tobytes(), expected.tobytes(), strict=True)]
    assert max(error) <= 4


def test_transparency_stays(tmp_path: Path) -> None:
    image = card("RGBA")
    image.putalpha(Image.new("L", image.size, 100))
    palette = card("P")
    for data in (encoded(image, "PNG"), encoded(palette, "PNG", transparency=palette.getpixel((5, 5)))):
        done = run(tmp_path, data)
        assert done.content_type == "image/png"
        with Image.open(done.path) as after:
            assert after.mode == "RGBA"
            assert after.getchannel("A").getextrema()[0] in (0, 100)


def test_profile_is_applied(tmp_path: Path) -> None:
    lab_like = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    swapped = lab_like.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    assert swapped != lab_like
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be")).replace(b"sRGB", b"test")
    done = run(tmp_path, encoded(Image.new("RGB", (40, 40), (255, 0, 0)), "PNG", icc_profile=swapped))
    with Image.open(done.path) as after:
        colour = after.convert("RGB").getpixel((20, 20))
        assert "icc_profile" not in after.info
    assert isinstance(colour, tuple)
    assert colour[1] > 200 > colour[0]


def test_unreadable_profile_is_ignored(tmp_path: Path) -> None:
    done = run(tmp_path, encoded(card(), "JPEG", icc_profile=b"no profile at all" * 20))
    assert corners(done.path) == list(CORNERS)


def test_unreadable_exif_is_ignored(tmp_path: Path) -> None:
    done = run(tmp_path, encoded(card(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff" + PLACE))
    assert corners(done.path) == list(CORNERS)
    assert PLACE not in done.path.read_bytes()


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_first_picture_of_an_animation(tmp_path: Path, kind: str) -> None:
    frames = [Image.new("RGB", (96, 64), "black"), Image.new("RGB", (96, 64), "white")]
    done = run(tmp_path, encoded(card(), kind, save_all=True, append_images=frames, lossless=True, duration=50))
    with Image.open(done.path) as after:
        assert getattr(after, "n_frames", 1) == 1
    assert corners(done.path) == list(CORNERS)


def test_long_side_is_scaled(tmp_path: Path) -> None:
    done = run(tmp_path, encoded(card(size=(9000, 40)), "PNG"))
    with Image.open(done.path) as image:
        assert image.size == (8192, 36)


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_heavy_result_is_encoded_smaller(tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_OUTPUT_BYTES", 20_000)
    noise = Image.merge("RGB", [Image.effect_noise((200, 200), 60) for _ in range(3)])
    done = run(tmp_path, encoded(noise, kind))
    assert done.content_type == "image/jpeg"
    assert done.path.stat().st_size <= 20_000
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["photo-1.jpg"]


@pytest.mark.parametrize("make", [png_claiming, webp_claiming, jpeg_claiming])
def test_too_many_pixels_by_the_header(tmp_path: Path, make: object) -> None:
    assert callable(make)
    assert problem(tmp_path, make(60_000, 60_000)) is PhotoProblem.TOO_MANY_PIXELS
    assert problem(tmp_path, make(10_000, 5_001)) is PhotoProblem.TOO_MANY_PIXELS


@pytest.mark.parametrize(
    "data",
    [
        encoded(card(), "GIF"),
        encoded(card(), "TIFF"),
        encoded(card(), "BMP"),
        b"%PDF-1.7\n" + bytes(100),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\0\0\0\x20ftypisom\0\0\x02\0isomiso2avc1mp41" + bytes(100),
        b"\0\0\0\x1cftypmif1\0\0\0\0avifmif1miaf" + bytes(100),
        b"\0\0\0\x1cftypavif\0\0\0\0avifmif1miaf" + bytes(100),
        b"<!DOCTYPE html><title>502</title>",
    ],
    ids=["gif", "tiff", "bmp", "pdf", "svg", "mp4", "avif-as-mif1", "avif", "html"],
)
def test_other_kinds_are_refused(tmp_path: Path, data: bytes) -> None:
    assert problem(tmp_path, data) is PhotoProblem.NOT_AN_IMAGE


@pytest.mark.parametrize("kind", KINDS)
def test_truncated_is_broken(tmp_path: Path, kind: str) -> None:
    noise = Image.merge("RGB", [Image.effect_noise((90, 90), 60) for _ in range(3)])
    data = encoded(noise, kind)
    assert problem(tmp_path, data[: len(data) // 2]) is PhotoProblem.BROKEN


def test_empty_is_broken(tmp_path: Path) -> None:
    assert problem(tmp_path, b"") is PhotoProblem.BROKEN


def test_jpeg_of_endless_scans_is_broken(tmp_path: Path) -> None:
    data = encoded(card(), "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    assert problem(tmp_path, data[:at] + data[at:-2] * 300 + data[-2:]) is PhotoProblem.BROKEN


SAMPLES = [photo(kind, orientation) for kind in KINDS for orientation in (1, 6)]
LENIENT = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@LENIENT
@given(sample=st.sampled_from(SAMPLES), data=st.data())
def test_damage_raises_nothing_but_photo_errors(tmp_path: Path, sample: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(sample)
    for _ in range(data.draw(st.integers(0, 8))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    survives(tmp_path, bytes(spoilt[: data.draw(st.integers(0, len(spoilt)))]))


HEADS = [b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF\x40\0\0\0WEBPVP8X", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"]


@LENIENT
@given(head=st.sampled_from(HEADS), rest=st.binary(max_size=300))
def test_noise_raises_nothing_but_photo_errors(tmp_path: Path, head: bytes, rest: bytes) -> None:
    survives(tmp_path, head + rest)


def survives(tmp_path: Path, data: bytes) -> None:
    try:
        done = run(tmp_path, data)
    except PhotoError:
        return
    with Image.open(done.path) as image:
        image.load()
        assert not image.getexif()

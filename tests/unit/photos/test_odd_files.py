"""Files that are not quite right, and that any viewer shows: accepted, upright, without what else they hold."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from services.photos import decoding
from services.photos.images import normalise
from services.photos.model import ImageType, PhotoError, PhotoFile, PhotoProblem
from tests.unit.photos.pictures import CORNERS, PLACE, card, encoded, exif, lying, png_chunk

FIELD = Path(__file__).parent / "field"
JPEG = encoded(lying(6), "JPEG", quality=95, subsampling=0, exif=exif(6).tobytes())
UPRIGHT = encoded(card(), "JPEG", quality=95, subsampling=0)
NOISE = Image.merge("RGB", [Image.effect_noise((120, 90), 70) for _ in range(3)])


def run(tmp_path: Path, data: bytes) -> PhotoFile:
    source = tmp_path / "source"
    source.write_bytes(data)
    return normalise(source, tmp_path / "photo-1")


def shows_the_card(done: PhotoFile) -> None:
    assert PLACE not in done.path.read_bytes()
    with Image.open(done.path) as image:
        assert image.size == (96, 64)
        pixels = image.convert("RGB")
    for wanted, at in zip(CORNERS, ((5, 5), (90, 5), (5, 58), (90, 58)), strict=True):
        found = pixels.getpixel(at)
        assert isinstance(found, tuple)
        assert max(abs(a - b) for a, b in zip(found, wanted, strict=True)) < 24


def segment(code: int, payload: bytes, length: int | None = None) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(payload) + 2 if length is None else length) + payload


def with_segment(data: bytes, *parts: bytes) -> bytes:
    """Parts put before the first table of a JPEG."""
    at = data.index(b"\xff\xdb")
    return data[:at] + b"".join(parts) + data[at:]


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("zero-byte-between-segments.jpg", (64, 48)),
        ("zero-byte-between-segments-turned.jpg", (48, 64)),
        ("comment-201-ffda.jpg", (64, 48)),
        ("behind-the-end-201-ffda.jpg", (64, 48)),
        ("no-eoi.jpg", None),
        ("no-iend.png", (64, 48)),
    ],
)
def test_files_of_the_field(tmp_path: Path, name: str, size: tuple[int, int] | None) -> None:
    data = (FIELD / name).read_bytes()
    done = run(tmp_path, data)
    with Image.open(done.path) as image:
        assert size is None or image.size == size
        image.load()
        found = image.getpixel((image.width // 2, image.height // 2))
    assert isinstance(found, tuple)
    assert found[0] > 150 > found[1]
    assert done.path.read_bytes().count(b"\xff\xda") <= 1


@pytest.mark.parametrize("stray", [b"\0", b"\0\0\0", b"\x17", b"Ducky", b"\xff\xff\xff", b"\0\xff\0"])
@pytest.mark.parametrize("data", [JPEG, UPRIGHT])
def test_jpeg_with_stray_bytes_between_segments(tmp_path: Path, data: bytes, stray: bytes) -> None:
    shows_the_card(run(tmp_path, with_segment(data, stray)))
    at = data.index(b"\xff\xc0")
    shows_the_card(run(tmp_path, data[:at] + stray + data[at:]))


@pytest.mark.parametrize("length", [2, 5, 9])
@pytest.mark.parametrize("code", [0xFE, 0xED])
def test_jpeg_with_a_segment_shorter_than_it_says(tmp_path: Path, length: int, code: int) -> None:
    """What is too much stands between two segments."""
    shows_the_card(run(tmp_path, with_segment(JPEG, segment(code, b"words and " + PLACE, length))))
    shows_the_card(run(tmp_path, with_segment(UPRIGHT, segment(code, b"words and " + PLACE, length))))


@pytest.mark.parametrize("data", [JPEG, UPRIGHT])
def test_only_real_scans_are_counted(tmp_path: Path, data: bytes) -> None:
    many = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * 3000
    for code in (0xFE, 0xE1, 0xEF):
        shows_the_card(run(tmp_path, with_segment(data, segment(code, many))))
    shows_the_card(run(tmp_path, data + b"\0\0\0\x18ftypmp42" + PLACE + many))


def test_too_many_real_scans_are_refused_wherever_they_stand(tmp_path: Path) -> None:
    data = encoded(NOISE, "JPEG", progressive=True)
    at = data.rindex(b"\xff\xda")
    for stray in (b"", b"\0", b"\xff\xff", segment(0xFE, b"words")):
        with pytest.raises(PhotoError) as caught:
            run(tmp_path, data[:at] + (stray + data[at:-2]) * 201 + data[-2:])
        assert caught.value.problem is PhotoProblem.BROKEN


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "restart_marker_rows": 1}])
@pytest.mark.parametrize("tail", [b"", b"\0" * 20, b"\xff", b"words " + PLACE])
def test_jpeg_without_its_end(tmp_path: Path, options: dict[str, int], tail: bytes) -> None:
    data = encoded(lying(6), "JPEG", quality=95, exif=exif(6).tobytes(), **options)
    shows_the_card(run(tmp_path, data[:-2] + tail))
    upright = encoded(card(), "JPEG", quality=95, **options)
    shows_the_card(run(tmp_path, upright[:-2] + tail))


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("kept", [0.3, 0.5, 0.9, 0.98])
@pytest.mark.parametrize("tail", [b"", b"\0" * 20])
def test_jpeg_whose_rows_are_missing_is_broken(
    tmp_path: Path, options: dict[str, int], kept: float, tail: bytes
) -> None:
    data = encoded(NOISE, "JPEG", quality=90, **options)
    with pytest.raises(PhotoError) as caught:
        run(tmp_path, data[: int(len(data) * kept)] + tail)
    assert caught.value.problem is PhotoProblem.BROKEN


def png(*extra: bytes, at_end: bool = False) -> bytes:
    data = encoded(lying(6), "PNG", exif=exif(6).tobytes())
    at = data.index(b"IDAT") - 4 if not at_end else data.index(b"IEND") - 4
    return data[:at] + b"".join(extra) + data[at:]


def bad_checksum(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + b"\0\0\0\x01"


ANCILLARY = {
    "text": (b"tEXt", b"Comment\0" + PLACE),
    "gamma": (b"gAMA", struct.pack(">I", 45455)),
    "density": (b"pHYs", struct.pack(">IIB", 2835, 2835, 1)),
    "time": (b"tIME", b"\x07\xe8\x01\x01\x01\x01\x01"),
    "chromaticities": (b"cHRM", bytes(32)),
    "profile": (b"iCCP", b"name\0\0" + zlib.compress(b"no profile")),
    "transparency": (b"tRNS", bytes(5)),
    "private": (b"prVt", PLACE),
    "animation": (b"acTL", struct.pack(">II", 1, 0)),
}


@pytest.mark.parametrize("at_end", [False, True])
@pytest.mark.parametrize("what", ANCILLARY)
def test_png_whose_ancillary_chunk_is_wrong(tmp_path: Path, what: str, at_end: bool) -> None:
    name, body = ANCILLARY[what]
    shows_the_card(run(tmp_path, png(bad_checksum(name, body), at_end=at_end)))
    shows_the_card(run(tmp_path, png(png_chunk(name, b""), at_end=at_end)))
    shows_the_card(run(tmp_path, png(png_chunk(name, body[:3]), at_end=at_end)))
    shows_the_card(run(tmp_path, png(png_chunk(name, body * 2), at_end=at_end)))


@pytest.mark.parametrize("length", [0, 3, 15, 60, 2**31 - 1, 2**32 - 1])
def test_png_whose_ancillary_chunk_says_a_wrong_length(tmp_path: Path, length: int) -> None:
    chunk = png_chunk(b"tEXt", b"Comment\0" + PLACE)
    shows_the_card(run(tmp_path, png(struct.pack(">I", length) + chunk[4:])))


@pytest.mark.parametrize("name", [b"tEXt", b"zTXt", b"iTXt"])
def test_png_with_megabytes_of_text(tmp_path: Path, name: bytes) -> None:
    text = PLACE * 400_000
    body = {
        b"tEXt": b"a\0" + text,
        b"zTXt": b"a\0\0" + zlib.compress(text),
        b"iTXt": b"a\0\x01\0\0\0" + zlib.compress(text),
    }
    shows_the_card(run(tmp_path, png(png_chunk(name, body[name]))))
    shows_the_card(run(tmp_path, png(*[png_chunk(name, body[name])] * 3, at_end=True)))


@pytest.mark.parametrize("cut", [4, 8, 12])
def test_png_without_its_end(tmp_path: Path, cut: int) -> None:
    shows_the_card(run(tmp_path, png()[:-cut]))
    shows_the_card(run(tmp_path, encoded(card(), "PNG")[:-cut]))


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.97])
def test_png_whose_rows_are_missing_is_broken(tmp_path: Path, kept: float) -> None:
    data = encoded(NOISE, "PNG")
    for spoilt in (data[: int(len(data) * kept)], data[: int(len(data) * kept)] + png_chunk(b"IEND", b"")):
        with pytest.raises(PhotoError) as caught:
            run(tmp_path, spoilt)
        assert caught.value.problem is PhotoProblem.BROKEN


def test_webp_of_many_pixels_is_decoded_as_pillow_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clear = NOISE.copy()
    clear.putalpha(Image.linear_gradient("L").resize(clear.size))
    frames = [clear.rotate(180), clear]
    for data in (
        encoded(NOISE, "WEBP"),
        encoded(clear, "WEBP"),
        encoded(clear, "WEBP", lossless=True, exif=exif(6).tobytes()),
        encoded(clear, "WEBP", save_all=True, append_images=frames, duration=50),
        encoded(NOISE, "WEBP", save_all=True, append_images=frames, lossless=True, duration=50),
    ):
        with Image.open(io.BytesIO(data)) as image:
            wanted = image.convert("RGBA").tobytes()
            size = image.size
        monkeypatch.setattr(decoding, "MANY_PIXELS", 0)
        found = decoding.decoded(ImageType.WEBP, data)
        assert not isinstance(found, WebPImageFile)
        assert (found.size, found.convert("RGBA").tobytes()) == (size, wanted)

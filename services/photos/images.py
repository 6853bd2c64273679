"""Documents made fit to be sent on: upright, sRGB, free of metadata, of a size that the service takes. Blocks.

Call it through ``services.photos.workers``.
"""

from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageOps
from PIL.ExifTags import Base

from services.photos.colours import is_srgb, to_srgb
from services.photos.decoding import (
    JPEG_END,
    MANY_PIXELS,
    PNG_PICTURE,
    EndedJpeg,
    broken_if_it_fails,
    decoded,
    jpeg_segments,
    opened,
    read,
    repaired_png,
    webp_chunks,
)
from services.photos.model import ImageType, PhotoFile

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MAX_SIDE = 8192
"""A longer side is scaled down to this many pixels."""

MAX_OUTPUT_BYTES = 20_000_000
"""A larger result is encoded again as a JPEG, smaller if need be."""

LOSSLESS_PIXELS = 2_000_000
"""A WebP up to this size is encoded without loss: drawings suffer most from the halved colours of the other kind."""

_UPRIGHT = 1
_JFIF, _ADOBE = 0xE0, 0xEE
_JPEG_PICTURE = {*range(0xC0, 0xD0), *range(0xDA, 0xDE)}
_WEBP_PICTURE = {b"VP8X", b"ALPH", b"VP8 ", b"VP8L"}
_WEBP_METADATA_FLAGS = 0x20 | 0x08 | 0x04
_QUALITIES = ((95, 1.0), (85, 1.0), (85, 0.5), (75, 0.25))
_PNG_DEPTH = 24


def normalise(source: Path, target: Path) -> PhotoFile:
    """Write a copy of an image that is upright and holds nothing but its pixels, in sRGB.

    A JPEG, PNG or WebP whose pixels need no change keeps them bit for bit. HEIF becomes JPEG; of an animation the first
    picture is taken; transparency is kept. The source's name means nothing; the target's gets an extension.

    Raises:
        PhotoError: ``NOT_AN_IMAGE``, ``TOO_LARGE``, ``TOO_MANY_PIXELS`` or ``BROKEN``; nothing is written then.
    """
    kind, data = read(source)
    with broken_if_it_fails():
        image = decoded(kind, data)
        # A HEIF image is turned by its decoder already; its EXIF says so once more.
        orientation = _UPRIGHT if kind is ImageType.HEIF else _orientation(image)
        stripped = _stripped(kind, data, image) if orientation == _UPRIGHT else None
        del data
        if stripped is None:
            image = to_srgb(image)
            if max(image.size) > MAX_SIDE:
                image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.LANCZOS)
            image.info = {}
            if orientation != _UPRIGHT:
                # Another image than the one that was read may know nothing of it.
                image.getexif()[Base.Orientation] = orientation
                ImageOps.exif_transpose(image, in_place=True)
    if stripped is None:
        return _encode(image, kind, target)
    path = target.with_suffix(kind.extension)
    path.write_bytes(stripped)
    return PhotoFile.of(path, kind.value)


def _stripped_jpeg(data: bytes) -> bytes:
    """A JPEG of the same pixels without metadata: of ``JFIF`` the density stays, of ``Adobe`` the colour transform.

    Raises:
        ValueError: It has no end: what follows its pixels may be anything.
    """
    kept, code = bytearray(data[:2]), 0
    for code, start, end in jpeg_segments(data):
        payload = data[start + 4 : end]
        if code == _JFIF and payload.startswith(b"JFIF\0"):
            kept += b"\xff\xe0\0\x10" + payload[:12].ljust(12, b"\0") + b"\0\0"
        elif code == _ADOBE and payload.startswith(b"Adobe"):
            kept += b"\xff\xee\0\x0e" + payload[:12].ljust(12, b"\0")
        elif code in _JPEG_PICTURE:
            kept += data[start:end]
    if code != JPEG_END:
        raise ValueError("the picture has no end")
    return bytes(kept + b"\xff\xd9")


def _stripped_webp(data: bytes) -> bytes:
    """A still WebP of the same pixels without metadata (source: RFC 9649, section 2)."""
    kept = bytearray(b"WEBP")
    for name, start, end in webp_chunks(data):
        if name in _WEBP_PICTURE:
            chunk = bytearray(data[start:end])
            if name == b"VP8X":
                chunk[8] &= ~_WEBP_METADATA_FLAGS
            kept += chunk + b"\0" * (len(chunk) % 2)
    return b"RIFF" + len(kept).to_bytes(4, "little") + kept


_STRIPPERS: dict[ImageType, Callable[[bytes], bytes]] = {
    ImageType.JPEG: _stripped_jpeg,
    ImageType.PNG: lambda data: repaired_png(data, PNG_PICTURE),
    ImageType.WEBP: _stripped_webp,
}


def _stripped(kind: ImageType, data: bytes, image: Image.Image) -> bytes | None:
    """A file of the same pixels without metadata; None where the pixels have to change, or where it does not work."""
    if (
        kind is ImageType.HEIF
        or isinstance(image, EndedJpeg)
        or image.mode not in ("L", "RGB", "RGBA")
        or max(image.size) > MAX_SIDE
        or (kind is ImageType.PNG and data[_PNG_DEPTH] != 8)
        or (kind is ImageType.WEBP and getattr(image, "is_animated", False))
        or not is_srgb(image)
    ):
        return None
    try:
        stripped = _STRIPPERS[kind](data)
        size = opened(kind, stripped).size
    except Exception:  # noqa: BLE001 - taken apart for quality's sake only: the decoder knows how to read it
        return None
    return stripped if size == image.size and len(stripped) <= MAX_OUTPUT_BYTES else None


def _orientation(image: Image.Image) -> int:
    """How an image lies by its EXIF; upright when that says nothing of use, or cannot be read."""
    try:
        orientation = image.getexif().get(Base.Orientation, _UPRIGHT)
    except Exception:  # noqa: BLE001 - EXIF that cannot be read fails in as many ways, and the picture is still good
        return _UPRIGHT
    return int(orientation) if orientation in range(2, 9) else _UPRIGHT


class _FullError(Exception):
    """A result became larger than it may be."""


class _BoundedFile(FileIO):
    """A new file that takes no more than ``MAX_OUTPUT_BYTES``: a large PNG is given up before it is compressed."""

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write, or raise ``_FullError``."""
        if self.tell() + memoryview(data).nbytes > MAX_OUTPUT_BYTES:
            raise _FullError
        return super().write(data)


def _encode(image: Image.Image, kind: ImageType, target: Path) -> PhotoFile:
    """Encode pixels as their own kind, or as JPEG where that is not wanted or too large."""
    if kind is ImageType.WEBP and image.width * image.height > MANY_PIXELS:
        kind = ImageType.PNG if image.mode == "RGBA" else ImageType.JPEG
    if kind in (ImageType.PNG, ImageType.WEBP):
        path = target.with_suffix(kind.extension)
        try:
            with _BoundedFile(path, "w") as file:
                if kind is ImageType.PNG:
                    image.save(file, "PNG", compress_level=4)
                else:
                    is_small = image.width * image.height <= LOSSLESS_PIXELS
                    image.save(file, "WEBP", quality=95, method=2, lossless=is_small)
            return PhotoFile.of(path, kind.value)
        except _FullError:
            path.unlink()
    path = target.with_suffix(".jpg")
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    for quality, scale in _QUALITIES:
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        scaled = image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)
        scaled.save(path, "JPEG", quality=quality, subsampling="4:4:4")
        if path.stat().st_size <= MAX_OUTPUT_BYTES:
            break
    return PhotoFile.of(path, ImageType.JPEG.value)

"""Whether an image file can be used, by its content alone.

Every function here blocks: call them through ``services.photos.workers``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from services.photos.kinds import HEAD_BYTES, ImageType, sniff
from services.photos.model import MAX_PIXELS, PhotoError, PhotoProblem

MAX_SOURCE_BYTES = 100_000_000
"""A larger file is refused whatever it is: WebP and HEIF decoders hold the whole file in memory."""

MAX_JPEG_SCANS = 200
"""A progressive JPEG has about ten scans; thousands of empty ones cost minutes to decode."""


@contextmanager
def opened(path: Path) -> Iterator[tuple[ImageType, Image.Image]]:
    """Opens an image without decoding it, once its kind and its size are known to be acceptable.

    The plugins are used directly instead of through ``Image.open``, whose limit of pixels is a global of Pillow's.

    Args:
        path: The file.

    Yields:
        Its kind, and the image; a HEIF image is decoded already.

    Raises:
        PhotoError: ``NOT_AN_IMAGE``, ``TOO_LARGE``, ``TOO_MANY_PIXELS`` or ``BROKEN``.
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        kind = sniff(head)
        if kind is None:
            raise PhotoError(PhotoProblem.NOT_AN_IMAGE if head else PhotoProblem.BROKEN)
        if path.stat().st_size > MAX_SOURCE_BYTES:
            raise PhotoError(PhotoProblem.TOO_LARGE)
        _refuse_pixels(_declared_size(kind, head))
        file.seek(0)
        with broken_if_it_fails():
            image = _open(kind, file)
        yield kind, image


@contextmanager
def broken_if_it_fails() -> Iterator[None]:
    """Turns whatever a decoder raises into a ``PhotoError``: hostile files make decoders raise nearly anything."""
    try:
        yield
    except PhotoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError(PhotoProblem.TOO_MANY_PIXELS) from error
    except Exception as error:
        raise PhotoError(PhotoProblem.BROKEN) from error


def check(path: Path) -> None:
    """Decodes an image and throws the result away: what passes can be normalised.

    Args:
        path: The file.

    Raises:
        PhotoError: ``NOT_AN_IMAGE``, ``TOO_LARGE``, ``TOO_MANY_PIXELS`` or ``BROKEN``.
    """
    with opened(path) as (kind, image), broken_if_it_fails():
        if kind is ImageType.JPEG:
            # Every coefficient is still read at an eighth of the size, and a truncated file still found out.
            image.draft(None, (max(1, image.width // 8), max(1, image.height // 8)))
        image.load()


def _open(kind: ImageType, file: BinaryIO) -> Image.Image:
    image: Image.Image
    if kind is ImageType.HEIF:
        import pillow_heif  # noqa: PLC0415 - 5 MB that few photos need

        heif = pillow_heif.open_heif(file)
        _refuse_pixels(heif.size)
        # Rotation and mirroring of the container are applied by the decoder; EXIF says them once more and is ignored.
        image = heif.to_pillow()
    elif kind is ImageType.JPEG:
        _refuse_scans(file)
        image = JpegImageFile(file)
    elif kind is ImageType.PNG:
        image = PngImageFile(file)
    else:
        image = WebPImageFile(file)
    _refuse_pixels(image.size)
    return image


def _declared_size(kind: ImageType, head: bytes) -> tuple[int, int]:
    """Reads width and height from the head of a PNG or WebP, before any decoder allocates for them; else 0, 0.

    Sources: the PNG specification, 11.2.1 IHDR; RFC 9649, 2.5 to 2.7 (WebP).
    """
    if kind is ImageType.PNG:
        return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if kind is ImageType.WEBP and head[12:16] == b"VP8X":
        return 1 + int.from_bytes(head[24:27], "little"), 1 + int.from_bytes(head[27:30], "little")
    if kind is ImageType.WEBP and head[12:16] == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind is ImageType.WEBP and head[12:16] == b"VP8 ":
        return int.from_bytes(head[26:28], "little") & 0x3FFF, int.from_bytes(head[28:30], "little") & 0x3FFF
    return 0, 0


def _refuse_pixels(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise PhotoError(PhotoProblem.TOO_MANY_PIXELS)


def _refuse_scans(file: BinaryIO) -> None:
    """Counts the scans of a JPEG (inside of one, an FF is never followed by DA) and refuses too many."""
    scans, tail = 0, b""
    while block := file.read(1 << 20):
        scans += (tail + block).count(b"\xff\xda")
        tail = block[-1:]
    if scans > MAX_JPEG_SCANS:
        raise PhotoError(PhotoProblem.BROKEN)
    file.seek(0)

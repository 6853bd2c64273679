"""Images opened and decoded within bounds: of pixels, scans and memory.

The plugins are used directly: the number of pixels that ``Image.open`` allows is a global of Pillow's, as is its
leniency with damaged files. Segments and chunks are walked as decoders do.
"""

import ctypes
import random
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from services.photos.model import HEAD_BYTES, MAX_PIXELS, ImageType, PhotoError, PhotoProblem

MAX_SOURCE_BYTES = 100_000_000
"""A larger file is refused whatever it is: it is held in memory as a whole."""

MAX_JPEG_SCANS = 200
"""A progressive JPEG has about ten scans; thousands of empty ones cost minutes to decode."""

MAX_DECODED_BYTES = 550_000_000
"""A JPEG that would take more is decoded at half its size (four colours of 50 megapixels, progressive)."""

MANY_PIXELS = 12_000_000
"""A WebP of more is decoded, and encoded, in ways that take less memory."""

_EOI = b"\xff\xd9"
_MARKER = re.compile(rb"\xff+[\x01-\xfe]")
_SCAN_END = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
JPEG_END, _SCAN = 0xD9, 0xDA
_BARE = {0x01, *range(0xD0, 0xD9)}
_PNG_CHUNK = re.compile(rb"IHDR|PLTE|tRNS|iCCP|eXIf|IDAT|IEND")
PNG_PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
"""The chunks that make a picture."""
_PNG_WHOLE = PNG_PICTURE | {b"iCCP", b"eXIf"}
"""With the profile of its colours, and the EXIF that says how it lies."""
_PNG_BARE = _PNG_WHOLE - {b"iCCP", b"tRNS"}
"""Those that no decoder can take amiss."""


def read(path: Path) -> tuple[ImageType, bytes]:
    """Read an image file, and tell its kind.

    Raises:
        PhotoError: ``NOT_AN_IMAGE``, ``TOO_LARGE`` or ``BROKEN`` (empty).
    """
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
        kind = ImageType.of(head)
        if kind is None:
            raise PhotoError(PhotoProblem.NOT_AN_IMAGE if head else PhotoProblem.BROKEN)
        rest = file.read(MAX_SOURCE_BYTES)
    if len(rest) == MAX_SOURCE_BYTES:
        raise PhotoError(PhotoProblem.TOO_LARGE)
    return kind, head + rest


@contextmanager
def broken_if_it_fails() -> Iterator[None]:
    """Turn whatever a decoder raises into a ``PhotoError``: hostile files make decoders raise nearly anything."""
    try:
        yield
    except PhotoError:
        raise
    except Image.DecompressionBombError as error:
        raise PhotoError(PhotoProblem.TOO_MANY_PIXELS) from error
    except Exception as error:
        raise PhotoError(PhotoProblem.BROKEN) from error


def opened(kind: ImageType, data: bytes) -> Image.Image:
    """Open an image without decoding it.

    Raises:
        PhotoError: ``TOO_MANY_PIXELS``, or ``BROKEN`` for too many scans.
        Exception: Whatever the decoder raises.
    """
    image: Image.Image
    # Sizes are read before a decoder allocates for them (the PNG specification, 11.2.1 IHDR; RFC 9649, 2.7 VP8X).
    match kind:
        case ImageType.JPEG:
            image = JpegImageFile(BytesIO(data))
        case ImageType.PNG:
            _refuse_pixels((int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")))
            image = _opened_png(data)
        case ImageType.WEBP:
            if data[12:16] == b"VP8X":
                _refuse_pixels((1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")))
            image = WebPImageFile(BytesIO(data))
        case ImageType.HEIF:
            import pillow_heif  # noqa: PLC0415 - 5 MB that few photos need

            image = pillow_heif.HeifImageFile(BytesIO(data))  # type: ignore[no-untyped-call]
    _refuse_pixels(image.size)
    return image


def decoded(kind: ImageType, data: bytes) -> Image.Image:
    """Open and decode an image, raising as ``opened``; of an animation, its first picture."""
    image = opened(kind, data)
    if isinstance(image, JpegImageFile):
        return _decoded_jpeg(image, data)
    if isinstance(image, PngImageFile):
        return _decoded_png(data)
    if isinstance(image, WebPImageFile) and image.width * image.height > MANY_PIXELS:
        pixels = _decoded_webp(image, data)
        if pixels is not None:
            return pixels
    image.load()
    return image


def memory_needed(path: Path) -> int:
    """About how many bytes it takes to decode an image, turn and encode it; decodes nothing."""
    kind, data = read(path)
    with broken_if_it_fails():
        image = opened(kind, data)
        pixels = image.width * image.height
        if isinstance(image, JpegImageFile):
            return max(8 * pixels, 4 * pixels + _coefficient_bytes(image, data))
        return pixels * (24 if kind is ImageType.WEBP and pixels <= MANY_PIXELS else 12)


def _refuse_pixels(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise PhotoError(PhotoProblem.TOO_MANY_PIXELS)


class EndedJpeg(JpegImageFile):
    """A JPEG whose file lacks its end: ``tail`` is read behind its last byte."""

    tail = _EOI

    def load_read(self, read_bytes: int) -> bytes:
        """Read on; see the class it extends."""
        data = self.fp.read(read_bytes) if self.fp is not None else b""
        if not data:
            data, self.tail = self.tail, b""
        return data


def _decoded_jpeg(image: JpegImageFile, data: bytes) -> Image.Image:
    if 4 * image.width * image.height + _coefficient_bytes(image, data) > MAX_DECODED_BYTES:
        image.draft(None, (image.width // 2, image.height // 2))
    try:
        image.load()
    except OSError as error:
        failure = error.with_traceback(None)
    else:
        return image
    del image
    # Where all pixels are there, it does not matter what follows them.
    noise = b"\0" + bytes(random.Random(1).choices(range(255), k=1 << 16))  # noqa: S311 - no secret
    checksum = _checksum(_ended(data, noise + _EOI))
    image = _ended(data, _EOI)
    if _checksum(image) != checksum:
        raise failure
    return image


def _ended(data: bytes, tail: bytes) -> EndedJpeg:
    image = EndedJpeg(BytesIO(data))
    image.tail = tail
    image.load()
    return image


def _checksum(image: Image.Image) -> int:
    """Of all pixels, by strips: the bytes of a whole image stand in memory twice while they are gathered."""
    found = 0
    for top in range(0, image.height, 256):
        strip = image.crop((0, top, image.width, min(top + 256, image.height)))
        found = zlib.crc32(strip.tobytes(), found)
    return found


def _coefficient_bytes(image: JpegImageFile, data: bytes) -> int:
    """Bytes that the coefficients of a JPEG of several scans take, all held until the last one; refuses too many."""
    scans = 0
    for code, _, _ in jpeg_segments(data):
        scans += code == _SCAN
        if scans > MAX_JPEG_SCANS:
            raise PhotoError(PhotoProblem.BROKEN)
    if scans < 2:
        return 0
    samples = [across * down for _, across, down, _ in image.layer]
    return 2 * image.width * image.height * sum(samples) // max(*samples, 1)


def _opened_png(data: bytes, *, load: bool = False) -> PngImageFile:
    """Open a PNG, and decode it if asked to; without its chunks that the decoder does not take, if there are any."""
    failure: Exception | None = None
    for kept in (None, _PNG_WHOLE, _PNG_BARE):
        try:
            image = PngImageFile(BytesIO(data if kept is None else repaired_png(data, kept)))
            if load:
                image.load()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with its chunks, there may be a picture
            failure = failure or error.with_traceback(None)
        else:
            return image
    raise failure or ValueError


def _decoded_png(data: bytes) -> PngImageFile:
    image = _opened_png(data, load=True)
    depth, transparent = data[24], image.info.get("transparency")
    # Pillow leaves the transparent colour in the depth of the file.
    if image.mode == "L" and isinstance(transparent, int):
        image.info["transparency"] = transparent * 255 // (2**depth - 1)
    elif image.mode == "RGB" and depth == 16 and isinstance(transparent, tuple):
        image.info["transparency"] = tuple(part >> 8 for part in transparent)
    return image


def _decoded_webp(image: WebPImageFile, data: bytes) -> Image.Image | None:
    """Decode a WebP into memory that Pillow uses as it is: 8 bytes a pixel in all; None where that cannot be done.

    Pillow's own reader decodes it as an animation, into four copies. The library is the one that Pillow has loaded.
    """
    try:
        from PIL import _webp  # noqa: PLC0415 - may be missing

        decode = ctypes.CDLL(_webp.__file__).WebPDecodeRGBAInto
    except (AttributeError, ImportError, OSError):
        return None
    decode.restype = ctypes.c_void_p
    decode.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    still, place, size = _first_webp_picture(data, image.size)
    _refuse_pixels(size)
    stride = size[0] * 4
    buffer = bytearray(stride * size[1])
    target = (ctypes.c_char * len(buffer)).from_buffer(buffer)
    if not decode(still, len(still), target, len(buffer), stride):
        return None
    pixels = Image.frombuffer("RGBA", size, buffer, "raw", "RGBA", 0, 1)
    if size != image.size:
        canvas = Image.new("RGBA", image.size)
        canvas.paste(pixels, place)
        pixels = canvas
    pixels.info.update(image.info)
    return pixels


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Walk the segments of a JPEG as libjpeg does: what stands between two of them is skipped (ITU-T T.81, annex B).

    Yields marker code, and where the segment begins and ends: a scan with its data; the end at last, if there is one.
    """
    at = 2
    while match := _MARKER.search(data, at):
        code, at = data[match.end() - 1], match.end()
        if code == JPEG_END:
            yield code, at - 2, at
            return
        if code in _BARE:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if code == _SCAN:
            found = _SCAN_END.search(data, end)
            end = found.start() if found else len(data)
        yield code, at - 2, min(end, len(data))
        at = max(end, at + 2)


def repaired_png(data: bytes, kept: frozenset[bytes]) -> bytes:
    """A PNG of only the chunks of some names, each with a checksum that is right.

    A chunk is found by its name: the length of the one before may be wrong (source: the PNG specification, 5.3).
    """
    repaired, at = bytearray(data[:8]), 8
    while match := _PNG_CHUNK.search(data, at):
        name, start = match.group(), match.end()
        end = start + int.from_bytes(data[match.start() - 4 : match.start()], "big")
        body = data[start:end]
        checksum = zlib.crc32(body, zlib.crc32(name)).to_bytes(4, "big")
        is_chunk = name.isupper() or data[end : end + 4] == checksum
        at = end + 4 if is_chunk else start
        if is_chunk and name in kept:
            repaired += len(body).to_bytes(4, "big") + name + body + checksum
        if name == b"IEND":
            break
    return bytes(repaired)


def webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk the chunks of a WebP: the name of each, and where it begins and ends."""
    at, stop = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= stop:
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at, end
        at = end + (end - at) % 2


def _first_webp_picture(data: bytes, size: tuple[int, int]) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """The first picture of a WebP as a file of its own, its place and its size (source: RFC 9649, 2.7.1)."""
    for name, start, end in webp_chunks(data):
        if name == b"ANMF":
            body = data[start + 8 : end]
            left, top, width, height = (int.from_bytes(body[at : at + 3], "little") for at in (0, 3, 6, 9))
            still = b"WEBPVP8X\x0a\0\0\0\x10\0\0\0" + body[6:12] + body[16:]
            return b"RIFF" + len(still).to_bytes(4, "little") + still, (2 * left, 2 * top), (width + 1, height + 1)
    return data, (0, 0), size

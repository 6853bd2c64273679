"""Pictures for the tests: a card whose four corners tell how it lies, in every format and state."""

import io
import struct
import zlib
from typing import Any

import pillow_heif
from PIL import Image

CORNERS = ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0))
"""Top left, top right, bottom left, bottom right."""

PLACE = b"Hoan Kiem"
"""Written into every kind of metadata: must never come out again."""

_UNTURN = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def card(mode: str = "RGB", size: tuple[int, int] = (96, 64)) -> Image.Image:
    width, height = size
    image = Image.new("RGB", size)
    boxes = ((0, 0), (width // 2, 0), (0, height // 2), (width // 2, height // 2))
    for colour, (left, top) in zip(CORNERS, boxes, strict=True):
        image.paste(colour, (left, top, left + width // 2, top + height // 2))
    return image.convert(mode)


def lying(orientation: int) -> Image.Image:
    """The card as a camera stores it that writes this EXIF orientation."""
    turn = _UNTURN[orientation]
    return card() if turn is None else card().transpose(turn)


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[0x0112] = orientation
    tags[0x010E] = PLACE.decode()
    tags.get_ifd(0x8825).update({1: "N", 2: (21.0, 1.0, 43.0), 3: "E", 4: (105.0, 51.0, 8.0), 27: PLACE})
    return tags


def encoded(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    if kind == "HEIF":
        pillow_heif.from_pillow(image).save(buffer, quality=95, **options)
    else:
        image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(kind: str, orientation: int = 1) -> bytes:
    """The card with metadata of every kind that the format has."""
    tags = exif(orientation).tobytes()
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'>" + PLACE + b"</x:xmpmeta>"
    image = lying(orientation)
    if kind == "JPEG":
        iptc = b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x0e\x1c\x02\x5a\0\x09" + PLACE
        app13 = b"\xff\xed" + struct.pack(">H", len(iptc) + 2) + iptc
        data = encoded(image, kind, quality=95, subsampling=0, exif=tags, xmp=xmp, comment=PLACE)
        return data[:2] + app13 + data[2:] + b"\0\0\0\x18ftypmp42" + PLACE
    if kind == "PNG":
        data = encoded(image, kind, exif=tags)
        return data[:33] + png_chunk(b"tEXt", b"Comment\0" + PLACE) + data[33:]
    if kind == "WEBP":
        return encoded(image, kind, lossless=True, exif=tags, xmp=xmp)
    return encoded(image, kind, exif=tags, xmp=xmp)


def png_chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def png_claiming(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", body) + png_chunk(b"IEND", b"")


def webp_claiming(width: int, height: int) -> bytes:
    simple = encoded(Image.new("RGB", (8, 8)), "WEBP")[12:]
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    body = b"WEBP" + b"VP8X" + (10).to_bytes(4, "little") + bytes(4) + canvas + simple
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def jpeg_claiming(width: int, height: int) -> bytes:
    data = encoded(Image.new("RGB", (8, 8)), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    return data[:at] + struct.pack(">HH", height, width) + data[at + 4 :]

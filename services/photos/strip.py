"""Takes everything but the pixels out of a JPEG, PNG or WebP without decoding it: no quality is lost.

The functions expect files that decode; each stops at the end of the first image, so that nothing appended to it
(the second picture of a stereo shot, the film of a motion photo) goes on either.
"""

import re
from collections.abc import Iterator

_SCAN_END = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
_SOS, _EOI, _COM, _APP0, _APP14, _APP15 = 0xDA, 0xD9, 0xFE, 0xE0, 0xEE, 0xEF
_PNG_KEPT = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_WEBP_KEPT = {b"VP8X", b"ALPH", b"VP8 ", b"VP8L"}
_VP8X_ICC_EXIF_XMP = 0x20 | 0x08 | 0x04


def strip_jpeg(data: bytes) -> Iterator[bytes]:
    """Drops comments and all application segments; of ``JFIF`` the density stays, of ``Adobe`` the colour transform.

    Source: ITU-T T.81, annex B (markers), ITU-T T.871 (JFIF).

    Args:
        data: The file.

    Yields:
        The parts of the new file, in order.

    Raises:
        ValueError: The segments do not follow each other as they must.
    """
    yield data[:2]
    at = 2
    while True:
        match = _SCAN_END.match(data, at)
        if match is None:
            raise ValueError("no marker where one must be")
        code, at = data[match.end() - 1], match.end()
        if code == _EOI:
            break
        end = at + int.from_bytes(data[at : at + 2], "big")
        if end < at + 2 or end > len(data):
            raise ValueError("a segment is longer than the file")
        yield from _kept_segment(code, data[at + 2 : end])
        at = end
        if code == _SOS:
            match = _SCAN_END.search(data, at)
            at = match.start() if match else len(data)
            yield data[end:at]
            if match is None:
                break
    yield b"\xff\xd9"


def _kept_segment(code: int, payload: bytes) -> Iterator[bytes]:
    if code == _APP0 and payload.startswith(b"JFIF\0"):
        payload = payload[:12].ljust(12, b"\0") + b"\0\0"
    elif code == _APP14 and payload.startswith(b"Adobe"):
        payload = payload[:12]
    elif code == _COM or _APP0 <= code <= _APP15:
        return
    yield bytes((0xFF, code)) + (len(payload) + 2).to_bytes(2, "big") + payload


def strip_png(data: bytes) -> Iterator[bytes]:
    """Keeps the chunks that make the picture; of an animation that is its default image.

    Source: the PNG specification, 5.3 (chunk layout).

    Args:
        data: The file.

    Yields:
        The parts of the new file, in order.

    Raises:
        ValueError: A chunk is longer than the file.
    """
    yield data[:8]
    at, name = 8, b""
    while name != b"IEND":
        name, end = data[at + 4 : at + 8], at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            raise ValueError("a chunk is longer than the file")
        if name in _PNG_KEPT:
            yield data[at:end]
        at = end


def strip_webp(data: bytes) -> Iterator[bytes]:
    """Keeps the chunks that make a still picture, and clears the flags of those dropped.

    Source: RFC 9649, section 2.

    Args:
        data: The file; not an animation.

    Yields:
        The parts of the new file, in order.

    Raises:
        ValueError: A chunk is longer than the file.
    """
    kept: list[bytes] = []
    at, stop = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= stop:
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + size
        if end > len(data):
            raise ValueError("a chunk is longer than the file")
        if name in _WEBP_KEPT:
            body = data[at + 8 : end]
            if name == b"VP8X":
                body = bytes((body[0] & ~_VP8X_ICC_EXIF_XMP,)) + body[1:]
            kept.append(data[at : at + 8] + body + b"\0" * (size % 2))
        at = end + size % 2
    yield b"RIFF" + (4 + sum(map(len, kept))).to_bytes(4, "little") + b"WEBP"
    yield from kept

"""Segments and chunks of JPEG, PNG and WebP: walked as decoders do, and copied without what is no picture."""

import re
import zlib
from collections.abc import Iterator

_MARKER = re.compile(rb"\xff+[\x01-\xfe]")
_SCAN_END = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
_END, JPEG_SCAN, _JFIF, _ADOBE = 0xD9, 0xDA, 0xE0, 0xEE
_BARE = {0x01, *range(0xD0, 0xD9)}
_PICTURE = {*range(0xC0, 0xD0), *range(0xDA, 0xDE)}
_PNG_CHUNK = re.compile(rb"IHDR|PLTE|tRNS|iCCP|eXIf|IDAT|IEND")
PNG_PICTURE = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"})
"""The chunks that make a picture."""
PNG_WHOLE = PNG_PICTURE | {b"iCCP", b"eXIf"}
"""With the profile of its colours, and the EXIF that says how it lies."""
PNG_BARE = PNG_WHOLE - {b"iCCP", b"tRNS"}
"""Those that no decoder can take amiss."""
_WEBP_PICTURE = {b"VP8X", b"ALPH", b"VP8 ", b"VP8L"}
_WEBP_METADATA_FLAGS = 0x20 | 0x08 | 0x04


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Walk the segments of a JPEG as libjpeg does: what stands between two of them is skipped (ITU-T T.81, annex B).

    Yields:
        Marker code, and where the segment begins and ends; a scan with its data. The end is the last, where there is
        one.
    """
    at = 2
    while match := _MARKER.search(data, at):
        code, at = data[match.end() - 1], match.end()
        if code == _END:
            yield code, at - 2, at
            return
        if code in _BARE:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if code == JPEG_SCAN:
            found = _SCAN_END.search(data, end)
            end = found.start() if found else len(data)
        yield code, at - 2, min(end, len(data))
        at = max(end, at + 2)


def stripped_jpeg(data: bytes) -> bytes:
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
        elif code in _PICTURE:
            kept += data[start:end]
    if code != _END:
        raise ValueError("the picture has no end")
    return bytes(kept + b"\xff\xd9")


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


def stripped_webp(data: bytes) -> bytes:
    """A still WebP of the same pixels without metadata (source: RFC 9649, section 2)."""
    kept = bytearray(b"WEBP")
    for name, start, end in _webp_chunks(data):
        if name in _WEBP_PICTURE:
            chunk = bytearray(data[start:end])
            if name == b"VP8X":
                chunk[8] &= ~_WEBP_METADATA_FLAGS
            kept += chunk + b"\0" * (len(chunk) % 2)
    return b"RIFF" + len(kept).to_bytes(4, "little") + kept


def _webp_chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Walk the chunks of a WebP: the name of each, and where it begins and ends."""
    at, stop = 12, min(len(data), 8 + int.from_bytes(data[4:8], "little"))
    while at + 8 <= stop:
        end = at + 8 + int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], at, end
        at = end + (end - at) % 2


def first_webp_picture(data: bytes, size: tuple[int, int]) -> tuple[bytes, tuple[int, int], tuple[int, int]]:
    """The first picture of a WebP as a file of its own, its place and its size (source: RFC 9649, 2.7.1)."""
    for name, start, end in _webp_chunks(data):
        if name == b"ANMF":
            body = data[start + 8 : end]
            left, top, width, height = (int.from_bytes(body[at : at + 3], "little") for at in (0, 3, 6, 9))
            still = b"WEBPVP8X\x0a\0\0\0\x10\0\0\0" + body[6:12] + body[16:]
            return b"RIFF" + len(still).to_bytes(4, "little") + still, (2 * left, 2 * top), (width + 1, height + 1)
    return data, (0, 0), size

"""A video's facts from the tables of its MP4 file, for the usual kind of file; every other kind is for a decoder.

Loading a decoder costs more memory than all that the bot does for a delivery, and decoding a picture more time. The
tables say the same, as long as they are whole and agree with the file. Source: ISO/IEC 14496-12 (boxes, ``mvhd``,
``tkhd``, ``stsd``, ``stsz``, ``stco``), 14496-15 (samples of AVC and HEVC begin with the length of a NAL unit).
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_TABLES = 16 * 1024 * 1024
"""Bytes of tables that are read; an hour of video has less than a tenth of that."""

_CODECS = {b"avc1", b"avc3", b"hvc1", b"hev1"}
_UNKNOWN = {0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}
_TURNS = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
_ENTRY = 8 + 78
"""Bytes of a sample entry of pictures before the boxes in it."""

Span = tuple[int, int]


class UnusualError(Exception):
    """Not the usual kind of file, or not whole: nothing is known of it."""


@dataclass(frozen=True, slots=True)
class Track:
    """The pictures of a file.

    Attributes:
        width: Of a picture as stored, pixels.
        height: Likewise.
        rotation: By which it is shown turned, degrees: 0, 90, 180, 270.
        ratio: Width of a pixel over its height.
        seconds: Length, more than 0.
    """

    width: int
    height: int
    rotation: int
    ratio: float
    seconds: float


def read_track(file: BinaryIO, size: int) -> Track:
    """Reads the tables of the first track of pictures. Blocks.

    Args:
        file: At its start.
        size: Its bytes.

    Raises:
        UnusualError: Nothing can be said.
    """
    tables, media = _outline(file, size)
    try:
        movie = (0, len(tables))
        track = next(trak for trak in _all(tables, movie, b"trak") if _handler(tables, trak) == b"vide")
        table = _only(tables, _only(tables, _only(tables, track, b"mdia"), b"minf"), b"stbl")
        _check_first_sample(file, tables, table, media)
        codec, width, height, ratio = _entry(tables, table)
        rotation, seconds = _shown(tables, movie, track)
    except (StopIteration, struct.error, ZeroDivisionError, IndexError):
        raise UnusualError from None
    if codec not in _CODECS or not (width and height and ratio and seconds):
        raise UnusualError
    return Track(width, height, rotation, ratio, seconds)


def _outline(file: BinaryIO, size: int) -> tuple[bytes, list[Span]]:
    """The tables, and where the media lies. Every box of the file must be whole."""
    at, tables, media = 0, b"", []
    while at < size:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            raise UnusualError
        length, kind = struct.unpack_from(">I4s", head)
        start = at + 8
        if length == 1 and len(head) == 16:
            length, start = struct.unpack_from(">Q", head, 8)[0], at + 16
        if length < start - at or at + length > size or kind == b"moof":
            raise UnusualError
        if kind == b"mdat":
            media.append((start, at + length))
        elif kind == b"moov":
            if tables or length > MAX_TABLES:
                raise UnusualError
            file.seek(start)
            tables = file.read(at + length - start)
        at += length
    if not tables or not media:
        raise UnusualError
    return tables, media


def _boxes(data: bytes, span: Span) -> Iterator[tuple[bytes, Span]]:
    at, end = span
    while at + 8 <= end:
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8 or at + length > end:
            raise UnusualError
        yield kind, (at + 8, at + length)
        at += length


def _all(data: bytes, span: Span, wanted: bytes) -> Iterator[Span]:
    return (inner for kind, inner in _boxes(data, span) if kind == wanted)


def _only(data: bytes, span: Span, wanted: bytes) -> Span:
    found = list(_all(data, span, wanted))
    if len(found) != 1:
        raise UnusualError
    return found[0]


def _handler(data: bytes, track: Span) -> bytes:
    at, _ = _only(data, _only(data, track, b"mdia"), b"hdlr")
    return data[at + 8 : at + 12]


def _entry(data: bytes, table: Span) -> tuple[bytes, int, int, float]:
    """Codec, width, height and pixel ratio of the one kind of picture there is."""
    at, end = _only(data, table, b"stsd")
    if struct.unpack_from(">I", data, at + 4)[0] != 1:
        raise UnusualError
    ((codec, (start, stop)),) = list(_boxes(data, (at + 8, end)))
    width, height = struct.unpack_from(">HH", data, start + 24)
    for inner in _all(data, (start - 8 + _ENTRY, stop), b"pasp"):
        across, down = struct.unpack_from(">II", data, inner[0])
        return codec, width, height, across / down
    return codec, width, height, 1.0


def _shown(data: bytes, movie: Span, track: Span) -> tuple[int, float]:
    """The turn by which the track is shown, and its length as shown: edits that cut its beginning included."""
    at, _ = _only(data, track, b"tkhd")
    is_long = data[at] == 1
    length = struct.unpack_from(">Q", data, at + 28)[0] if is_long else struct.unpack_from(">I", data, at + 20)[0]
    a, b, _u, c, d = struct.unpack_from(">5i", data, at + (52 if is_long else 40))
    turn = _TURNS.get((a >> 16, b >> 16, c >> 16, d >> 16))
    if turn is None or any(value & 0xFFFF for value in (a, b, c, d)) or length in _UNKNOWN:
        raise UnusualError
    at, _ = _only(data, movie, b"mvhd")
    return turn, length / struct.unpack_from(">I", data, at + (20 if data[at] == 1 else 12))[0]


def _check_first_sample(file: BinaryIO, data: bytes, table: Span, media: list[Span]) -> None:
    """The first picture must lie where the tables say, and look like one."""
    at, _ = _only(data, table, b"stsz")
    each, count = struct.unpack_from(">II", data, at + 4)
    length = each or struct.unpack_from(">I", data, at + 12)[0]
    wide = list(_all(data, table, b"co64"))
    at, _ = wide[0] if wide else _only(data, table, b"stco")
    chunks, offset = struct.unpack_from(">IQ" if wide else ">II", data, at + 4)
    if not count or not chunks or not any(start <= offset and offset + length <= end for start, end in media):
        raise UnusualError
    file.seek(offset)
    unit = file.read(5)
    # The length of the first unit, and the bit in it that is always 0.
    if len(unit) < 5 or not 0 < int.from_bytes(unit[:4], "big") <= length - 4 or unit[4] & 0x80:
        raise UnusualError

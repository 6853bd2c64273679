"""What Telegram is told of a video: width, height, duration and kind, read from the file.

The usual MP4 is read from its tables: loading a decoder costs more memory than all else that a delivery does, and
decoding a picture more time. PyAV reads the rest. Sources: ISO/IEC 14496-12 (boxes) and 14496-15 (samples of AVC and
HEVC begin with the length of a NAL unit).
"""

import math
import struct
from array import array
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from services.delivery.errors import VideoError, VideoProblem

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

MAX_PIXELS = 8192 * 4608
"""Of one picture (8K): more would only cost memory to decode."""

MAX_TABLES = 16 * 1024 * 1024
"""Bytes of tables that are read; an hour of video has less than a tenth of that."""

MAX_SECONDS = 48 * 3600.0
"""A longer video is a mistake in its file."""

MAX_RATIO = 16.0
"""Width of a pixel over its height, or the other way round: more is a mistake in its file."""

EBML = b"\x1a\x45\xdf\xa3"
"""How Matroska and WebM begin."""

_MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}
_CODECS = {b"avc1", b"avc3", b"hvc1", b"hev1"}
_PADDING = {b"free", b"skip"}
_UNKNOWN = {0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF}
_ONE = 1 << 16
_TURNS = {(_ONE, 0, 0, _ONE): 0, (0, _ONE, -_ONE, 0): 90, (-_ONE, 0, 0, -_ONE): 180, (0, -_ONE, _ONE, 0): 270}
"""Degrees, by the matrix of a track, in fixed point."""
_ENTRY = 78
"""Bytes of a sample entry of pictures before the boxes in it."""

DAMAGE = (ValueError, LookupError, ArithmeticError, StopIteration, struct.error)
"""What reading tables of any content may raise."""

Box = memoryview
"""The contents of a box of an MP4 file."""


class UnusualError(ValueError):
    """Not the usual kind of file, or not whole: its tables alone say nothing."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What Telegram is told."""

    width: int
    """Pixels as shown: turned, and with square pixels."""
    height: int
    duration: int | None
    """Whole seconds, at least 1; None when the file does not say."""
    suffix: str = "mp4"
    """What the name of such a file ends in: mp4, mov, webm, mkv."""


def suffix_of(head: bytes) -> str | None:
    """The kind of container by the first bytes of a file, as the suffix of its name; None for anything else."""
    if head[4:8] in _MP4_BOXES:
        return "mov" if head[4:12] == b"ftypqt  " else "mp4"
    if head.startswith(EBML):
        return "webm" if b"webm" in head[:64] else "mkv"
    return None


def read_facts(path: Path) -> VideoFacts:
    """Reads a video's facts: from its tables where it is a usual one, else with a decoder. Blocks.

    Raises:
        VideoError: It is no MP4, QuickTime, Matroska or WebM, has no picture, or is damaged.
        OSError: The disk failed.
    """
    with path.open("rb") as file:
        suffix = suffix_of(file.read(64))
        if suffix is None:
            raise VideoError(VideoProblem.NOT_A_VIDEO)
        with suppress(UnusualError):
            return read_tables(file, path.stat().st_size, suffix)
    return decode(path, suffix)


def _as_shown(width: int, height: int, ratio: float, rotation: int, seconds: float | None, suffix: str) -> VideoFacts:
    """What is told of stored pictures, of so many degrees and pixels so much wider than high: as they are shown."""
    across, down = max(1, round(width * ratio)), height
    if rotation % 180 == 90:
        across, down = down, across
    return VideoFacts(across, down, None if seconds is None else max(1, math.floor(seconds + 0.5)), suffix)


def read_tables(file: BinaryIO, size: int, suffix: str) -> VideoFacts:
    """Reads the facts of an MP4 file of so many bytes from the tables of its first track of pictures. Blocks."""
    try:
        movie, media = _outline(file, size)
        track = next(trak for trak in all_boxes(movie, b"trak") if handler_of(trak) == b"vide")
        table = sample_table(track)
        _check_first_sample(file, table, media)
        codec, width, height, ratio = _entry(table)
        rotation, seconds = _shown(movie, track)
    except DAMAGE:
        raise UnusualError from None
    is_likely = 0 < width * height <= MAX_PIXELS and _is_likely(ratio) and 0 < seconds <= MAX_SECONDS
    if codec not in _CODECS or not is_likely:
        raise UnusualError
    return _as_shown(width, height, ratio, rotation, seconds, suffix)


def _is_likely(ratio: float) -> bool:
    return 1 / MAX_RATIO <= ratio <= MAX_RATIO


def box_head(file: BinaryIO, at: int) -> tuple[bytes, int, int]:
    """Kind of the box there, its bytes with its head, and those of its head; 0 bytes for one up to the file's end."""
    file.seek(at)
    head = file.read(16)
    length, kind = struct.unpack_from(">I4s", head)
    return (kind, struct.unpack_from(">Q", head, 8)[0], 16) if length == 1 else (kind, length, 8)


def _outline(file: BinaryIO, size: int) -> tuple[Box, list[tuple[int, int]]]:
    """The tables, and where the media begins and ends. Every box of the file must be whole."""
    at, tables, media = 0, b"", []
    while at < size:
        kind, length, head = box_head(file, at)
        if length < head or at + length > size or kind == b"moof":
            raise UnusualError
        if kind == b"mdat":
            media.append((at + head, at + length))
        elif kind == b"moov":
            if tables or length > MAX_TABLES:
                raise UnusualError
            file.seek(at + head)
            tables = file.read(length - head)
        at += length
    if not tables or not media:
        raise UnusualError
    return memoryview(tables), media


def _boxes(data: Box) -> Iterator[tuple[bytes, Box]]:
    at = 0
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if length < 8 or at + length > len(data):
            raise UnusualError
        yield kind, data[at + 8 : at + length]
        at += length


def all_boxes(data: Box, wanted: bytes) -> Iterator[Box]:
    """All boxes of a kind."""
    return (inner for kind, inner in _boxes(data) if kind == wanted)


def only_box(data: Box, *path: bytes) -> Box:
    """The box that is the one of its kind, in the one of another kind, and so on."""
    for wanted in path:
        found = list(all_boxes(data, wanted))
        if len(found) != 1:
            raise UnusualError
        data = found[0]
    return data


def handler_of(track: Box) -> bytes:
    """What a track holds: ``vide``, ``soun`` and others."""
    return bytes(only_box(track, b"mdia", b"hdlr")[8:12])


def sample_table(track: Box) -> Box:
    """The tables of a track's samples."""
    return only_box(track, b"mdia", b"minf", b"stbl")


def _entry(table: Box) -> tuple[bytes, int, int, float]:
    """Codec, width, height and pixel ratio of the one kind of picture there is."""
    entries = [box for box in _boxes(only_box(table, b"stsd")[8:]) if box[0] not in _PADDING]
    if len(entries) != 1:
        raise UnusualError
    codec, entry = entries[0]
    width, height = struct.unpack_from(">HH", entry, 24)
    for ratio in all_boxes(entry[_ENTRY:], b"pasp"):
        across, down = struct.unpack_from(">II", ratio)
        return codec, width, height, across / down
    return codec, width, height, 1.0


def _shown(movie: Box, track: Box) -> tuple[int, float]:
    """The turn by which the track is shown, and its length as shown: edits that cut its beginning included."""
    head = only_box(track, b"tkhd")
    is_long = head[0] == 1
    (length,) = struct.unpack_from(">Q", head, 28) if is_long else struct.unpack_from(">I", head, 20)
    a, b, _u, c, d = struct.unpack_from(">5i", head, 52 if is_long else 40)
    turn = _TURNS.get((a, b, c, d))
    if turn is None or length in _UNKNOWN:
        raise UnusualError
    head = only_box(movie, b"mvhd")
    return turn, length / struct.unpack_from(">I", head, 20 if head[0] == 1 else 12)[0]


def _check_first_sample(file: BinaryIO, table: Box, media: list[tuple[int, int]]) -> None:
    """The first picture must lie where the tables say, and look like one."""
    sizes = only_box(table, b"stsz")
    each, count = struct.unpack_from(">II", sizes, 4)
    length = each or struct.unpack_from(">I", sizes, 12)[0]
    offsets = chunk_offsets(table)
    if not count or not any(start <= offsets[0] and offsets[0] + length <= end for start, end in media):
        raise UnusualError
    file.seek(offsets[0])
    unit = file.read(5)
    # The length of the first unit, and the bit in it that is always 0.
    if len(unit) < 5 or not 0 < int.from_bytes(unit[:4], "big") <= length - 4 or unit[4] & 0x80:
        raise UnusualError


def chunk_offsets(table: Box) -> "array[int]":
    """Where in the file the chunks of a track begin."""
    wide = next(all_boxes(table, b"co64"), None)
    box = only_box(table, b"stco") if wide is None else wide
    (count,) = struct.unpack_from(">I", box, 4)
    offsets = array("I" if wide is None else "Q", bytes(box[8 : 8 + count * (4 if wide is None else 8)]))
    offsets.byteswap()
    return offsets


def decode(path: Path, suffix: str) -> VideoFacts:
    """Reads the facts of the first track of pictures with a decoder, and decodes a picture to see that there is one.

    The demuxer is told, by the file's suffix, never guessed: playlists and the like, which make the demuxer open files
    and addresses of their own choice, are no videos.
    """
    import av  # noqa: PLC0415 - 17 MB that most bots never need

    demuxer = "mp4" if suffix in {"mp4", "mov"} else "matroska"
    try:
        with av.open(
            str(path), "r", format=demuxer, options={"protocol_whitelist": "file"}, metadata_errors="replace"
        ) as container:
            return _decoded(container, suffix)
    except Exception:  # noqa: BLE001 - whatever a foreign file makes the library raise says the same of it
        raise VideoError(VideoProblem.NOT_A_VIDEO) from None


def _decoded(container: "InputContainer", suffix: str) -> VideoFacts:
    """The facts; whatever it raises says that there is no picture."""
    stream = container.streams.video[0]
    # The library's annotations do not say so, but there is none for a codec that it does not know.
    if getattr(stream, "codec_context", None) is None or not 0 < stream.width * stream.height <= MAX_PIXELS:
        raise UnusualError
    frame = next(iter(container.decode(stream)))
    ratio = float(stream.sample_aspect_ratio or 1)
    if not _is_likely(ratio):
        ratio = 1.0
    seconds = _seconds(container, stream)
    if seconds is not None and not 0 < seconds <= MAX_SECONDS:
        seconds = None
    return _as_shown(stream.width, stream.height, ratio, frame.rotation, seconds, suffix)


def _seconds(container: "InputContainer", stream: "VideoStream") -> float | None:
    """The length as the file says it; else by its packets, of which nothing is decoded."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    if container.duration is not None:
        return container.duration / 1_000_000
    container.seek(0)
    times: list[int] = []
    end = 0
    for packet in container.demux(stream):
        if packet.pts is not None:
            times.append(packet.pts)
            end = max(end, packet.pts + (packet.duration or 0))
    if not times or stream.time_base is None:
        return None
    first, last = min(times), max(times)
    # A last picture without a length of its own lasts as long as the others did.
    usual = (last - first) / (len(times) - 1) if len(times) > 1 else 0.0
    return float((max(end, last + usual) - first) * stream.time_base)

"""How many bytes a video's file has if it is whole, by its own boxes: what a cut-off download is told by.

Sources: ISO/IEC 14496-12 (boxes, ``stco``, ``stsc``, ``stsz``, ``sidx``), RFC 8794 (EBML).
"""

import struct
from itertools import pairwise
from typing import BinaryIO

from services.delivery.facts import (
    DAMAGE,
    EBML,
    MAX_TABLES,
    Box,
    UnusualError,
    all_boxes,
    box_head,
    chunk_offsets,
    handler_of,
    only_box,
    sample_table,
    suffix_of,
)

_SEGMENT = b"\x18\x53\x80\x67"


def least_length(file: BinaryIO, size: int) -> int:
    """How many bytes a file has at least if it is whole, by its own boxes; 0 when it says nothing. Blocks.

    For one that was cut off that is more than the bytes that there are, ``size``.
    """
    file.seek(0)
    head = file.read(64)
    suffix = suffix_of(head)
    if suffix is None:
        return 0
    try:
        return _segment_end(head) if head.startswith(EBML) else _boxes_end(file, size)
    except DAMAGE:
        return 0


def _boxes_end(file: BinaryIO, size: int) -> int:
    at, end, has_tables = 0, 0, False
    while size - at >= 8:
        kind, length, head = box_head(file, at)
        if not kind.isalnum():
            break  # What follows the boxes is none.
        length = length or size - at
        if length < head or at + length > size:
            return max(end, at + max(length, head))
        if kind in {b"moov", b"sidx"} and length <= MAX_TABLES:
            file.seek(at + head)
            data = file.read(length - head)
            has_tables = has_tables or kind == b"moov"
            end = max(end, _media_end(memoryview(data)) if kind == b"moov" else at + length + _indexed(data))
        at += length
    else:
        file.seek(at)
        if any(file.read(8)):
            return max(end, at + 8)
    return max(end, at if has_tables else size + 8)


def _media_end(movie: Box) -> int:
    """Where the last chunk of pictures or sound ends."""
    tracks = [track for track in all_boxes(movie, b"trak") if handler_of(track) in {b"vide", b"soun"}]
    return max((_chunk_end(sample_table(track)) for track in tracks), default=0)


def _chunk_end(table: Box) -> int:
    offsets = chunk_offsets(table)
    if not offsets:
        return 0
    last = max(range(len(offsets)), key=offsets.__getitem__)
    box = only_box(table, b"stsc")
    (count,) = struct.unpack_from(">I", box, 4)
    if len(box) < 8 + 12 * count:
        raise UnusualError
    runs = [*struct.iter_unpack(">III", box[8 : 8 + 12 * count]), (len(offsets) + 1, 0, 0)]
    sample, samples = 0, 0
    for (first, samples, _), (following, _, _) in pairwise(runs):
        if last < following - 1:
            sample += (last + 1 - first) * samples
            break
        sample += (following - first) * samples
    box = only_box(table, b"stsz")
    each, count = struct.unpack_from(">II", box, 4)
    samples = min(samples, count - sample)
    length: int = each * samples if each else sum(struct.unpack_from(f">{samples}I", box, 12 + 4 * sample))
    return offsets[last] + length


def _indexed(data: bytes) -> int:
    """Bytes of the fragments that a segment index names, from its own end on."""
    wide = data[0] == 1
    start = struct.unpack_from(">Q" if wide else ">I", data, 20 if wide else 16)[0]
    at = 28 if wide else 20
    (count,) = struct.unpack_from(">H", data, at + 2)
    parts = struct.iter_unpack(">III", data[at + 4 : at + 4 + 12 * count])
    length: int = start + sum(part[0] & 0x7FFFFFFF for part in parts)
    return length


def _segment_end(head: bytes) -> int:
    """Where the segment of a Matroska or WebM file ends; 0 for one that was written without knowing."""
    at, length = _vint(head, 4)
    at += length
    if head[at : at + 4] != _SEGMENT:
        return 0
    start, length = _vint(head, at + 4)
    is_open = length == (1 << 7 * (start - at - 4)) - 1
    return 0 if is_open else start + length


def _vint(data: bytes, at: int) -> tuple[int, int]:
    """Where a number of variable length ends, and the number."""
    width = 9 - data[at].bit_length()
    if not 1 <= width <= 8:
        raise UnusualError
    return at + width, int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)

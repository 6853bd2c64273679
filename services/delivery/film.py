"""A video's facts by a decoder, which reads nearly anything; imported only when it is needed, for it is large."""

from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.video.stream import VideoStream

from services.delivery.errors import NotAVideoError
from services.delivery.facts import MAX_PIXELS, VideoFacts, as_shown

_MP4_BOXES = {b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide"}


def decode_facts(path: Path) -> VideoFacts:
    """Reads a video's facts, and decodes its first picture to see that there is one. Blocks.

    The demuxer is chosen by the file's first bytes and never guessed: playlists and the like, which make the
    demuxer open files and addresses of their own choice, are no videos.

    Args:
        path: The file; MP4, QuickTime, Matroska or WebM.

    Returns:
        The facts.

    Raises:
        NotAVideoError: It is none of these, has no picture, or is damaged.
    """
    with path.open("rb") as file:
        head = file.read(12)
    if head[4:8] in _MP4_BOXES:
        demuxer = "mp4"
    elif head.startswith(b"\x1a\x45\xdf\xa3"):
        demuxer = "matroska"
    else:
        raise NotAVideoError("not a video container")
    try:
        with av.open(str(path), "r", format=demuxer, options={"protocol_whitelist": "file"}) as container:
            return _facts(container)
    except (av.FFmpegError, ValueError, ArithmeticError):
        raise NotAVideoError("a damaged video") from None


def _facts(container: InputContainer) -> VideoFacts:
    if not container.streams.video:
        raise NotAVideoError("no pictures")
    stream = container.streams.video[0]
    # The library's annotations do not say so, but there is none for a codec that it does not know.
    if getattr(stream, "codec_context", None) is None:
        raise NotAVideoError("an unknown codec")
    if not 0 < stream.width * stream.height <= MAX_PIXELS:
        raise NotAVideoError("no usable size")
    rotation = 0
    for frame in container.decode(stream):
        rotation = frame.rotation
        break
    else:
        raise NotAVideoError("no pictures")
    ratio = stream.sample_aspect_ratio or Fraction(1)
    return as_shown(stream.width, stream.height, rotation, float(ratio), _seconds(container, stream))


def _seconds(container: InputContainer, stream: VideoStream) -> float:
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return (container.duration or 0) / av.time_base

"""Whether a video plays: every frame is decoded."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av


@dataclass(frozen=True, slots=True)
class Expected:
    """What a video must be like.

    Attributes:
        width: Pixels.
        height: Pixels.
        seconds: Length.
        tolerance: Seconds that the length may be off.
    """

    width: int = 1280
    height: int = 720
    seconds: float = 8.0
    tolerance: float = 0.5


@dataclass(frozen=True, slots=True)
class Playback:
    """What playing a video found.

    Attributes:
        frames: Frames decoded.
        width: Pixels.
        height: Pixels.
        seconds: Length.
        problem: What is wrong with it, as a clause, or empty.
    """

    frames: int = 0
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    problem: str = ""


def play(path: Path, expected: Expected) -> Playback:
    """Decode all frames of a video. Blocks: call it in a thread.

    Args:
        path: The file.
        expected: What it must be like.
    """
    try:
        with av.open(str(path), "r") as container:
            if not container.streams.video:
                return Playback(problem="it has no picture")
            stream = container.streams.video[0]
            rate = stream.average_rate or Fraction(1)
            frames = sum(1 for _ in container.decode(stream))
            promised = stream.frames
            width, height = stream.codec_context.width, stream.codec_context.height
    except (av.FFmpegError, OSError) as fault:
        return Playback(problem=f"it cannot be decoded ({type(fault).__name__})")
    seconds = float(frames / rate)
    return Playback(frames, width, height, seconds, _problem(frames, promised, (width, height), seconds, expected))


def _problem(frames: int, promised: int, size: tuple[int, int], seconds: float, expected: Expected) -> str:
    if frames == 0 or frames < promised:
        return f"only {frames} of {promised} frames can be decoded"
    if size != (expected.width, expected.height):
        return f"it is {size[0]}×{size[1]} instead of {expected.width}×{expected.height}"
    if abs(seconds - expected.seconds) > expected.tolerance:
        return f"it lasts {seconds:.1f} s instead of {expected.seconds:.1f} s"
    return ""

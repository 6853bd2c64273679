"""What Telegram is told of a video."""

import math
from dataclasses import dataclass

MAX_PIXELS = 8192 * 4608
"""Of one picture (8K): more would only cost memory to decode."""


@dataclass(frozen=True, slots=True)
class VideoFacts:
    """What is told to Telegram.

    Attributes:
        width: Pixels as shown: turned, and with square pixels.
        height: Likewise.
        duration: Whole seconds, at least 1.
    """

    width: int
    height: int
    duration: int


def as_shown(width: int, height: int, rotation: int, ratio: float, seconds: float) -> VideoFacts:
    """The facts of a video from what its file says.

    Args:
        width: Of a picture as stored, pixels.
        height: Likewise.
        rotation: By which it is shown turned, degrees.
        ratio: Width of a pixel over its height.
        seconds: Length.
    """
    across, down = max(1, round(width * ratio)), height
    if rotation % 180 == 90:
        across, down = down, across
    return VideoFacts(across, down, max(1, math.floor(seconds + 0.5)))

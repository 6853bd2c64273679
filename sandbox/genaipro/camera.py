"""Camera moves over a still photo, as pure geometry: which part of the photo a moment of the film shows."""

from dataclasses import dataclass

SLACK = 1.3
"""A prepared photo is this much larger than the frame, so that the camera has room to move without inventing pixels."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom, in pixels of the prepared photo."""


@dataclass(frozen=True, slots=True)
class View:
    """What the camera sees at one end of a move.

    Attributes:
        extent: Share of the largest window that fits the photo, from ``1 / SLACK`` (close) to 1 (wide).
        x: Where the window stands in the free width, from 0 (left) to 1 (right).
        y: Where the window stands in the free height, from 0 (top) to 1 (bottom).
    """

    extent: float
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Move:
    """A move from one view to another."""

    start: View
    end: View


MOVES = (
    Move(View(1.0, 0.5, 0.4), View(0.8, 0.5, 0.5)),
    Move(View(0.86, 0.05, 0.5), View(0.86, 0.95, 0.5)),
    Move(View(0.79, 0.6, 0.6), View(1.0, 0.5, 0.45)),
    Move(View(0.84, 0.9, 0.7), View(0.9, 0.1, 0.3)),
    Move(View(0.95, 0.3, 0.7), View(0.78, 0.7, 0.35)),
    Move(View(0.85, 0.1, 0.25), View(0.8, 0.8, 0.75)),
    Move(View(0.78, 0.2, 0.4), View(0.97, 0.6, 0.6)),
)
"""The moves on offer; their number shares no factor with 2, 3 or 4, so variations never repeat each other's order."""


def choose_move(variation: int, photo: int) -> Move:
    """The move for one photo of one variation.

    Args:
        variation: Which video of a request, from 0.
        photo: Which photo of the film, from 0.
    """
    return MOVES[(variation * 3 + photo * 2) % len(MOVES)]


def ease(progress: float) -> float:
    """Smooth start and end: 0 to 1 in, 0 to 1 out, with no jerk at either end."""
    clipped = min(max(progress, 0.0), 1.0)
    return clipped * clipped * (3 - 2 * clipped)


def box_at(move: Move, progress: float, photo: tuple[int, int], frame: tuple[int, int]) -> Box:
    """The part of a prepared photo that is seen at a moment of a move.

    Args:
        move: The move.
        progress: 0 (start) to 1 (end).
        photo: Width and height of the prepared photo, in pixels.
        frame: Width and height of the film, in pixels; gives the shape of the window.
    """
    share = ease(progress)
    extent = move.start.extent + (move.end.extent - move.start.extent) * share
    x = move.start.x + (move.end.x - move.start.x) * share
    y = move.start.y + (move.end.y - move.start.y) * share
    scale = min(photo[0] / frame[0], photo[1] / frame[1]) * extent
    # Rounding makes a window as large as the photo larger by a hair.
    width, height = min(frame[0] * scale, float(photo[0])), min(frame[1] * scale, float(photo[1]))
    left, top = (photo[0] - width) * x, (photo[1] - height) * y
    return left, top, min(left + width, float(photo[0])), min(top + height, float(photo[1]))

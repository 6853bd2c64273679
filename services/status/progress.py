"""How far a generation is, as a bar. Pure.

The share grows with time and never shrinks: each state has a floor that is not below the former state's ceiling, and
time only moves it forward. It reaches the end only with the end.
"""

from services.generations.model import WAITING, State

BAR_CELLS = 10
DEFAULT_ESTIMATE_SECONDS = 90.0
"""Used until there are earlier generations to learn from."""

_FLOORS = {
    State.UNPAID: 0.0,
    State.QUEUED: 0.0,
    State.SUBMITTING: 0.02,
    State.STARTING: 0.05,
    State.UPLOADING: 0.1,
    State.PROCESSING: 0.15,
    State.RECONCILING: 0.5,
    State.DELIVERING: 0.95,
    State.DONE: 1.0,
    State.FAILED: 1.0,
    State.CANCELLED: 1.0,
}
_AT_ESTIMATE = 0.85
_NEVER_BEYOND = 0.95


def share(state: State, elapsed: float, estimate: float) -> float:
    """How much is done, 0 to 1.

    Args:
        state: Where it stands.
        elapsed: Seconds since its turn came.
        estimate: Seconds that earlier ones took; more than 0.
    """
    floor = _FLOORS[state]
    if state in WAITING | {State.DELIVERING} or floor >= 1.0:
        return floor
    ratio = max(0.0, elapsed) / estimate
    by_time = _AT_ESTIMATE * ratio if ratio <= 1.0 else _NEVER_BEYOND - (_NEVER_BEYOND - _AT_ESTIMATE) / ratio
    return max(floor, by_time)


def bar(part: float) -> str:
    """A bar of ten cells.

    Args:
        part: 0 to 1.
    """
    full = min(BAR_CELLS, int(part * BAR_CELLS + 1e-9))
    return "▰" * full + "▱" * (BAR_CELLS - full)


def duration(seconds: float) -> str:
    """Minutes and seconds as ``m:ss``.

    Args:
        seconds: Not negative.
    """
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02d}"

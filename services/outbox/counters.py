"""What the outbox has done so far, for metrics."""

from dataclasses import dataclass, field

from services.outbox.calls import JobState
from services.outbox.priority import Priority

UNSENT = (JobState.SUPERSEDED, JobState.STALE, JobState.UNCHANGED, JobState.CANCELLED)
"""How a call may end that was not made."""


def _each_priority() -> dict[Priority, int]:
    return dict.fromkeys(Priority, 0)


@dataclass(slots=True)
class Counters:
    """Kept by the scheduler. What waits and what is under way goes up and down, everything else only grows."""

    sent: dict[Priority, int] = field(default_factory=_each_priority)
    """Calls that Telegram accepted."""
    unsent: dict[JobState, int] = field(default_factory=lambda: dict.fromkeys(UNSENT, 0))
    """Calls that were not made, by what became of them."""
    failed: int = 0
    """Calls that ended in any other way than by success or a flood."""
    floods: int = 0
    """Answers that said "too many requests"."""
    pauses: int = 0
    """How often a flood was taken for one of the whole bot."""
    waiting: dict[Priority, int] = field(default_factory=_each_priority)
    running: int = 0
    """Counted calls under way now."""
    uploads: int = 0
    """Those of them with files."""

"""Whose turn it is. Pure: one order for the queue, from which starts and shown positions follow."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """A generation that waits.

    Attributes:
        id: Its id.
        user_id: Whose it is.
        queued_at: Since when.
        turns: Turns that this person had while it waited, those that still run included.
        shown: Whether it has a status message.
    """

    id: str
    user_id: int
    queued_at: datetime
    turns: int = 0
    shown: bool = False


def in_order(waiting: Sequence[Waiting]) -> list[Waiting]:
    """The queue as it will be served: everybody's first before anybody's second, then by age.

    A turn that was had while a generation waited counts as much as one that is still to come before it, so that a
    turn's end never puts somebody with many before somebody with one, and nobody's place grows but by new arrivals.

    Args:
        waiting: All that wait.
    """
    before: Counter[int] = Counter()
    keyed: list[tuple[int, datetime, str, Waiting]] = []
    for item in sorted(waiting, key=lambda item: (item.queued_at, item.id)):
        keyed.append((item.turns + before[item.user_id], item.queued_at, item.id, item))
        before[item.user_id] += 1
    return [item for _turn, _since, _id, item in sorted(keyed, key=lambda entry: entry[:3])]


def to_start(
    waiting: Sequence[Waiting], active: Mapping[int, int], *, max_active: int, max_active_per_user: int
) -> list[Waiting]:
    """Which of those that wait start now.

    Args:
        waiting: All that wait.
        active: Running generations by person.
        max_active: Running at once, in all; at least 1.
        max_active_per_user: Running at once for one person; at least 1.
    """
    running: Counter[int] = Counter(active)
    free = max_active - running.total()
    chosen: list[Waiting] = []
    for item in in_order(waiting):
        if len(chosen) >= free:
            break
        if running[item.user_id] < max_active_per_user:
            running[item.user_id] += 1
            chosen.append(item)
    return chosen

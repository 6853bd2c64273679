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
    """

    id: str
    user_id: int
    queued_at: datetime


def in_order(waiting: Sequence[Waiting], active: Mapping[int, int]) -> list[Waiting]:
    """The queue as it will be served: everybody's first before anybody's second, then by age.

    Args:
        waiting: All that wait.
        active: Running generations by person; they count as turns already had.
    """
    turns: Counter[int] = Counter(active)
    keyed: list[tuple[int, datetime, str, Waiting]] = []
    for item in sorted(waiting, key=lambda item: (item.queued_at, item.id)):
        keyed.append((turns[item.user_id], item.queued_at, item.id, item))
        turns[item.user_id] += 1
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
    for item in in_order(waiting, active):
        if len(chosen) >= free:
            break
        if running[item.user_id] < max_active_per_user:
            running[item.user_id] += 1
            chosen.append(item)
    return chosen

"""The state machine of a generation: which event leads where. Pure; the rows and the run obey it."""

from dataclasses import dataclass

from services.generations.model import FINAL, State

WORDS = {"starting": State.STARTING, "uploading_images": State.UPLOADING, "processing": State.PROCESSING}
"""The API's documented status words. Source: the page of ``ingredients-to-video``, table "SSE Events"."""

ORDER = (
    State.UNPAID,
    State.QUEUED,
    State.SUBMITTING,
    State.STARTING,
    State.UPLOADING,
    State.PROCESSING,
    State.RECONCILING,
    State.DELIVERING,
    State.DONE,
    State.FAILED,
    State.CANCELLED,
)

_RANK = {state: rank for rank, state in enumerate(ORDER)}


def rank(state: State) -> int:
    """A number that grows along the way; what is shown never goes to a smaller one."""
    return _RANK[state]


def may_follow(now: State, then: State) -> bool:
    """Whether a generation may go from one state to another.

    Nothing follows a final state. What waits for its payment can only be paid for, or end. A generation whose
    videos are being delivered has cost credits and cannot be cancelled any more; it ends done, or failed when none
    can be delivered.
    """
    if now in FINAL:
        return False
    if now is State.UNPAID:
        return then in {State.QUEUED, State.CANCELLED}
    if then is State.CANCELLED:
        return now is not State.DELIVERING
    if then is State.RECONCILING:
        return now not in {State.QUEUED, State.DELIVERING, State.RECONCILING}
    return rank(then) > rank(now)


@dataclass(frozen=True, slots=True)
class Step:
    """What an event of the stream does: the state to be in, and the service's word to show beside it."""

    state: State
    note: str


def on_status_word(now: State, word: str) -> Step:
    """What a status word does: a known one moves forward, any other is shown and changes nothing.

    Args:
        now: The state before.
        word: As it came; shown cut at 60 characters when it is not ours.
    """
    target = WORDS.get(word.strip().lower())
    if target is not None and (may_follow(now, target) or target is now):
        return Step(target, "")
    return Step(now, " ".join(word.split())[:60])

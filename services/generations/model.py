"""Generations as values: what is asked for, where it stands and which event leads where, what came of it. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.failures import Charged, Failure
from services.options import VideoOptions
from services.photos.model import PhotoRef
from services.screens import Place


class State(StrEnum):
    """Where a generation stands; each comes after the ones before it, save the first two, with which it begins."""

    UNPAID = "unpaid"
    """Waits for its payment, without a place in the queue."""
    QUEUED = "queued"
    SUBMITTING = "submitting"
    STARTING = "starting"
    UPLOADING = "uploading"
    PROCESSING = "processing"
    RECONCILING = "reconciling"
    DELIVERING = "delivering"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINAL = frozenset({State.DONE, State.FAILED, State.CANCELLED})
WAITING = frozenset({State.UNPAID, State.QUEUED})
ACTIVE = frozenset(State) - FINAL - WAITING
PAST_CANCEL = FINAL | {State.DELIVERING}
"""Where Cancel comes too late: credits were used, and the videos are on their way."""

WORDS = {"starting": State.STARTING, "uploading_images": State.UPLOADING, "processing": State.PROCESSING}
"""The API's documented status words. Source: the page of ``ingredients-to-video``, table "SSE Events"."""


def rank(state: State) -> int:
    """A number that grows along the way; what is shown never goes to a smaller one."""
    return list(State).index(state)


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
        return now not in PAST_CANCEL
    if then is State.RECONCILING:
        return now not in {State.QUEUED, State.DELIVERING, State.RECONCILING}
    return rank(then) > rank(now)


def on_status_word(now: State, word: str) -> tuple[State, str]:
    """The state that a status word leads to, and what of it to show beside that: 60 characters of an unknown one."""
    target = WORDS.get(word.strip().lower())
    if target is not None and (may_follow(now, target) or target is now):
        return target, ""
    return now, " ".join(word.split())[:60]


@dataclass(frozen=True, slots=True)
class Order:
    """A confirmed request."""

    request_key: str
    """The same for every repetition of the same confirmation (``draft:<id>``, ``message:<chat>:<id>``,
    ``again:<generation>:<callback query id>``): one key, one generation."""
    chat_id: int
    thread_id: int | None
    user_id: int
    language: str
    request_message_id: int
    """What the videos reply to."""
    status_message_id: int | None
    """The card that becomes the status message; where there is none, one is sent."""
    prompt: str
    """Not empty."""
    options: VideoOptions
    photos: tuple[PhotoRef, ...]
    """1 to 3; for a tall one, 1 or 2."""
    ideas: str = ""
    """The ideas whose words are part of the prompt, as the draft's row holds them."""


@dataclass(frozen=True, slots=True)
class Price:
    """How a request that costs is paid; the three numbers of videos add up to its own."""

    free: int
    credit: int
    videos: int
    """To be paid for in Stars."""
    stars: int
    """For those; 0 for none."""


@dataclass(frozen=True, slots=True)
class Placed:
    """The order stands."""

    generation_id: str
    created: bool
    """False when the same request key had been placed before: nothing new happens."""
    needs_showing: bool = True
    """False where its run will show it in its card: in a private chat, for in a group a receipt is given as well."""


@dataclass(frozen=True, slots=True)
class TooManyWaiting:
    """The person has ``limit`` requests waiting already."""

    limit: int


@dataclass(frozen=True, slots=True)
class DailyLimitReached:
    """The person's videos of today: ``left`` of ``limit`` remain, fewer than were asked for."""

    limit: int
    left: int


LimitReached = TooManyWaiting | DailyLimitReached
PlaceOutcome = Placed | LimitReached


@dataclass(frozen=True, slots=True)
class Generation:
    """A generation as its row says it is; what came from its :class:`Order` is named as there."""

    id: str
    chat_id: int
    thread_id: int | None
    user_id: int
    language: str
    request_message_id: int
    status_message_id: int | None
    prompt: str
    options: VideoOptions
    state: State
    note: str
    """A word of the service that is not a state of ours, ``FILE_LATE`` while delivering, or empty."""
    epoch: int
    """How many runs have taken the row."""
    queued_at: datetime
    started_at: datetime | None
    """When its turn came."""
    armed_at: datetime | None
    """When the paid POST was about to be made; a later attempt replaces it."""
    attempts: int
    """Attempts at the POST so far."""
    reconciling_since: datetime | None
    """When the result was first missed."""
    server_error: bool
    """Whether the POST met a 5xx, or a completed event named no video, which shortens the search."""
    cancel_requested_at: datetime | None
    finished_at: datetime | None
    final_shown: bool
    """Whether the requester was told the end."""
    failure: Failure | None
    charged: Charged
    ideas: str = ""
    stars: int = 0
    """Stars that its requester is asked for."""
    prepaid: int = 0
    """How many of its videos were paid for by free videos and credit."""

    @property
    def is_in_group(self) -> bool:
        """Whether others read along."""
        return self.chat_id != self.user_id

    @property
    def place(self) -> Place:
        """Where its messages go: replies to the request, in its topic."""
        return Place(self.chat_id, self.thread_id, self.request_message_id or None)

    @property
    def is_sold(self) -> bool:
        """Whether its requester pays for it, in whatever way."""
        return self.stars > 0 or self.prepaid > 0


class VideoState(StrEnum):
    """What became of one video."""

    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    SENT_IN_PRIVATE = "sent_in_private"
    """Asked for in a group that takes no videos from the bot."""
    LINKED = "linked"
    """Given as a link: Telegram could not take it."""
    UNFETCHED = "unfetched"
    """Given as a link: the service's file could not be fetched."""
    FAILED = "failed"


WERE_SENT = frozenset({VideoState.SENT, VideoState.SENT_IN_PRIVATE})
WERE_LINKED = frozenset({VideoState.LINKED, VideoState.UNFETCHED})

UNPAID_IN_TIME = "unpaid"
"""The note of a generation that was cancelled because nobody paid for it."""

FILE_LATE = "file-late"
"""The note of a generation that is delivered while the service's file of one of its videos is not there yet."""


@dataclass(frozen=True, slots=True)
class Video:
    """One video of a generation."""

    position: int
    """0 to 3."""
    url: str
    """A secret of its requester."""
    state: VideoState
    send_attempts: int
    """Sends that may have been delivered."""
    file_id: str | None
    """Telegram's, once sent."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who works on a generation that has begun and has not been told to its end."""

    id: str
    epoch: int
    """The fencing token: how many runs have taken the row."""
    taken_by: str | None
    """The process; None for what a button ended in the queue, and for rows of an earlier version."""


def draft_request_key(draft_id: str) -> str:
    """The request key of what a draft becomes: one draft is ordered once."""
    return f"draft:{draft_id}"

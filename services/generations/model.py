"""Generations as values: what is asked for, and what came of asking."""

from dataclasses import dataclass
from enum import StrEnum

from services.photos.model import PhotoRef

MAX_VIDEOS = 4
"""GenAIPro makes 1 to 4 videos for a request."""


class State(StrEnum):
    """Where a generation stands; each but ``queued`` comes after the ones before it."""

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
ACTIVE = frozenset(State) - FINAL - {State.QUEUED}


@dataclass(frozen=True, slots=True)
class Order:
    """A confirmed request.

    Attributes:
        request_key: The same for every repetition of the same confirmation (``draft:<id>``, ``message:<chat>:<id>``,
            ``again:<generation>:<callback query id>``): one key, one generation.
        chat_id: Where it was asked.
        thread_id: The topic, or None.
        user_id: Who asked.
        language: Theirs.
        request_message_id: The message that the videos reply to.
        status_message_id: The card that becomes the status message, or None: one is sent.
        prompt: Not empty.
        count: Videos, 1 to 4.
        photos: 1 to 3.
    """

    request_key: str
    chat_id: int
    thread_id: int | None
    user_id: int
    language: str
    request_message_id: int
    status_message_id: int | None
    prompt: str
    count: int
    photos: tuple[PhotoRef, ...]


@dataclass(frozen=True, slots=True)
class Placed:
    """The order stands.

    Attributes:
        generation_id: Its generation.
        created: False when the same request key had been placed before: nothing new happens.
    """

    generation_id: str
    created: bool


@dataclass(frozen=True, slots=True)
class TooManyWaiting:
    """The person has ``limit`` requests waiting already."""

    limit: int


@dataclass(frozen=True, slots=True)
class DailyLimitReached:
    """The person's videos of today: ``left`` of ``limit`` remain, fewer than were asked for."""

    limit: int
    left: int


PlaceOutcome = Placed | TooManyWaiting | DailyLimitReached


class CancelOutcome(StrEnum):
    """What a press of Cancel met."""

    ACCEPTED = "accepted"
    ALREADY_FINISHED = "already-finished"
    NOT_YOURS = "not-yours"
    UNKNOWN = "unknown"

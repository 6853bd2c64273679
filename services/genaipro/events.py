"""What comes back from GenAIPro: typed events, pages and errors. Source: the API pages of ``/v1/veo``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from services.failures import Failure
from services.telemetry import PostOutcome


@dataclass(frozen=True, slots=True)
class VideoResult:
    """One object of the completed array, or of the history."""

    id: str
    """The API's id; may be empty; may differ between stream and history."""
    prompt: str
    """The prompt as the API repeats it."""
    urls: tuple[str, ...]
    """``file_url`` and ``file_urls`` together, whole, in order, without repeats; empty when the object failed."""
    succeeded: bool
    """Whether ``status`` names success (``MEDIA_GENERATION_STATUS_SUCCESSFUL``, ``completed``, …)."""
    failed: bool
    """Whether ``status`` names a failure; neither of both means that it is still being made."""
    status: str
    created_at: datetime | None
    """Time of creation, aware, UTC; None when absent or unreadable."""
    error: str = ""
    """The object's own error text, if it has one."""


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """Progress: ``video_generation_status``, or any event that nobody knows."""

    word: str
    """The status word, known (starting, uploading_images, processing) or not; of an unknown event its name."""


@dataclass(frozen=True, slots=True)
class CompletedEvent:
    """``video_generation_complete``: terminal; the array of results, possibly empty or partly failed."""

    results: Sequence[VideoResult]


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """``error``: terminal; why."""

    failure: Failure


StreamEvent = StatusEvent | CompletedEvent | FailedEvent


@dataclass(frozen=True, slots=True)
class ResultPage:
    """One page of ``GET /veo/histories``, newest first."""

    results: Sequence[VideoResult]
    total_pages: int
    clock_offset: float | None = None
    """Seconds by which the service's clock is ahead of the bot's, by the ``Date`` of the answer; None without one."""


class GenAIProError(Exception):
    """Base of all errors of the client. Messages hold no key and no address with a signature.

    Args:
        failure: The reason, ready to be stored and told.
        status: The HTTP status, or None where no answer came.
        retry_after: Seconds that the service asked to wait, or None.
    """

    outcome: ClassVar = PostOutcome.REFUSED
    """What a paid request is counted as that ends so."""

    def __init__(self, failure: Failure, status: int | None = None, retry_after: float | None = None) -> None:
        super().__init__(f"{failure.kind.value} (status {status}): {failure.reason}")
        self.failure = failure
        self.status = status
        self.retry_after = retry_after


class NotAcceptedError(GenAIProError):
    """Provably not accepted: may be tried again (refused connection, DNS, TLS; 429; 503 with ``Retry-After``)."""

    outcome = PostOutcome.NOT_ACCEPTED


class RefusedError(GenAIProError):
    """Refused for good and not charged: every other 4xx. Trying the same again is pointless."""


class MaybeAcceptedError(GenAIProError):
    """The request may have been accepted and paid: drop, silence, end without a terminal event, other 5xx.

    Never to be sent again; the result is looked up in the history. ``status`` tells a 5xx (looked up for two
    minutes) from a lost stream (looked up for ``RECONCILE_TIMEOUT``).
    """

    outcome = PostOutcome.UNKNOWN

"""What comes back from GenAIPro, typed. Source: the API page of ``POST /v1/veo/ingredients-to-video``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from services.failures import Failure


@dataclass(frozen=True, slots=True)
class VideoResult:
    """One object of the completed array, or of the history.

    Attributes:
        id: The API's id; may be empty; may differ between stream and history.
        prompt: The prompt as the API repeats it.
        urls: ``file_url`` and ``file_urls`` together, in order, without repeats; empty when the object failed.
        succeeded: Whether ``status`` names success (``MEDIA_GENERATION_STATUS_SUCCESSFUL``, ``completed``, …).
        failed: Whether ``status`` names a failure; neither of both means that it is still being made.
        status: The status word as it came.
        created_at: Time of creation, aware, UTC; None when absent or unreadable.
        error: The object's own error text, if it has one.
    """

    id: str
    prompt: str
    urls: tuple[str, ...]
    succeeded: bool
    failed: bool
    status: str
    created_at: datetime | None
    error: str = ""


@dataclass(frozen=True, slots=True)
class StatusEvent:
    """``video_generation_status``: a status word, known (starting, uploading_images, processing) or not."""

    word: str


@dataclass(frozen=True, slots=True)
class CompletedEvent:
    """``video_generation_complete``: terminal; the array of results, possibly empty or partly failed."""

    results: Sequence[VideoResult]


@dataclass(frozen=True, slots=True)
class FailedEvent:
    """``error``: terminal; why."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class UnknownEvent:
    """Any other event: kept, shown as progress, never an error.

    Attributes:
        name: The event's name (``message`` when it has none).
        data: Its data as text, cut at 300 characters.
    """

    name: str
    data: str


StreamEvent = StatusEvent | CompletedEvent | FailedEvent | UnknownEvent


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """One page of ``GET /veo/histories``, newest first."""

    results: Sequence[VideoResult]
    page: int
    total_pages: int


@dataclass(frozen=True, slots=True)
class CreditGrant:
    """One object of ``GET /veo/credits``."""

    quota: int
    used: int
    expires_at: datetime | None

    @property
    def left(self) -> int:
        """Credits of this grant that are not used, never below 0."""
        return max(0, self.quota - self.used)

"""Why a generation failed, in terms the product acts on (one row of the user-facing error table each)."""

from dataclasses import dataclass
from enum import StrEnum


class FailureKind(StrEnum):
    """The reason of a failure; the text files have one message for each value (``failure-<value>``)."""

    SAFETY = "safety"
    """The safety filter refused photos or prompt (``UNSAFE_GENERATION`` and the like)."""
    AUDIO = "audio"
    """The sound was filtered (``AUDIO_FILTERED``)."""
    CREDITS = "credits"
    """No credits are left (HTTP 402, or an error text that names the quota)."""
    KEY = "key"
    """The service refused the bot's key (HTTP 401)."""
    GUARD = "guard"
    """A guard of the network answered in the service's place and turned this server away; nothing was accepted."""
    BUSY = "busy"
    """Provably not accepted, and tried as often as it may be (429, 503 with ``Retry-After``, refused connection)."""
    SERVICE = "service"
    """Another 5xx: may have been accepted, was looked for in vain."""
    REJECTED = "rejected"
    """The service did not accept the request (400, 413, 422 and other 4xx), with its own short reason."""
    OTHER = "other"
    """An error event with a text of its own."""
    LOST = "lost"
    """The result never came."""
    PHOTOS = "photos"
    """The photos could not be fetched from Telegram any more, or are unusable."""
    INTERNAL = "internal"
    """A fault of ours; the log has it."""


class Charged(StrEnum):
    """Whether the owner paid for a generation."""

    NO = "no"
    UNKNOWN = "unknown"
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Failure:
    """A failure as it is stored and told."""

    kind: FailureKind
    reason: str = ""
    """The service's own words, at most 300 characters, unescaped; empty when there are none."""
    charged: Charged = Charged.NO

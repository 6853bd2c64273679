"""Why a generation failed, in terms the product acts on: one row of the table of errors that people see for each."""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from typing import Self


class Offer(Enum):
    """The button below a failure."""

    AGAIN = auto()
    """Start the same request once more."""
    EDIT = auto()
    """Change the request, since the same one would fail again."""
    NOTHING = auto()
    """No button: nothing that the person does would help."""


@dataclass(frozen=True, slots=True)
class Traits:
    """What follows from a kind of failure."""

    offers: Offer
    tells_owner: bool = False
    """Whether the admins are told, by the text ``alarm-<value>``."""
    quotes_service: bool = False
    """Whether the person reads the service's own words, where there are any, in the text ``failure-<value>-reason``."""


class FailureKind(StrEnum):
    """The reason of a failure, with what follows from it; the person reads the text ``failure-<value>``."""

    SAFETY = "safety", Traits(Offer.EDIT)
    """The safety filter refused photos or prompt (``UNSAFE_GENERATION`` and the like)."""
    AUDIO = "audio", Traits(Offer.EDIT)
    """The sound was filtered (``AUDIO_FILTERED``)."""
    CREDITS = "credits", Traits(Offer.AGAIN, tells_owner=True)
    """No credits are left (HTTP 402, or an error text that names the quota)."""
    KEY = "key", Traits(Offer.NOTHING, tells_owner=True)
    """The service refused the bot's key (HTTP 401)."""
    GUARD = "guard", Traits(Offer.AGAIN, tells_owner=True)
    """A guard of the network answered in the service's place and turned this server away; nothing was accepted."""
    BUSY = "busy", Traits(Offer.AGAIN)
    """Provably not accepted, and tried as often as it may be (429, 503 with ``Retry-After``, refused connection)."""
    SERVICE = "service", Traits(Offer.AGAIN)
    """Another 5xx: may have been accepted, was looked for in vain."""
    REJECTED = "rejected", Traits(Offer.EDIT, quotes_service=True)
    """The service did not accept the request (400, 413, 422 and other 4xx), with its own short reason."""
    OTHER = "other", Traits(Offer.AGAIN, quotes_service=True)
    """An error event with a text of its own."""
    LOST = "lost", Traits(Offer.AGAIN, tells_owner=True)
    """The result never came."""
    PHOTOS = "photos", Traits(Offer.EDIT)
    """The photos could not be fetched from Telegram any more, or are unusable."""
    INTERNAL = "internal", Traits(Offer.AGAIN)
    """A fault of ours; the log has it."""

    traits: Traits

    def __new__(cls, value: str, *traits: Traits) -> Self:
        """A kind is the string of its value. One that is written down without traits fails at the import."""
        kind = str.__new__(cls, value)
        kind._value_ = value
        [kind.traits] = traits
        return kind


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

"""A call on its way through the outbox."""

from dataclasses import dataclass
from enum import Enum, auto

from services.outbox.calls import Call
from services.outbox.priority import Priority


class State(Enum):
    """Where a job stands."""

    WAITING = auto()
    RUNNING = auto()
    """It is its turn: the caller makes the call now, and says `done` in the end."""
    DONE = auto()
    SUPERSEDED = auto()
    """Not sent: a newer state of the message is waiting."""
    STALE = auto()
    """Not sent: a newer state of the message has been sent."""
    UNCHANGED = auto()
    """Not sent: the message shows this already."""
    CANCELLED = auto()
    """Not sent: the caller went away."""


class Outcome(Enum):
    """How a call ended."""

    SENT = auto()
    REFUSED = auto()
    """Telegram said no, or the call was never made: the message is as it was."""
    UNKNOWN = auto()
    """No answer came: the message may show either state."""


@dataclass(slots=True, eq=False)
class Job:
    """A call with its place in the order. Only the scheduler changes it.

    Attributes:
        call: The call.
        since: When it was pushed, seconds.
        born: Its seniority: when the oldest of the edits that it replaced was pushed, seconds.
        seq: Order of arrival, taken over together with the seniority.
        priority: Its own or, if that is higher, that of an edit which it replaced or must precede.
        state: Where it stands.
        head: Whether it goes before all others of its chat, because Telegram has put it off.
        floods: How often Telegram put it off.
        repeats: How often it was made again after a failure of the network.
    """

    call: Call
    since: float
    born: float
    seq: int
    priority: Priority
    state: State = State.WAITING
    head: bool = False
    floods: int = 0
    repeats: int = 0

    def takes_over(self, older: "Job") -> None:
        """Take the place of an edit that this one replaces."""
        self.born, self.seq = min((self.born, self.seq), (older.born, older.seq))
        self.priority = min(self.priority, older.priority)
        self.head = self.head or older.head

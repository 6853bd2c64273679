"""A call to the Bot API: how urgent its sender says it is, whom it reaches, what it costs, what it replaces."""

from collections.abc import Awaitable, Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum, IntEnum, auto
from math import inf

from telegram import InputFile, InputMedia

MessageKey = tuple[int, int]
"""A message: the ids of its chat and its own."""

SIGNS = frozenset({"setMessageReaction", "sendChatAction"})
"""Methods whose calls are signs. They count in the budget over all chats; Telegram's other two are of messages."""

_COUNTED = ("send", "editMessage")
_EDIT = "editMessageText"
"""The one way in which the bot edits messages."""

Fence = Callable[[], Awaitable[None]]
"""Asked when it is a call's turn, just before it is made; what it raises is raised instead, and nothing is sent."""


class Priority(IntEnum):
    """What goes out first; the smaller value wins."""

    ANSWER = 0
    """An answer to a button or a command: somebody is looking at the screen."""
    RESULT = 1
    """Videos and final states; a final state is never dropped."""
    STATUS = 2
    """The first status of a generation."""
    PROGRESS = 3
    """Everything that the next edit makes worthless."""
    SIGN = 4
    """Reactions, and what the bot is seen doing: sent while nothing else could be, and never again."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the caller said of the calls it makes."""

    priority: Priority | None = None
    """None where nothing was said; the endpoint decides then."""
    version: int | None = None
    fence: Fence | None = None


said: ContextVar[Said] = ContextVar("outbox_said", default=Said())  # noqa: B039 - it is frozen
"""What the current task said by :func:`sending`."""


@contextmanager
def sending(priority: Priority, *, version: int | None = None, fence: Fence | None = None) -> Iterator[None]:
    """Say how urgent the calls to Telegram inside the block are.

    The saying belongs to the current task and to the tasks it starts inside the block. Blocks nest; the inner one
    counts alone.

    Args:
        priority: Its place in the order of all waiting calls.
        version: Number of the state that an edit shows. One that is lower than the number already sent for the same
            message is dropped. Without a number the order of arrival counts.
        fence: Asked each time a call's turn has come, which may be long after it was handed in: another process may
            have gone on meanwhile.
    """
    token = said.set(Said(priority, version, fence))
    try:
        yield
    finally:
        said.reset(token)


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit shows."""

    key: MessageKey
    version: int | None
    """Number of the state, or None."""
    final: bool
    """Whether it is a final state, which is never dropped."""
    fingerprint: Hashable
    """The same for the same content."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the Bot API."""

    chat: int | None
    """Whom it reaches; None where no chat is named."""
    priority: Priority
    """Its place in the order of waiting calls."""
    counted: bool = True
    """Whether it is a message in Telegram's books; then it has a chat. Others go out at once, but for signs."""
    upload: bool = False
    """Whether its body carries files."""
    units: int = 1
    """Messages it makes: an album of four is four in the budgets overall and per group, and one call in the pace of its
    chat, since Telegram sends albums whole."""
    edit: Edit | None = None

    @property
    def is_sign(self) -> bool:
        """Whether it is a reaction, or shows what the bot is doing."""
        return self.priority is Priority.SIGN and not self.counted


def is_group(chat: int | None) -> bool:
    """Whether the budget of groups applies."""
    return chat is not None and chat < 0


def classify(endpoint: str, data: Mapping[str, object], saying: Said) -> Call:
    """Read a call off its endpoint and parameters, whose objects are not serialised yet.

    Where nothing was said, files go as results and everything else as answers.
    """
    chat = _chat(data)
    if endpoint in SIGNS:
        return Call(chat, Priority.SIGN, counted=False)
    if chat is None or not endpoint.startswith(_COUNTED):
        return Call(chat, Priority.ANSWER if saying.priority is None else saying.priority, counted=False)
    upload = any(map(_carries_file, data.values()))
    priority = saying.priority
    if priority is None:
        priority = Priority.RESULT if upload or endpoint == "sendMediaGroup" else Priority.ANSWER
    edit = _edit(chat, data, saying) if endpoint == _EDIT else None
    return Call(chat, priority, upload=upload, units=_units(endpoint, data), edit=edit)


def _chat(data: Mapping[str, object]) -> int | None:
    chat = data.get("chat_id")
    return int(chat) if isinstance(chat, int | str) else None


def _units(endpoint: str, data: Mapping[str, object]) -> int:
    parts = data.get("media") if endpoint == "sendMediaGroup" else None
    return max(1, len(parts)) if isinstance(parts, Sequence) and not isinstance(parts, str) else 1


def _edit(chat: int, data: Mapping[str, object], saying: Said) -> Edit:
    message = data["message_id"]
    assert isinstance(message, int)
    # All of a button counts in the library's hash but the query of Share, of which a message never has another.
    fingerprint = hash((data.get("text"), data.get("reply_markup")))
    return Edit((chat, message), saying.version, saying.priority is Priority.RESULT, fingerprint)


def _carries_file(value: object) -> bool:
    if isinstance(value, list | tuple):
        return any(map(_carries_file, value))
    return isinstance(value.media if isinstance(value, InputMedia) else value, InputFile)


class JobState(Enum):
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


@dataclass(slots=True, eq=False)
class Job:
    """A call with its place in the order. Only the scheduler changes it."""

    call: Call
    since: float
    """When it was pushed, seconds."""
    born: float
    """Its seniority: when the oldest of the edits that it replaced was pushed, seconds."""
    seq: int
    """Order of arrival, taken over together with the seniority."""
    priority: Priority
    """Its own or, if that is higher, that of an edit which it replaced or must precede."""
    state: JobState = JobState.WAITING
    started: float = -inf
    """When it was last begun, seconds."""
    head: bool = False
    """Whether it goes before all others of its chat, because Telegram has put it off."""
    floods: int = 0
    """How often Telegram put it off."""
    repeats: int = 0
    """How often it was made again after a failure of the network."""

    def takes_over(self, older: "Job") -> None:
        """Take the place of an edit that this one replaces."""
        self.born, self.seq = min((self.born, self.seq), (older.born, older.seq))
        self.priority = min(self.priority, older.priority)
        self.head = self.head or older.head

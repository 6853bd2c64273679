"""How urgent a call to Telegram is, said by the code that makes it and read by the outbox that sends it."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import IntEnum

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
    """What the caller said of the calls it makes.

    Attributes:
        priority: None where nothing was said; the endpoint decides then.
        version: Number of the state that an edit shows, growing with every newer one, or None.
        fence: Asked whether the call shall still be made, or None.
    """

    priority: Priority | None = None
    version: int | None = None
    fence: Fence | None = None


_NOTHING = Said()
_said: ContextVar[Said] = ContextVar("outbox_said", default=_NOTHING)


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
    token = _said.set(Said(priority, version, fence))
    try:
        yield
    finally:
        _said.reset(token)


def said() -> Said:
    """What was said for the current task; nothing by default."""
    return _said.get()

"""What has happened: calls received, things seen in chats, buttons pressed. And a way to wait for more of it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias, TypeVar

from sandbox.botapi.files import Incoming
from sandbox.botapi.model import JsonObject
from sandbox.signals import Signal

T = TypeVar("T")
_POLLS_KEPT = 50


@dataclass(frozen=True, slots=True)
class ReceivedCall:
    """A call of the bot's, as it came and how it was answered.

    Attributes:
        number: 1 for the first.
        method: The method's proper name.
        params: Parameters after decoding; those that hold JSON are objects and lists here.
        uploads: Uploaded files by the name of their part.
        at: When it came, by the server's clock.
        status: HTTP status of the answer, 0 when the connection was dropped.
        description: The refusal's text, or empty.
        applied: Whether it took effect.
        result: What it was answered with, as JSON.
    """

    number: int
    method: str
    params: JsonObject
    uploads: dict[str, Incoming]
    at: datetime
    status: int
    description: str = ""
    applied: bool = True
    result: object = None

    @property
    def chat_id(self) -> int | str | None:
        """The chat it was for, if for any."""
        value = self.params.get("chat_id")
        return value if isinstance(value, int | str) else None


@dataclass(frozen=True, slots=True)
class Download:
    """A file that the bot fetched: its path without the token, and the status of the answer."""

    at: datetime
    path: str
    status: int


@dataclass(slots=True)
class Press:
    """A button that was pressed, and what the bot answered.

    Attributes:
        chat_id: 0 where the bot is told of no message; ``message_id`` likewise.
        answer: The notice, "" for none, None while unanswered.
    """

    query_id: str
    user_id: int
    chat_id: int
    message_id: int
    data: str
    pressed_at: float
    answer: str | None = None
    alert: bool = False
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that can be seen: ``actor`` is "bot" or "person", ``details`` is ready for the wire."""

    number: int
    kind: str
    actor: str
    at: datetime
    details: JsonObject = field(default_factory=dict)

    def wire(self) -> JsonObject:
        """The event as one JSON object."""
        head: JsonObject = {"number": self.number, "event": self.kind, "actor": self.actor}
        return head | {"at": self.at.isoformat()} | self.details


Noted: TypeAlias = ReceivedCall | Download | Event


class Journal:
    """Calls, events and presses, in order.

    Attributes:
        watchers: Called at once with everything that is noted, ``getUpdates`` included.
    """

    def __init__(self, signal: Signal) -> None:
        self.signal = signal
        self.calls: list[ReceivedCall] = []
        self.polls: list[ReceivedCall] = []
        self.events: list[Event] = []
        self.presses: dict[str, Press] = {}
        self.watchers: list[Callable[[Noted], None]] = []
        self.closed = False
        self._received = 0

    def next_number(self) -> int:
        """The number of the call that has just come."""
        self._received += 1
        return self._received

    def add_call(self, call: ReceivedCall) -> None:
        """Note a call; of the endless ``getUpdates`` only the last few."""
        if call.method == "getUpdates":
            self.polls = [*self.polls[1 - _POLLS_KEPT :], call]
        else:
            self.calls.append(call)
        self._tell(call)

    def add_download(self, download: Download) -> None:
        """Note that a file was fetched."""
        self._tell(download)

    def add_event(self, kind: str, actor: str, at: datetime, details: JsonObject) -> None:
        """Note something that can be seen."""
        self.events.append(Event(len(self.events) + 1, kind, actor, at, details))
        self._tell(self.events[-1])

    def _tell(self, noted: Noted) -> None:
        for watcher in self.watchers:
            watcher(noted)
        self.signal.notify()

    async def follow(self, since: int = 0) -> AsyncIterator[Event]:
        """All events after number ``since``, then each new one as it happens, until the server closes."""
        position = since
        while True:
            while position < len(self.events):
                position += 1
                yield self.events[position - 1]
            if self.closed:
                return
            await self.signal.wait()

    def close(self) -> None:
        """End the streams of those who follow."""
        self.closed = True
        self.signal.notify()

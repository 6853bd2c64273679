"""What a test or a person asks of one request: faults, odd shapes, another course of events."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from pydantic import JsonValue

SUCCESSFUL = "MEDIA_GENERATION_STATUS_SUCCESSFUL"
FAILED = "MEDIA_GENERATION_STATUS_FAILED"
PENDING = "MEDIA_GENERATION_STATUS_PENDING"

STATUS = "video_generation_status"
COMPLETE = "video_generation_complete"
ERROR = "error"


class End(StrEnum):
    """How an exchange ends."""

    NORMAL = "normal"
    """With the terminal event, then the end of the body."""
    EOF = "eof"
    """The body ends in good order, with no terminal event."""
    DROP = "drop"
    """The connection closes in the middle of the body, between two events."""
    MID_EVENT = "mid-event"
    """The connection closes with half of the next event sent."""
    SILENCE = "silence"
    """Nothing more comes until the client leaves."""
    PINGS = "pings"
    """Comments and nothing else, without end, ``ping_interval`` (or 1 s) apart."""
    DROP_UNREAD = "drop-unread"
    """The connection closes before a byte of the body is read or of the answer sent."""
    DROP_READ = "drop-read"
    """The connection closes when the body has been read, before a byte of the answer."""


class InHistory(StrEnum):
    """Whether the history gets to know the request."""

    FINISHED = "finished"
    """As soon as its videos are finished and nothing holds it back."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer in place of the real one.

    Attributes:
        status: 100 to 599.
        body: A JSON value; a string is sent as it is.
        headers: Further headers.
        content_type: ``application/json``, or another for a string body.
    """

    status: int
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Frame:
    """One piece of the stream.

    Attributes:
        event: Name of the event; None sends none.
        data: Its data, sent as JSON.
        results: Send the array of finished videos as data; waits until they are rendered.
        raw: Sent as it stands in place of event and data: broken frames, comments.
        delay: Seconds to wait before.
    """

    event: str | None = None
    data: JsonValue = None
    results: bool = False
    raw: str | None = None
    delay: float = 0.0


@dataclass(frozen=True, slots=True)
class FileFault:
    """What happens to downloads of a video before they go well; ``times`` of them for each video.

    Attributes:
        answer: This in place of the file.
        cut: The answer ends in good order after so many bytes and names no length, whatever ``Range`` asked for.
        times: How many downloads; None = all of them.
    """

    answer: Answer | None = None
    cut: int | None = None
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Script:
    """What happens to one POST; the default is what really happens.

    Attributes:
        answer: This instead of a stream.
        end: How the exchange ends.
        after: Number of events after which ``end`` happens; None is where the terminal event would stand.
        frames: These in place of the usual course (a ``Frame`` with ``results`` is the terminal event).
        extra: These between ``processing`` and the terminal event.
        error: Data of an ``error`` event in place of the terminal event: an object, a bare string, anything but null.
        failed: Positions (from 0) of videos that fail.
        failed_error: Their error text.
        empty: The terminal array is empty.
        as_list: ``file_urls`` (a list) in place of ``file_url``.
        word: Status word of videos that succeeded, in stream and history.
        urls: These addresses in place of those of the videos, position by position.
        file_answer: What a request for the video files is answered with.
        file_faults: What happens to the first downloads of each video, one fault after the other.
        expired: The addresses that the stream names have expired (403); the history names fresh ones.
        pad_to: Bytes that each video file is brought to, in place of the option's.
        accepted: Whether it is charged and made; None: unless it has an ``answer`` or ``error``, or is dropped unread.
        history: Whether the history gets to know it.
        history_delay: Seconds from the end of rendering until the history knows it.
    """

    answer: Answer | None = None
    end: End = End.NORMAL
    after: int | None = None
    frames: tuple[Frame, ...] | None = None
    extra: tuple[Frame, ...] = ()
    error: JsonValue = None
    failed: tuple[int, ...] = ()
    failed_error: str = "UNSAFE_GENERATION"
    empty: bool = False
    as_list: bool = False
    word: str = SUCCESSFUL
    urls: tuple[str, ...] = ()
    file_answer: Answer | None = None
    file_faults: tuple[FileFault, ...] = ()
    expired: bool = False
    pad_to: int | None = None
    accepted: bool | None = None
    history: InHistory = InHistory.FINISHED
    history_delay: float = 0.0

    @property
    def is_accepted(self) -> bool:
        """Whether the request is charged and made."""
        if self.accepted is not None:
            return self.accepted
        return self.answer is None and self.error is None and self.end is not End.DROP_UNREAD


def status(word: str, delay: float = 0.0) -> Frame:
    """A ``video_generation_status`` event."""
    return Frame(STATUS, word, delay=delay)


def comment(text: str = "ping") -> Frame:
    """A comment, which is no event."""
    return Frame(raw=f": {text}\n\n")


def complete(data: JsonValue) -> Frame:
    """A ``video_generation_complete`` event with data of one's own; ``RESULTS`` has the real ones."""
    return Frame(COMPLETE, data)


def error(data: JsonValue) -> Frame:
    """An ``error`` event."""
    return Frame(ERROR, data)


RESULTS = Frame(COMPLETE, results=True)
"""The terminal event with the finished videos."""

"""Server-Sent Events from bytes, incrementally. Pure.

The rules are those of the HTML standard, "Server-sent events", sections 9.2.5 and 9.2.6: lines end with LF, CR or
CRLF, one leading byte order mark is dropped, one space after the colon is dropped, invalid UTF-8 is replaced. One
rule is bent on purpose: an event whose blank line got lost in the end of the stream is handed out, marked, because
for a paid request it may be the result.
"""

import re
from dataclasses import dataclass

MAX_LINE = 8 * 1024 * 1024
"""Bytes of one line; a longer one is a fault of the stream."""

MAX_EVENT = 2 * MAX_LINE
"""Code points of the data of one event."""

_BREAK = re.compile(rb"[\r\n]")
_MARK = b"\xef\xbb\xbf"
_LF = 0x0A


class SseLimitError(Exception):
    """A line, an event or a backlog of events is larger than anything sane."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event.

    Attributes:
        name: Its name, ``message`` when it has none.
        data: Its data lines, joined by line feeds.
        complete: Whether the blank line that ends it came; False only for the last event of a cut-off stream.
    """

    name: str
    data: str
    complete: bool = True


class SseDecoder:
    """Turns chunks of bytes into events.

    Args:
        max_line: Bytes that one line may have.
        max_event: Code points that the data of one event may have.
    """

    def __init__(self, max_line: int = MAX_LINE, max_event: int = MAX_EVENT) -> None:
        self._max_line = max_line
        self._max_event = max_event
        self._rest = bytearray()
        self._first_line = True
        self._after_cr = False
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that are complete with this chunk.

        Args:
            chunk: Any number of bytes, cut anywhere.

        Raises:
            SseLimitError: A line or an event is too large.
        """
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[0] == _LF:
                chunk = chunk[1:]
        scanned = len(self._rest)
        self._rest += chunk
        events = []
        start = 0
        while (found := _BREAK.search(self._rest, max(scanned, start))) is not None:
            event = self._take_line(bytes(self._rest[start : found.start()]))
            if event is not None:
                events.append(event)
            start = self._after_break(found.start())
        del self._rest[:start]
        if len(self._rest) > self._max_line:
            raise SseLimitError("line too long")
        return events

    def finish(self) -> list[ServerSentEvent]:
        """The event that the end of the stream cut off, if it has data. Nothing is to be fed afterwards.

        Raises:
            SseLimitError: The event is too large.
        """
        rest = bytes(self._rest)
        self._rest.clear()
        event = self._take_line(rest) if rest else None
        if event is None:
            event = self._dispatch(complete=False)
        return [] if event is None else [event]

    def _after_break(self, position: int) -> int:
        """Where the next line starts, given where the break of the last one is."""
        if self._rest[position] == _LF:
            return position + 1
        if position + 1 == len(self._rest):
            self._after_cr = True
        elif self._rest[position + 1] == _LF:
            return position + 2
        return position + 1

    def _take_line(self, raw: bytes) -> ServerSentEvent | None:
        if len(raw) > self._max_line:
            raise SseLimitError("line too long")
        if self._first_line:
            self._first_line = False
            raw = raw.removeprefix(_MARK)
        if not raw:
            return self._dispatch(complete=True)
        field, _, value = raw.decode("utf-8", "replace").partition(":")
        self._take_field(field, value.removeprefix(" "))
        return None

    def _take_field(self, field: str, value: str) -> None:
        if field == "event":
            self._name = value
        elif field == "data":
            self._size += len(value) + 1
            if self._size > self._max_event:
                raise SseLimitError("event too large")
            self._data.append(value)

    def _dispatch(self, *, complete: bool) -> ServerSentEvent | None:
        name, data = self._name, self._data
        self._name, self._data, self._size = "", [], 0
        return ServerSentEvent(name or "message", "\n".join(data), complete) if data else None

"""The event stream of a paid request: one request, ever, then its Server-Sent Events, once each.

``aiohttp-sse-client`` behaves as a browser does: it sends the request again when the stream ends or the connection
drops, and raises on an HTTP error with the body unread. Here a second request is impossible, an error's status and
body are handed out, and what the end of a stream cut off is handed out too, since it may be the paid result.
"""

import asyncio
import logging
import re
from collections import deque
from dataclasses import dataclass

import aiohttp
from aiohttp_sse_client.client import CONTENT_TYPE_EVENT_STREAM, EventSource

MAX_LINE = 8 * 1024 * 1024
"""Bytes of one line; a longer one is a fault of the stream."""

MAX_EVENT = 2 * MAX_LINE
"""Code points of the data of one event."""

_BREAK = re.compile(rb"[\r\n]")
_MARK = b"\xef\xbb\xbf"
_LF = 0x0A


class SseLimitError(Exception):
    """A line or an event is larger than anything sane."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event."""

    name: str
    """Its name, ``message`` when it has none."""
    data: str
    """Its data lines, joined by line feeds."""
    complete: bool = True
    """Whether the blank line that ends it came; False only for the last event of a cut-off stream."""


class SseDecoder:
    """Turns chunks of bytes into events. Pure.

    The rules are those of the HTML standard, "Server-sent events", sections 9.2.5 and 9.2.6: lines end with LF, CR or
    CRLF, one leading byte order mark is dropped, one space after the colon is dropped, invalid UTF-8 is replaced.
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
        """The events that are complete with this chunk, which may be cut anywhere.

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


BODY_LIMIT = 64 * 1024
"""Bytes of an error body that are read."""

BODY_SECONDS = 10.0
"""Seconds that an error body may take."""

_ANSWER_STARTS = b'{["<'
"""What JSON and HTML begin with, and no line of a stream does."""

_BROKEN = (aiohttp.ClientError, OSError, TimeoutError)
_LOG = logging.getLogger(__name__)


async def read_bounded(content: aiohttp.StreamReader, limit: int, seconds: float | None = None) -> bytes:
    """The start of a body: as much as came, up to a limit. One that breaks off, or takes too long, is what came of it.

    Args:
        content: The body's reader.
        limit: Bytes to be read at most.
        seconds: How long to wait for it; None for as long as the request's own timeouts let it be silent.
    """
    received = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while len(received) < limit and (chunk := await content.read(limit - len(received))):
                received += chunk
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        _LOG.info("a body broke off after %d bytes: %s", len(received), type(error).__name__)
    return bytes(received)


class PaidEventSource(EventSource):  # type: ignore[misc]  # the library has no types
    """One request, then its events, once each, until the stream ends.

    Takes the arguments of ``EventSource`` except those of reconnecting; whatever goes to aiohttp's ``request`` may
    be given by name. Source of the base's behaviour: ``aiohttp_sse_client/client.py``, 0.2.1.
    """

    _response: aiohttp.ClientResponse | None

    def __init__(self, url: str, session: aiohttp.ClientSession, **request: object) -> None:
        super().__init__(url, option={"method": "POST"}, session=session, max_connect_retry=0, **request)
        self._decoder = SseDecoder()
        self._ready: deque[ServerSentEvent] = deque()
        self._start = b""
        self._asked = False
        self._ended = False
        self._failure: Exception | None = None

    async def connect(self, retry: int = 0) -> None:
        """Makes the request and waits for the head of its answer, whatever its status; ``retry`` must be 0.

        Raises:
            RuntimeError: A request was made already.
            aiohttp.ClientError: No answer came.
            OSError: No answer came.
        """
        if self._asked or retry:
            raise RuntimeError("a paid request is made once")
        self._asked = True
        self._response = await self._session.request(self._method, self._url, **self._kwargs)

    @property
    def answer(self) -> aiohttp.ClientResponse:
        """The answer, of which the body is read here."""
        if self._response is None:
            raise RuntimeError("not connected")
        return self._response

    async def is_stream(self) -> bool:
        """Whether the answer is a stream of events: it says so, or it begins as one whatever it says.

        A successful answer of another type is waited for until its first byte that is no white space is there.
        """
        if not 200 <= self.answer.status < 300:
            return False
        if self.answer.content_type.lower() == CONTENT_TYPE_EVENT_STREAM:
            return True
        while not (start := self._start.removeprefix(_MARK).lstrip()) and len(self._start) < BODY_LIMIT:
            chunk = await self._receive()
            if not chunk:
                break
            self._start += chunk
        return bool(start) and start[:1] not in _ANSWER_STARTS

    async def body(self, limit: int = BODY_LIMIT, seconds: float | None = BODY_SECONDS) -> bytes:
        """The start of the body of an answer that is no stream; the arguments are those of ``read_bounded``."""
        rest = b"" if self._ended else await read_bounded(self.answer.content, limit - len(self._start), seconds)
        return self._start + rest

    async def __anext__(self) -> ServerSentEvent:
        """The next event.

        Raises:
            StopAsyncIteration: The stream has ended.
            aiohttp.ClientError: The connection broke.
            OSError: The connection broke.
            SseLimitError: The stream is larger than anything sane.
        """
        if self._response is None:
            raise RuntimeError("no stream to read")
        while not self._ready:
            chunk, self._start = self._start, b""
            chunk = chunk or await self._receive()
            if chunk:
                self._ready.extend(self._decoder.feed(chunk))
            elif (cut_off := self._decoder.finish()) != []:
                self._ready.extend(cut_off)
            else:
                raise self._failure or StopAsyncIteration
        return self._ready.popleft()

    async def close(self) -> None:
        """Closes the connection at once, read or not."""
        response, self._response = self._response, None
        if response is not None:
            response.close()

    async def _receive(self) -> bytes:
        """The next bytes; none at the end, and none where the connection broke, which is kept to be told later."""
        if self._ended:
            return b""
        try:
            chunk = await self.answer.content.readany()
        except _BROKEN as error:
            self._failure, chunk = error, b""
        self._ended = not chunk
        return chunk

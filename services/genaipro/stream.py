"""A paid request: its form, streamed from disk over a connection of its own, then its Server-Sent Events, once each.

``aiohttp-sse-client`` behaves as a browser does: it sends the request again when the stream ends or the connection
drops, and raises on an HTTP error with the body unread. Here a second request is impossible, an error's status and
body are handed out, and what the end of a stream cut off is handed out too, since it may be the paid result.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

import aiohttp
from aiohttp_sse_client.client import CONTENT_TYPE_EVENT_STREAM, EventSource

from services.http_requests import answer_first_socket, followed
from services.photos.model import PhotoFile
from services.tasks import in_thread

MAX_LINE = 8 * 1024 * 1024
"""Bytes of one line; a longer one is a fault of the stream."""

MAX_EVENT = 2 * MAX_LINE
"""Code points of the data of one event."""

_MARK = b"\xef\xbb\xbf"


class SseLimitError(aiohttp.ClientPayloadError):
    """A line or an event is larger than anything sane."""


BROKEN = (aiohttp.ClientError, OSError)
"""What a request that breaks raises; a timeout is an ``OSError``."""


@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    """One event."""

    name: str
    """Its name, ``message`` when it has none."""
    data: str
    """Its data lines, joined by line feeds."""
    complete: bool = True
    """Whether the blank line that ends it came; False only for the last event of a cut-off stream."""


@dataclass(slots=True)
class SseDecoder:
    """Turns chunks of bytes into events. Pure.

    The rules are those of the HTML standard, "Server-sent events", sections 9.2.5 and 9.2.6: lines end with LF, CR or
    CRLF, one leading byte order mark is dropped, one space after the colon is dropped, invalid UTF-8 is replaced.
    """

    max_line: int = MAX_LINE
    max_event: int = MAX_EVENT
    _line: bytearray = field(default_factory=bytearray, init=False)
    """What there is of the line that has not ended."""
    _is_first: bool = field(default=True, init=False)
    _after_cr: bool = field(default=False, init=False)
    """Whether the last break was a CR, to which an LF may belong."""
    _name: str = field(default="", init=False)
    _data: list[str] = field(default_factory=list, init=False)
    _size: int = field(default=0, init=False)

    def feed(self, chunk: bytes) -> list[ServerSentEvent]:
        """The events that are complete with this chunk, which may be cut anywhere.

        Raises:
            SseLimitError: A line or an event is too large.
        """
        events = []
        rest = chunk.removeprefix(b"\n") if self._after_cr else chunk
        self._after_cr = chunk.endswith(b"\r") or (self._after_cr and not chunk)
        for part in rest.splitlines(keepends=True):
            text = part.rstrip(b"\r\n")
            self._line += text
            if len(self._line) > self.max_line:
                raise SseLimitError("line too long")
            if text != part and (event := self._end_line()) is not None:
                events.append(event)
        return events

    def finish(self) -> list[ServerSentEvent]:
        """The event that the end of the stream cut off, if it has data. Nothing is to be fed afterwards."""
        if self._line:
            self._end_line()
        event = self._dispatch(complete=False)
        return [] if event is None else [event]

    def _end_line(self) -> ServerSentEvent | None:
        raw = bytes(self._line)
        self._line.clear()
        if self._is_first:
            self._is_first = False
            raw = raw.removeprefix(_MARK)
        if not raw:
            return self._dispatch(complete=True)
        name, _, value = raw.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._size += len(value) + 1
            if self._size > self.max_event:
                raise SseLimitError("event too large")
            self._data.append(value)
        return None

    def _dispatch(self, *, complete: bool) -> ServerSentEvent | None:
        name, data = self._name, self._data
        self._name, self._data, self._size = "", [], 0
        return ServerSentEvent(name or "message", "\n".join(data), complete) if data else None


def paid_session() -> aiohttp.ClientSession:
    """A session for paid requests, each on a connection of its own, which is new and is closed with it.

    A pooled connection may have died unnoticed; a POST that fails on it could not be told from one that was
    accepted. A new connection that fails before the first byte proves that it was not.
    """
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(force_close=True, limit=0, socket_factory=answer_first_socket),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[followed()],
    )


FormFile = tuple[str, PhotoFile]
"""An image and the name of its part of a form."""


async def open_form(
    stack: AsyncExitStack, files: Sequence[FormFile], fields: Sequence[tuple[str, str]]
) -> aiohttp.FormData:
    """The multipart form, its files open until the stack is left; lone surrogates in texts become ``?``.

    aiohttp reads them in its thread pool, 256 KiB at a time (``aiohttp/payload.py``, ``IOBasePayload``), so neither
    the event loop nor memory feels their size.

    Raises:
        OSError: A photo cannot be opened.
    """
    form = aiohttp.FormData(default_to_multipart=True)
    for name, photo in files:
        # Without a buffer, which would stay for as long as the stream: aiohttp reads large pieces anyway.
        file = stack.enter_context(await in_thread(photo.path.open, None, "rb", buffering=0))
        form.add_field(name, file, filename=photo.path.name, content_type=photo.content_type)
    for name, text in fields:
        form.add_field(name, text.encode("utf-8", "replace").decode("utf-8"))
    return form


BODY_LIMIT = 64 * 1024
"""Bytes of an error body that are read."""

BODY_SECONDS = 10.0
"""Seconds that an error body may take."""

_ANSWER_STARTS = b'{["<'
"""What JSON and HTML begin with, and no line of a stream does."""

_LOG = logging.getLogger(__name__)


async def read_bounded(content: aiohttp.StreamReader, limit: int, seconds: float | None = None) -> bytes:
    """The start of a body: as much as came, up to a limit. One that breaks off, or takes too long, is what came of it.

    Args:
        seconds: How long to wait for it; None for as long as the request's own timeouts let it be silent.
    """
    received = bytearray()
    try:
        async with asyncio.timeout(seconds):
            while len(received) < limit and (chunk := await content.read(limit - len(received))):
                received += chunk
    except BROKEN as error:
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
        self._failure: Exception | None = None

    async def connect(self, retry: int = 0) -> None:
        """Makes the request and waits for the head of its answer, whatever its status; ``retry`` must be 0.

        Raises:
            RuntimeError: A request was made already.
            Exception: No answer came; as aiohttp raises.
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
        return self._start + await read_bounded(self.answer.content, limit - len(self._start), seconds)

    async def __anext__(self) -> ServerSentEvent:
        """The next event.

        Raises:
            StopAsyncIteration: The stream has ended.
            Exception: The connection broke, or the stream is larger than anything sane; one of ``BROKEN``.
        """
        while not self._ready:
            chunk, self._start = self._start or await self._receive(), b""
            self._ready.extend(self._decoder.feed(chunk) if chunk else self._decoder.finish())
            if not (chunk or self._ready):
                raise self._failure or StopAsyncIteration
        return self._ready.popleft()

    async def _receive(self) -> bytes:
        """The next bytes; none at the end, and none where the connection broke, which is kept to be told later."""
        try:
            return await self.answer.content.readany()
        except BROKEN as error:
            self._failure = error
            return b""

"""``aiohttp-sse-client``, tamed for a request that is paid for each time it is sent.

The library behaves as a browser does: it sends the request again when the stream ends or the connection drops, and
raises on an HTTP error with the body unread. Here one source makes one request, ever; an error's status and body are
handed out; and the stream is read as it comes, so that a slow consumer loses nothing when the connection breaks
behind what was already received.
"""

import asyncio
import logging
from collections import deque

import aiohttp
from aiohttp_sse_client.client import CONTENT_TYPE_EVENT_STREAM, EventSource
from multidict import CIMultiDictProxy

from services.genaipro.sse_decoder import ServerSentEvent, SseDecoder, SseLimitError

BODY_LIMIT = 64 * 1024
"""Bytes of an error body that are read."""

BODY_SECONDS = 10.0
"""Seconds that an error body may take."""

BACKLOG_LIMIT = 32 * 1024 * 1024
"""Bytes received that nobody has taken yet."""

_LOG = logging.getLogger(__name__)


async def read_bounded(content: aiohttp.StreamReader, limit: int, seconds: float | None = None) -> bytes:
    """The start of a body.

    Args:
        content: The body's reader.
        limit: Bytes to be read at most.
        seconds: How long to wait for it; None for as long as the request's own timeouts let it be silent.

    Returns:
        As much as came, up to ``limit``; a body that breaks off, or takes too long, is what came of it.
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
    """One request, then its events, once each, until the stream ends. Use it as an async context manager.

    Takes the arguments of ``EventSource`` except those of reconnecting; whatever goes to aiohttp's ``request`` may
    be given by name. Source of the base's behaviour: ``aiohttp_sse_client/client.py``, 0.2.1.
    """

    _response: aiohttp.ClientResponse | None

    def __init__(self, url: str, session: aiohttp.ClientSession, **request: object) -> None:
        super().__init__(url, option={"method": "POST"}, session=session, max_connect_retry=0, **request)
        self._decoder = SseDecoder()
        self._ready: deque[ServerSentEvent] = deque()
        self._backlog = 0
        self._wake = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._asked = False
        self._flushed = False

    async def connect(self, retry: int = 0) -> None:
        """Makes the request and waits for the head of its answer, whatever its status.

        Args:
            retry: Must be 0; there are no repeats.

        Raises:
            RuntimeError: A request was made already.
            aiohttp.ClientError: No answer came.
            OSError: No answer came.
        """
        if self._asked or retry:
            raise RuntimeError("a paid request is made once")
        self._asked = True
        self._response = await self._session.request(self._method, self._url, **self._kwargs)
        if self.is_stream:
            self._pump = asyncio.create_task(self._receive(self._response.content))
            self._pump.add_done_callback(lambda _: self._wake.set())

    @property
    def _answer(self) -> aiohttp.ClientResponse:
        if self._response is None:
            raise RuntimeError("not connected")
        return self._response

    @property
    def status(self) -> int:
        """The HTTP status of the answer."""
        return self._answer.status

    @property
    def headers(self) -> CIMultiDictProxy[str]:
        """The headers of the answer."""
        return self._answer.headers

    @property
    def content_type(self) -> str:
        """The content type of the answer, without parameters, in lower case."""
        return self._answer.content_type.lower()

    @property
    def is_stream(self) -> bool:
        """Whether the answer is a stream of events."""
        return 200 <= self.status < 300 and self.content_type == CONTENT_TYPE_EVENT_STREAM

    async def body(self, limit: int = BODY_LIMIT, seconds: float | None = BODY_SECONDS) -> bytes:
        """The start of the body of an answer that is no stream; the arguments are those of ``read_bounded``."""
        return await read_bounded(self._answer.content, limit, seconds)

    async def __anext__(self) -> ServerSentEvent:
        """The next event.

        Raises:
            StopAsyncIteration: The stream has ended.
            aiohttp.ClientError: The connection broke.
            OSError: The connection broke.
            SseLimitError: The stream is larger than anything sane.
        """
        if self._pump is None:
            raise RuntimeError("no stream to read")
        while not self._ready:
            if self._pump.done():
                self._flush()
                if self._ready:
                    break
                failure = self._pump.exception()
                raise StopAsyncIteration if failure is None else failure
            self._wake.clear()
            await self._wake.wait()
        event = self._ready.popleft()
        if not self._ready:
            self._backlog = 0
        return event

    async def close(self) -> None:
        """Closes the connection at once, read or not, and ends the reading."""
        response, self._response = self._response, None
        pump, self._pump = self._pump, None
        if response is not None:
            response.close()
        if pump is not None:
            pump.cancel()
            await asyncio.wait([pump])
            if not pump.cancelled():
                pump.exception()

    def _flush(self) -> None:
        """Hands out, once, what the end of the stream cut off."""
        if not self._flushed:
            self._flushed = True
            self._ready.extend(self._decoder.finish())

    async def _receive(self, content: aiohttp.StreamReader) -> None:
        async for chunk in content.iter_any():
            self._backlog = self._backlog + len(chunk) if self._ready else len(chunk)
            if self._backlog > BACKLOG_LIMIT:
                raise SseLimitError("too many events waiting")
            self._ready.extend(self._decoder.feed(chunk))
            self._wake.set()

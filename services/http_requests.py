"""Outgoing HTTP requests: how far each has got, what is known of one that got no answer, bodies into files."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import aiohttp

from services.tasks import in_thread

if TYPE_CHECKING:
    from _socket import _Address

    from _typeshed import ReadableBuffer

VERSION = "0.2.0"
"""Of this release; the project file takes it from here."""

USER_AGENT: Final = f"Pho2Video/{VERSION}"
"""On every request to the video service and its file host: a library's own name was turned away there."""

MOST_DEFERRALS = 1000
"""How often a failed write is put off while an answer waits to be read; bounds the work on an answer nobody reads."""


class CallBrokeError(Exception):
    """No answer came to a call that may have arrived; the cause of an error of the library for Telegram.

    The text is the name of the HTTP library's error and nothing else: its messages quote the address, which holds the
    token.
    """


class NeverSentError(CallBrokeError):
    """The call provably never left this process, or never passed the proxy."""


def reason(error: BaseException | None) -> str:
    """Why a call failed, for the log: what the connection says of it, else the kind of error."""
    cause = error.__cause__ if error is not None else None
    return str(cause) if isinstance(cause, CallBrokeError) else type(error).__name__


class AnswerFirstSocket(socket.socket):
    """A socket that lets what the other side said be read before a failed write closes it.

    A service that refuses a request before it has read the body answers and closes; the next write then fails, and
    asyncio drops the connection with the answer still unread (``asyncio/selector_events.py``, ``write``). Here such
    a write says "try later" as long as there is something to read; the loop reads before it writes.
    """

    _deferrals = 0

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """Sends, as ``socket.socket.send`` does; ``BlockingIOError`` also where an answer is to be read first."""
        try:
            return super().send(data, flags)
        except (BrokenPipeError, ConnectionResetError):
            if self._has_answer():
                raise BlockingIOError from None
            raise

    def sendmsg(
        self,
        buffers: "Iterable[ReadableBuffer]",
        ancdata: "Iterable[tuple[int, int, ReadableBuffer]]" = (),
        flags: int = 0,
        address: "_Address | None" = None,
        /,
    ) -> int:
        """Sends, as ``socket.socket.sendmsg`` does; raises as ``send`` here (asyncio from Python 3.12 on uses both)."""
        try:
            return super().sendmsg(buffers, ancdata, flags, address)
        except (BrokenPipeError, ConnectionResetError):
            if self._has_answer():
                raise BlockingIOError from None
            raise

    def _has_answer(self) -> bool:
        self._deferrals += 1
        try:
            return self._deferrals <= MOST_DEFERRALS and bool(self.recv(1, socket.MSG_PEEK))
        except OSError:
            return False


def answer_first_socket(address: tuple[Any, ...]) -> AnswerFirstSocket:
    """One for an address, as aiohttp's connectors ask for it."""
    return AnswerFirstSocket(*address[:3])


CHUNK_BYTES = 256 * 1024
"""How much of a body is written at once."""


class StreamTooLongError(Exception):
    """A stream brought more bytes than may be kept."""


async def pour(source: aiohttp.StreamReader, path: Path, limit: int, written: int = 0) -> int:
    """Writes a response's body to a file, each chunk in a thread before the next is read; returns the file's length.

    Args:
        limit: The most bytes that the file may hold.
        written: Bytes that the file holds already; with none, it is made anew.

    Raises:
        StreamTooLongError: The body goes on past the limit; what fitted is in the file.
    """
    file = await in_thread(path.open, None, "ab" if written else "wb")
    try:
        async for data in source.iter_chunked(CHUNK_BYTES):
            written += len(data)
            if written > limit:
                raise StreamTooLongError
            await in_thread(file.write, None, data)
    finally:
        await in_thread(file.close, None)
    return written


@dataclass(slots=True)
class RequestProgress:
    """How far a request has got; it names this as ``trace_request_ctx``, over a session that is :func:`followed`.

    Every part of the body that is handed over starts a time limit anew: aiohttp's own starts only when the whole body
    is written, so that a server that stops reading would hold the request forever.
    """

    stall_seconds: float | None = None
    """How long a part of the body may wait for the connection; None for no limit."""
    answer_seconds: float | None = 0.0
    """How much longer the answer to the whole body may take; None for no limit."""
    left: int = 0
    """Bytes of the body that were not handed over yet."""
    begun: bool = False
    """Whether any byte may have left. While False, the other side provably has not seen the request."""
    _guard: asyncio.Timeout | None = None

    @asynccontextmanager
    async def watched(self, seconds: float | None = None) -> AsyncIterator[None]:
        """The time limit, until an answer is there; the first byte must leave within ``seconds``, if they are given."""
        try:
            async with asyncio.timeout(seconds) as self._guard:
                yield
        finally:
            self._guard = None

    def moved(self, size: int) -> None:
        """Note that bytes leave: the head, or so much of the body."""
        self.begun = True
        self.left -= size
        if self._guard is None or self._guard.expired():
            return
        seconds = self.stall_seconds
        if seconds is not None and self.left <= 0:
            seconds = None if self.answer_seconds is None else seconds + self.answer_seconds
        self._guard.reschedule(None if seconds is None else asyncio.get_running_loop().time() + seconds)


def followed() -> aiohttp.TraceConfig:
    """Tells each request's :class:`RequestProgress`, where it names one, what has left."""

    async def on_sent(_session: aiohttp.ClientSession, context: SimpleNamespace, sent: object) -> None:
        if isinstance(context.trace_request_ctx, RequestProgress):
            chunk = sent.chunk if isinstance(sent, aiohttp.TraceRequestChunkSentParams) else b""
            context.trace_request_ctx.moved(len(chunk))

    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(on_sent)
    config.on_request_chunk_sent.append(on_sent)
    return config

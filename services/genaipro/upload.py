"""The sending of the paid POST: its form, streamed from disk, its own connection, and what is known of its way.

aiohttp reads the files of a form in its thread pool, 256 KiB at a time (``aiohttp/payload.py``, ``IOBasePayload``),
so neither the event loop nor memory feels their size.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import ExitStack, asynccontextmanager
from io import FileIO
from types import SimpleNamespace
from typing import TYPE_CHECKING

import aiohttp

from services.photos.model import PhotoFile

if TYPE_CHECKING:
    from _socket import _Address

    from _typeshed import ReadableBuffer

CONNECT_SECONDS = 30.0
"""Seconds that name resolution, connection and TLS handshake may take together."""

FormFile = tuple[str, PhotoFile]
"""An image and the name of its part of a form."""

MOST_DEFERRALS = 1000
"""How often a failed write is put off while an answer waits to be read; bounds the work on an answer nobody reads."""


def _open_all(photos: Sequence[PhotoFile]) -> tuple[ExitStack, list[FileIO]]:
    with ExitStack() as stack:
        # Without a buffer, which would stay for as long as the stream: aiohttp reads large pieces anyway.
        files: list[FileIO] = [stack.enter_context(photo.path.open("rb", buffering=0)) for photo in photos]
        return stack.pop_all(), files


@asynccontextmanager
async def open_form(files: Sequence[FormFile], fields: Sequence[tuple[str, str]]) -> AsyncIterator[aiohttp.FormData]:
    """The multipart form, its files open until the context is left.

    Args:
        files: Images, each with the name of its part.
        fields: Names and texts; lone surrogates, which UTF-8 cannot hold, become ``?``.

    Raises:
        OSError: A photo cannot be opened.
    """
    stack, opened = await asyncio.to_thread(_open_all, [photo for _, photo in files])
    with stack:
        form = aiohttp.FormData(default_to_multipart=True)
        for (name, photo), file in zip(files, opened, strict=True):
            form.add_field(name, file, filename=photo.filename, content_type=photo.content_type)
        for name, text in fields:
            form.add_field(name, text.encode("utf-8", "replace").decode("utf-8"))
        yield form


class AnswerFirstSocket(socket.socket):
    """A socket that lets what the other side said be read before a failed write closes it.

    A service that refuses a request before it has read the body answers and closes; the next write then fails, and
    asyncio drops the connection with the answer still unread (``asyncio/selector_events.py``, ``write``). Here such
    a write says "try later" as long as there is something to read; the loop reads before it writes.
    """

    _deferrals = 0

    def send(self, data: "ReadableBuffer", flags: int = 0, /) -> int:
        """Sends, as ``socket.socket.send`` does.

        Raises:
            BlockingIOError: Not now; also when the connection is broken, but has an answer to be read.
            OSError: The connection is broken.
        """
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


class RequestProgress:
    """What is known of a request under way.

    Attributes:
        begun: Whether any byte of it may have left. While False, the service provably has not seen it.
    """

    def __init__(self) -> None:
        self.begun = False
        self._guard: asyncio.Timeout | None = None
        self._idle = 0.0

    @asynccontextmanager
    async def watched(self, idle: float) -> AsyncIterator[None]:
        """A time limit on standing still; every part of the body that is handed over starts it anew.

        aiohttp's own read timeout starts only when the whole body is written, so without this a service that stops
        reading would hold the request forever.

        Args:
            idle: Seconds.

        Raises:
            TimeoutError: Nothing moved for so long.
        """
        self._idle = idle
        try:
            async with asyncio.timeout(idle) as self._guard:
                yield
        finally:
            self._guard = None

    def on_headers(self) -> None:
        """Note that bytes may leave from now on."""
        self.begun = True
        self._moved()

    def on_chunk(self) -> None:
        """Note that the body goes on."""
        self._moved()

    def _moved(self) -> None:
        if self._guard is not None and not self._guard.expired():
            self._guard.reschedule(asyncio.get_running_loop().time() + self._idle)


def paid_session() -> aiohttp.ClientSession:
    """A session for paid requests, each on a connection of its own, which is new and is closed with it.

    A pooled connection may have died unnoticed; a POST that fails on it could not be told from one that was
    accepted. A new connection that fails before the first byte proves that it was not.

    A request that is made over it names its :class:`RequestProgress` as ``trace_request_ctx``.
    """
    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(_on_headers)
    config.on_request_chunk_sent.append(_on_chunk)
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(
            force_close=True, limit=0, socket_factory=lambda address: AnswerFirstSocket(*address[:3])
        ),
        cookie_jar=aiohttp.DummyCookieJar(),
        trace_configs=[config],
    )


async def _on_headers(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _sent: aiohttp.TraceRequestHeadersSentParams
) -> None:
    _sending(context).on_headers()


async def _on_chunk(
    _session: aiohttp.ClientSession, context: SimpleNamespace, _sent: aiohttp.TraceRequestChunkSentParams
) -> None:
    _sending(context).on_chunk()


def _sending(context: SimpleNamespace) -> RequestProgress:
    sending = context.trace_request_ctx
    assert isinstance(sending, RequestProgress)
    return sending

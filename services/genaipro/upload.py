"""The sending of the paid POST: its form, streamed from disk, and its own connection.

aiohttp reads the files of a form in its thread pool, 256 KiB at a time (``aiohttp/payload.py``, ``IOBasePayload``),
so neither the event loop nor memory feels their size.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from io import FileIO

import aiohttp

from services.outgoing import answer_first_socket, followed
from services.photos.model import PhotoFile

CONNECT_SECONDS = 30.0
"""Seconds that name resolution, connection and TLS handshake may take together."""

FormFile = tuple[str, PhotoFile]
"""An image and the name of its part of a form."""


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

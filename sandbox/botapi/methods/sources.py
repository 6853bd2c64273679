"""Where a medium comes from that the bot sends: an upload, a URL, the id of a file, a local path."""

from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import WRONG_FILE, bad_request
from sandbox.botapi.fetch import fetch
from sandbox.botapi.files import Incoming
from sandbox.botapi.model import Document, Media, Video
from sandbox.botapi.params import Call

URL_PHOTO_LIMIT = 5 * 1024 * 1024
"""Largest photo taken by URL, bytes (https://core.telegram.org/bots/api#sending-files)."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the bot says about a video."""

    width: int = 0
    height: int = 0
    duration: int = 0
    streaming: bool = False


async def take(backend: Backend, call: Call, kind: str, reference: str, facts: Facts, used: set[str]) -> Media:
    """The medium that ``reference`` means.

    Args:
        backend: The server's parts.
        call: With the uploads.
        kind: ``photo``, ``video`` or ``document``.
        reference: ``attach://…``, a URL, a file id, or ``file://…`` in local mode.
        facts: What the bot says about a video.
        used: Gets the name of the upload.

    Raises:
        ApiError: 400 or as the file's fault demands.
    """
    if reference.startswith("attach://"):
        part = reference.removeprefix("attach://")
        if part not in call.uploads:
            raise bad_request(WRONG_FILE)
        used.add(part)
        return await _make(backend, kind, call.uploads[part], facts)
    if backend.options.local_mode and reference.startswith("file://"):
        return await _make(backend, kind, await _read_local(backend, reference), facts)
    if reference.startswith(("http://", "https://")):
        limit = min(backend.options.download_limit, URL_PHOTO_LIMIT if kind == "photo" else 1 << 62)
        wait = backend.options.fetch_timeout
        got = await fetch(backend.session, reference, backend.files.scratch(), kind=kind, limit=limit, wait=wait)
        return await _make(backend, kind, got, facts)
    return _known(backend, kind, reference)


async def _read_local(backend: Backend, reference: str) -> Incoming:
    try:
        return await backend.files.receive(Path(unquote(urlsplit(reference).path)))
    except OSError:
        raise bad_request(WRONG_FILE) from None


def _known(backend: Backend, kind: str, file_id: str) -> Media:
    file = backend.files.of_kind(file_id, kind)
    return backend.files.media_of(file.file_id) or Document(file)


async def _make(backend: Backend, kind: str, incoming: Incoming, facts: Facts) -> Media:
    if incoming.size == 0:
        raise bad_request("file must be non-empty")
    limit = backend.options.photo_limit if kind == "photo" else backend.upload_limit
    if incoming.size > limit:
        raise bad_request("file is too big")
    media: Media
    if kind == "photo":
        media = await backend.files.keep_photo(incoming)
    else:
        if kind == "video" and not incoming.mime_type.startswith("video/"):
            incoming = replace(incoming, mime_type="video/mp4")
        file = await backend.files.keep(incoming, kind)
        video = Video(file, facts.width, facts.height, facts.duration, facts.streaming)
        media = video if kind == "video" else Document(file)
    backend.files.remember(media)
    return media

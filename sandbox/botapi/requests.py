"""From an HTTP request to raw parameters and files; files go to disk in small pieces, never whole into memory."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from aiohttp import BodyPartReader, MultipartReader, web

from sandbox.botapi.errors import bad_request, entity_too_large
from sandbox.botapi.files import Incoming

_PIECE = 256 * 1024
_FIELD_LIMIT = 1024 * 1024
_OVERHEAD = 1024 * 1024


@dataclass(slots=True)
class RawCall:
    """What stood in a request."""

    values: dict[str, object] = field(default_factory=dict)
    uploads: dict[str, Incoming] = field(default_factory=dict)

    def discard(self) -> None:
        """Remove the files that nobody has taken over."""
        for upload in self.uploads.values():
            upload.path.unlink(missing_ok=True)


async def read_request(request: web.Request, raw: RawCall, scratch: Callable[[], Path], limit: int) -> None:
    """Read query string and body into ``raw``.

    Args:
        request: GET or POST; a body is JSON, a form, or multipart.
        raw: Filled bit by bit, so that files can be removed after a failure too.
        scratch: Gives a fresh path for each file.
        limit: Largest upload, bytes.

    Raises:
        ApiError: 413 over the limit; 400 for what cannot be read.
    """
    raw.values.update(request.query)
    if request.content_length is not None and request.content_length > limit + _OVERHEAD:
        raise entity_too_large()
    if request.content_type == "application/json":
        raw.values.update(await _read_json(request))
    elif request.content_type == "application/x-www-form-urlencoded":
        form = await request.post()
        raw.values.update({name: value for name, value in form.items() if isinstance(value, str)})
    elif request.content_type == "multipart/form-data":
        await _read_multipart(await request.multipart(), raw, scratch, limit)
    elif request.can_read_body:
        raise bad_request("unsupported content type of the request")


async def _read_json(request: web.Request) -> dict[str, object]:
    text = await request.text()
    if not text.strip():
        return {}
    try:
        body = json.loads(text)
    except ValueError:
        raise bad_request("can't parse JSON object") from None
    if not isinstance(body, dict):
        raise bad_request("JSON object expected")
    return body


async def _read_multipart(reader: MultipartReader, raw: RawCall, scratch: Callable[[], Path], limit: int) -> None:
    left = limit
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader) or not part.name:
            raise bad_request("can't parse multipart body")
        if part.filename is None:
            raw.values[part.name] = await _read_field(part)
        else:
            path = scratch()
            name, mime = part.filename, part.headers.get("Content-Type", "")
            raw.uploads[part.name] = Incoming(path, 0, name, mime)
            size = await _save(part, path, left)
            raw.uploads[part.name] = Incoming(path, size, name, mime)
            left -= size


async def _read_field(part: BodyPartReader) -> str:
    data = bytearray()
    while piece := await part.read_chunk():
        data += piece
        if len(data) > _FIELD_LIMIT:
            raise entity_too_large()
    return data.decode()


async def _save(part: BodyPartReader, path: Path, limit: int) -> int:
    size = 0
    file = await asyncio.to_thread(path.open, "wb")
    try:
        while piece := await part.read_chunk(_PIECE):
            size += len(piece)
            if size > limit:
                raise entity_too_large()
            await write_piece(file, piece)
    finally:
        await asyncio.to_thread(file.close)
    return size


async def write_piece(file: BinaryIO, piece: bytes) -> None:
    """Write without holding up the event loop."""
    await asyncio.to_thread(file.write, piece)

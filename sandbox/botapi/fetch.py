"""Files that the bot sends as a URL: Telegram fetches them itself (https://core.telegram.org/bots/api#sending-files)."""

import asyncio
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

import aiohttp

from sandbox.botapi.errors import bad_request
from sandbox.botapi.files import Incoming
from sandbox.botapi.requests import write_piece

FETCH_FAILED = "failed to get HTTP URL content"
WRONG_CONTENT = "wrong type of the web page content"
_PIECE = 256 * 1024
_GENERIC = {"application/octet-stream", "binary/octet-stream", ""}


async def fetch(
    session: aiohttp.ClientSession, url: str, path: Path, *, kind: str, limit: int, wait: float
) -> Incoming:
    """Download ``url`` to ``path``.

    Args:
        session: The server's session.
        url: http or https.
        path: Where the bytes go; removed when the download fails.
        kind: ``photo``, ``video`` or ``document``; what comes must be of that kind.
        limit: Largest file, bytes.
        wait: Seconds for the whole download.

    Raises:
        ApiError: 400, as Telegram words it.
    """
    got = None
    try:
        got = await _fetch(session, url, path, kind, limit, wait)
    except (aiohttp.ClientError, TimeoutError, ValueError):
        raise bad_request(FETCH_FAILED) from None
    finally:
        if got is None:
            await asyncio.to_thread(path.unlink, missing_ok=True)
    return got


async def _fetch(session: aiohttp.ClientSession, url: str, path: Path, kind: str, limit: int, wait: float) -> Incoming:
    timeout = aiohttp.ClientTimeout(total=wait)
    async with session.get(url, timeout=timeout) as response:
        if response.status != 200 or (response.content_length or 0) > limit:
            raise bad_request(FETCH_FAILED)
        mime = response.content_type
        if mime.startswith("text/html") or (kind == "video" and not mime.startswith("video/") and mime not in _GENERIC):
            raise bad_request(WRONG_CONTENT)
        size = 0
        file = await asyncio.to_thread(path.open, "wb")
        try:
            async for piece in response.content.iter_chunked(_PIECE):
                size += len(piece)
                if size > limit:
                    raise bad_request(FETCH_FAILED)
                await write_piece(file, piece)
        finally:
            await asyncio.to_thread(file.close)
        name = unquote(PurePosixPath(response.url.path).name)
    if not size:
        raise bad_request(FETCH_FAILED)
    return Incoming(path, size, name, "" if mime in _GENERIC else mime)

"""Fetches videos into files: bounded memory, bounded size, bounded time, and only from where it may."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import aiohttp
from yarl import URL

from services.delivery.address import GuardedResolver, GuardedSession, is_refused, parse
from services.delivery.errors import (
    AddressRefusedError,
    VideoError,
    VideoGoneError,
    VideoTooLargeError,
    VideoUnavailableError,
)
from services.retries import TryAgainError, retry_after, retrying
from services.streams import StreamTooLongError, in_thread, pour

MAX_REDIRECTS = 5
CHUNK_BYTES = 256 * 1024

_REDIRECTS = {301, 302, 303, 307, 308}
_TRANSIENT = {408, 416, 425, 429}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A video on disk.

    Attributes:
        path: The file.
        size: Bytes.
        needed_key: Whether the API's key had to be shown: then nobody else can fetch it.
        public: Whether others can reach its address, redirects included.
    """

    path: Path
    size: int
    needed_key: bool
    public: bool


@dataclass(slots=True)
class _Download:
    """How far a download has come, over its attempts."""

    url: URL
    target: Path
    validator: str = ""
    written: int = 0
    needed_key: bool = False
    public: bool = True


class VideoFetcher:
    """Fetches videos.

    Args:
        session: From ``guarded_session``, with the same resolver.
        resolver: Knows the rules.
        api_key: Shown only to the API's own host, and only after it asked.
        max_bytes: A larger video is not fetched.
        attempts: How often a download is tried; it goes on where it broke off if the server can.
        total_timeout: Seconds for one video, waits included.
        sleep: How to wait between attempts.
    """

    def __init__(
        self,
        session: GuardedSession,
        resolver: GuardedResolver,
        api_key: str,
        max_bytes: int,
        *,
        attempts: int = 5,
        total_timeout: float = 900.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._session = session
        self._resolver = resolver
        self._policy = resolver.policy
        self._api_key = api_key
        self._max_bytes = max_bytes
        self._attempts = attempts
        self._total_timeout = total_timeout
        self._sleep = sleep

    async def fetch(self, url: str, target: Path) -> FetchedFile:
        """Fetches one video.

        Args:
            url: Its address.
            target: The file to write; removed when this raises.

        Returns:
            The file.

        Raises:
            AddressRefusedError: The address, or one it redirects to, may not be fetched.
            VideoGoneError: 404 or 410.
            VideoTooLargeError: It is larger than ``max_bytes``.
            VideoUnavailableError: Anything else, after all attempts.
        """
        done = False
        try:
            download = _Download(parse(url), target)
            async with asyncio.timeout(self._total_timeout):
                await retrying(self._attempts, self._sleep)(self._attempt, download)
            done = True
            return FetchedFile(target, download.written, download.needed_key, download.public)
        except TryAgainError as error:
            raise VideoUnavailableError(error.status) from None
        except TimeoutError:
            raise VideoUnavailableError from None
        finally:
            if not done:
                await in_thread(target.unlink, None, missing_ok=True)

    async def _attempt(self, download: _Download) -> None:
        try:
            async with await self._follow(download) as response:
                await self._receive(response, download)
        except VideoError:
            raise
        except StreamTooLongError:
            raise VideoTooLargeError from None
        except aiohttp.InvalidURL:
            raise AddressRefusedError("not an address") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            # These errors quote the address: none of them may be chained.
            if is_refused(error):
                raise AddressRefusedError("not a public address") from None
            raise TryAgainError from None

    async def _follow(self, download: _Download) -> aiohttp.ClientResponse:
        """Asks for the video, from redirect to redirect, each checked before it is asked."""
        url = download.url
        download.public, download.needed_key = True, False
        for _ in range(MAX_REDIRECTS + 1):
            self._policy.check(url)
            if self._policy.trusts(url.raw_host or "") and not await self._resolver.is_public(url):
                download.public = False
            response = await self._ask(url, download, None)
            if response.status in (401, 403) and self._policy.lends_key(url):
                response.close()
                download.needed_key = True
                response = await self._ask(url.with_user(None), download, self._api_key)
            location = response.headers.get("Location", "")
            if response.status not in _REDIRECTS or not location:
                return response
            response.close()
            url = parse(location, url)
        raise VideoUnavailableError(response.status)

    async def _ask(self, url: URL, download: _Download, key: str | None) -> aiohttp.ClientResponse:
        headers = {"Accept-Encoding": "identity"}
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        if download.validator and download.written:
            headers["Range"] = f"bytes={download.written}-"
            headers["If-Range"] = download.validator
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
        return await self._session.get(url, headers=headers, allow_redirects=False, timeout=timeout)

    async def _receive(self, response: aiohttp.ClientResponse, download: _Download) -> None:
        if response.status == 416:
            download.validator = ""
        _raise_for(response)
        start = _start(response)
        if start != download.written:
            if start:
                download.validator = ""
                raise TryAgainError(response.status)
            download.written = 0
        if not start:
            download.validator = _validator(response)
        if response.content_length is not None and start + response.content_length > self._max_bytes:
            raise VideoTooLargeError(start + response.content_length)
        file = await in_thread(download.target.open, None, "ab" if start else "wb")
        try:
            await pour(response.content, file, self._max_bytes, start, CHUNK_BYTES)
        finally:
            download.written = await in_thread(_close, None, file, download.target)


def _close(file: BinaryIO, target: Path) -> int:
    """Close a file; returns how many bytes it has."""
    file.close()
    return target.stat().st_size


def _raise_for(response: aiohttp.ClientResponse) -> None:
    status = response.status
    if status in (404, 410):
        raise VideoGoneError
    if status in _TRANSIENT or status >= 500:
        raise TryAgainError(status, retry_after(response.headers.get("Retry-After")))
    if status not in (200, 206):
        raise VideoUnavailableError(status)


def _start(response: aiohttp.ClientResponse) -> int:
    """Where in the file this answer begins (source: RFC 9110, 14.4); -1 for a part that does not say."""
    if response.status != 206:
        return 0
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    return int(match[1]) if match else -1


def _validator(response: aiohttp.ClientResponse) -> str:
    """What ``If-Range`` may name: a strong ETag (source: RFC 9110, 13.1.5), of a body that is not compressed."""
    tag = response.headers.get("ETag", "")
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return ""
    return tag if tag.startswith('"') else ""

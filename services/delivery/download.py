"""Fetches videos into files: whole or not at all, in bounded memory, size and time, and only from where it may."""

import asyncio
import codecs
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp
from yarl import URL

from services.clock import Sleep
from services.delivery.address import GuardedResolver, GuardedSession, is_refused, parse
from services.delivery.errors import VideoError, VideoProblem
from services.delivery.length import least_length
from services.http_requests import StreamTooLongError, pour
from services.retries import TryAgainError, retry_after
from services.tasks import in_thread
from services.telemetry import BYTES, Service

MAX_REDIRECTS = 5

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0

LATE_SECONDS = 3.0
"""After how long the person is told that the file is not there yet."""

OVERLAP_BYTES = 512
"""What a piece repeats of the one before it, where the server names nothing that tells one file from another."""

_REDIRECTS = {301, 302, 303, 307, 308}
_CONTENT_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass(frozen=True, slots=True)
class FetchedFile:
    """A video on disk."""

    size: int
    """Bytes."""
    public: bool
    """Whether others can fetch it as well: they reach its address, and it came whole at once and without the key."""


@dataclass(slots=True)
class _Download:
    """How far a download has come, over its attempts."""

    url: URL
    target: Path
    written: int = 0
    """Bytes in the file."""
    most: int = 0
    """The most that it ever held."""
    asked: int = 0
    """From which byte on the answer under way was asked for."""
    total: int | None = None
    """Bytes of the whole, by the server's word; None when it gave none."""
    validator: str = ""
    """What tells this file from a later one at the same address, or empty."""
    shorts: int = 0
    """Answers without such a word that ended before the file did."""
    public: bool = True
    """Whether others can reach the address, redirects included, and get the file at once and without the key."""

    def begin_again(self) -> None:
        """Forget what came: it may not belong together with what comes."""
        self.written, self.total, self.validator = 0, None, ""

    def refuse_pieces(self) -> None:
        """The same, and ask for the whole next: the piece that came was not the one that was asked for."""
        self.begin_again()
        self.shorts = 0

    def headers(self) -> dict[str, str]:
        """Ask for what is missing: with the server's own proof that it belongs together, or with a piece twice."""
        self.asked = 0
        if self.written and self.validator:
            self.asked = self.written
            return {"Range": f"bytes={self.asked}-", "If-Range": self.validator}
        if self.written > OVERLAP_BYTES and self.shorts > 1:
            self.asked = self.written - OVERLAP_BYTES
            return {"Range": f"bytes={self.asked}-"}
        return {}


@dataclass(slots=True)
class VideoFetcher:
    """Fetches videos."""

    session: GuardedSession
    """From ``guarded_session``, with the same resolver."""
    resolver: GuardedResolver
    api_key: str = field(repr=False)
    """Shown only to the API's own host, and only after it asked."""
    max_bytes: int
    total_timeout: float = 1800.0
    """Seconds for one video, waits included."""
    sleep: Sleep = asyncio.sleep

    async def fetch(self, url: str, target: Path, patience: float, late: Callable[[], None]) -> FetchedFile:
        """Fetches one video, whole, into a file, which is removed when this raises.

        Args:
            patience: Seconds of waiting, in growing pauses, for a file that is not there or does not go on.
            late: Called each time before it waits for long.

        Raises:
            VideoError: Larger than ``max_bytes``, at an address that may not be asked, or not there in all that time.
        """
        done = False
        try:
            download = _Download(parse(url), target)
            async with asyncio.timeout(self.total_timeout):
                await self._persist(download, patience, late)
            done = True
            BYTES.labels(Service.FILES, "in").inc(download.written)
            return FetchedFile(download.written, download.public)
        except TryAgainError as error:
            is_gone = error.status in {404, 410}
            raise VideoError(VideoProblem.GONE if is_gone else VideoProblem.UNAVAILABLE) from None
        except TimeoutError:
            raise VideoError(VideoProblem.UNAVAILABLE) from None
        finally:
            if not done:
                await in_thread(target.unlink, None, missing_ok=True)

    async def _persist(self, download: _Download, patience: float, late: Callable[[], None]) -> None:
        """Ask until the file is whole, or nothing more of it has come for as long as ``patience``."""
        waited, pause = 0.0, FIRST_PAUSE_SECONDS
        while True:
            try:
                return await self._attempt(download)
            except TryAgainError as error:
                fault, download.public = error, False
            if download.written > download.most:
                download.most, waited, pause = download.written, 0.0, FIRST_PAUSE_SECONDS
                if download.asked:
                    continue
            if waited >= patience:
                raise fault
            seconds = min(LONGEST_PAUSE_SECONDS, max(pause, fault.after), patience - waited)
            if waited + seconds > LATE_SECONDS:
                late()
            await self.sleep(seconds)
            waited, pause = waited + seconds, pause * 2

    async def _attempt(self, download: _Download) -> None:
        """Ask once; the file is whole then."""
        try:
            async with await self._follow(download) as response:
                await self._receive(response, download)
            await self._check_whole(download)
        except StreamTooLongError:
            raise VideoError(VideoProblem.TOO_LARGE) from None
        except aiohttp.InvalidURL:
            raise VideoError(VideoProblem.REFUSED_ADDRESS) from None
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as error:
            # These errors quote the address: none of them may be chained.
            if is_refused(error):
                raise VideoError(VideoProblem.REFUSED_ADDRESS) from None
            download.shorts += 1
            raise TryAgainError from None

    async def _follow(self, download: _Download) -> aiohttp.ClientResponse:
        """Asks for the video, from redirect to redirect, each checked before it is asked."""
        url = download.url
        policy = self.resolver.policy
        for _ in range(MAX_REDIRECTS + 1):
            policy.check(url)
            if policy.trusts(url.raw_host or "") and not await self.resolver.is_public(url):
                download.public = False
            response = await self._ask(url, download, None)
            if response.status in (401, 403) and policy.lends_key(url):
                response.close()
                download.public = False
                response = await self._ask(url.with_user(None), download, self.api_key)
            location = response.headers.get("Location", "")
            if response.status not in _REDIRECTS or not location:
                return response
            response.close()
            url = parse(location, url)
        raise VideoError(VideoProblem.UNAVAILABLE)

    async def _ask(self, url: URL, download: _Download, key: str | None) -> aiohttp.ClientResponse:
        headers = {"Accept-Encoding": "identity"} | download.headers()
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=15, sock_read=60)
        return await self.session.get(url, headers=headers, allow_redirects=False, timeout=timeout)

    async def _receive(self, response: aiohttp.ClientResponse, download: _Download) -> None:
        """Write what comes; a piece only where it belongs to what is there."""
        status = response.status
        if status not in (200, 206):
            if status == 416:
                download.refuse_pieces()
            raise TryAgainError(status, retry_after(response.headers.get("Retry-After")))
        start, total = _extent(response)
        if start and not await self._belongs(response, download, start, total):
            download.refuse_pieces()
            raise TryAgainError(status)
        if total is not None and total > self.max_bytes:
            raise VideoError(VideoProblem.TOO_LARGE, total)
        if not start:
            download.begin_again()
            download.validator = _validator(response)
        download.total = total if total is not None else download.total
        try:
            download.written = await pour(response.content, download.target, self.max_bytes, download.written)
        except Exception:
            download.written = (await in_thread(download.target.stat, None)).st_size
            raise

    @staticmethod
    async def _belongs(response: aiohttp.ClientResponse, download: _Download, start: int, total: int | None) -> bool:
        """Whether a piece belongs to what is there: it begins where it was asked to, and repeats what it should."""
        if start != download.asked or (total is not None and download.total not in {None, total}):
            return False
        repeated = download.written - start
        there = await in_thread(_read, None, download.target, start) if repeated else b""
        return await response.content.readexactly(repeated) == there

    @staticmethod
    async def _check_whole(download: _Download) -> None:
        """The file must be what the server, and the file itself, promise; else it is fetched on, or from its start."""
        total, written = download.total, download.written
        is_text, least = await in_thread(_look, None, download.target, written)
        if written < (least if total is None else total):
            download.shorts += 1
        elif is_text or written < least or (total is not None and written > total):
            download.begin_again()
        else:
            return
        raise TryAgainError


def _read(path: Path, start: int) -> bytes:
    with path.open("rb") as file:
        file.seek(start)
        return file.read()


def _look(path: Path, size: int) -> tuple[bool, int]:
    """Whether a file is a text (or empty) and no film, and how many bytes it has at least if it is whole."""
    with path.open("rb") as file:
        return _is_text(file.read(512)), least_length(file, size)


def _is_text(head: bytes) -> bool:
    """Whether these first bytes are of a page or a message, such as a host gives in place of a file."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(character.isprintable() or character.isspace() or character == "\ufeff" for character in text)


def _extent(response: aiohttp.ClientResponse) -> tuple[int, int | None]:
    """Where in the file this answer begins, -1 for a part that does not say, and how long the whole is.

    Source: RFC 9110, 8.6 and 14.4.
    """
    if response.status == 206:
        match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        return (int(match[1]), None if match[2] == "*" else int(match[2])) if match else (-1, None)
    plain = response.headers.get("Content-Encoding", "identity") == "identity"
    return 0, response.content_length if plain else None


def _validator(response: aiohttp.ClientResponse) -> str:
    """What ``If-Range`` may name, of a body that is not compressed (source: RFC 9110, 8.8.2.2 and 13.1.5).

    A strong ETag; or a time of the last change that lies so far back that there was none within the same second.
    """
    if response.headers.get("Content-Encoding", "identity") != "identity":
        return ""
    tag = response.headers.get("ETag", "")
    if tag.startswith('"'):
        return tag
    changed = response.headers.get("Last-Modified", "")
    with suppress(ValueError, TypeError):
        age = parsedate_to_datetime(response.headers.get("Date", "")) - parsedate_to_datetime(changed)
        return changed if age.total_seconds() >= 60 and not tag else ""
    return ""

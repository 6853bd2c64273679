"""Gets photos from Telegram into files, in bounded memory and without ever letting a file's address out."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import aiohttp
from telegram.constants import FileSizeLimit
from yarl import URL

from services.photos.kinds import EXTENSIONS, ImageType, sniff_file
from services.photos.model import PhotoError, PhotoFile, PhotoKind, PhotoProblem, PhotoRef
from services.photos.workers import PhotoWorkers
from services.retries import TryAgainError, retry_after, retrying
from services.streams import StreamTooLongError, in_thread, pour

MAX_PHOTO_BYTES = int(FileSizeLimit.FILESIZE_DOWNLOAD)
"""Telegram lets a bot download 20 MB (source: the Bot API page, ``getFile``)."""


@dataclass(frozen=True, slots=True)
class TelegramFile:
    """Where a file can be got.

    Attributes:
        location: An address, which holds the bot's token and must never be shown or logged; or, from a Bot API server
            in local mode, a path.
        size: Bytes, or None when Telegram does not say.
    """

    location: str | Path = field(repr=False)
    size: int | None = None


class TelegramFiles(Protocol):
    """Telegram's ``getFile``."""

    async def file_url(self, file_id: str) -> TelegramFile:
        """Asks where a file can be got.

        Raises:
            PhotoError: ``GONE`` or ``TOO_LARGE``.
            TryAgainError: It did not work this time.
        """
        ...


class PhotoFetcher:
    """Fetches photos.

    Args:
        files: Telegram's ``getFile``.
        session: For the downloads.
        workers: For documents, which are normalised.
        max_bytes: A larger file is refused.
        attempts: How often a download is tried.
        total_timeout: Seconds for one download.
        sleep: How to wait between attempts.
    """

    def __init__(
        self,
        files: TelegramFiles,
        session: aiohttp.ClientSession,
        workers: PhotoWorkers,
        *,
        max_bytes: int = MAX_PHOTO_BYTES,
        attempts: int = 5,
        total_timeout: float = 120.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._files = files
        self._session = session
        self._workers = workers
        self._max_bytes = max_bytes
        self._attempts = attempts
        self._total_timeout = total_timeout
        self._sleep = sleep

    async def fetch(self, ref: PhotoRef, directory: Path, position: int) -> PhotoFile:
        """Fetches one photo: a photo as Telegram compressed it, byte for byte; a document upright and without EXIF.

        Args:
            ref: The photo.
            directory: An existing directory; the caller removes it with what is in it.
            position: 1, 2 or 3; names the file (``photo-1.jpg``).

        Returns:
            The file, ready to be sent on.

        Raises:
            PhotoError: ``GONE`` (also when Telegram cannot be reached for long), ``TOO_LARGE``, and for documents
                what ``normalise`` raises.
        """
        if ref.size is not None and ref.size > self._max_bytes:
            raise PhotoError(PhotoProblem.TOO_LARGE)
        stem = f"photo-{position}"
        raw = directory / f"{stem}.part"
        is_renamed = False
        try:
            await self._download(ref.file_id, raw)
            if ref.kind is PhotoKind.DOCUMENT:
                return await self._workers.normalise(raw, directory, stem)
            photo = await in_thread(_name_by_content, None, raw, stem)
            is_renamed = True
            return photo
        finally:
            if not is_renamed:
                await in_thread(raw.unlink, None, missing_ok=True)

    async def _download(self, file_id: str, target: Path) -> None:
        try:
            await retrying(self._attempts, self._sleep)(self._attempt, file_id, target)
        except TryAgainError:
            raise PhotoError(PhotoProblem.GONE) from None

    async def _attempt(self, file_id: str, target: Path) -> None:
        found = await self._files.file_url(file_id)
        if found.size is not None and found.size > self._max_bytes:
            raise PhotoError(PhotoProblem.TOO_LARGE)
        if isinstance(found.location, Path):
            await in_thread(_copy, None, found.location, target, self._max_bytes)
            return
        try:
            async with asyncio.timeout(self._total_timeout):
                await self._stream(URL(found.location), target)
        except StreamTooLongError:
            raise PhotoError(PhotoProblem.TOO_LARGE) from None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            # These errors quote the address, and with it the token: none of them may be chained.
            raise TryAgainError from None

    async def _stream(self, url: URL, target: Path) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)
        async with self._session.get(url, allow_redirects=False, timeout=timeout) as response:
            if response.status == 429 or response.status >= 500:
                raise TryAgainError(response.status, retry_after(response.headers.get("Retry-After")))
            if response.status != 200:
                raise PhotoError(PhotoProblem.GONE)
            if response.content_length is not None and response.content_length > self._max_bytes:
                raise StreamTooLongError
            file = await in_thread(target.open, None, "wb")
            try:
                await pour(response.content, file, self._max_bytes)
            finally:
                await in_thread(file.close, None)


def _copy(source: Path, target: Path, limit: int) -> None:
    try:
        if source.stat().st_size > limit:
            raise PhotoError(PhotoProblem.TOO_LARGE)
        shutil.copyfile(source, target)
    except OSError as error:
        if error.filename != str(source):
            raise
        raise PhotoError(PhotoProblem.GONE) from None


def _name_by_content(raw: Path, stem: str) -> PhotoFile:
    kind = sniff_file(raw)
    if kind not in (ImageType.PNG, ImageType.WEBP):
        kind = ImageType.JPEG
    path = raw.rename(raw.with_name(f"{stem}{EXTENSIONS[kind]}"))
    return PhotoFile.of(path, kind.value)

"""Gets photos from Telegram into files, in bounded memory and without ever letting a file's address out."""

import asyncio
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from telegram import Bot, File
from telegram.constants import FileSizeLimit
from telegram.error import BadRequest, Forbidden, InvalidToken, NetworkError, RetryAfter
from yarl import URL

from services.clock import Sleep
from services.http_requests import StreamTooLongError, pour
from services.photos.model import HEAD_BYTES, ImageType, PhotoError, PhotoFile, PhotoKind, PhotoProblem, PhotoRef
from services.photos.workers import PhotoWorkers
from services.retries import TryAgainError, retry_after, retrying
from services.tasks import in_thread
from services.telegram_errors import wait_of
from services.telemetry import BYTES, Service
from services.temp_dirs import TempDirs

MAX_PHOTO_BYTES = int(FileSizeLimit.FILESIZE_DOWNLOAD)
"""Telegram lets a bot download 20 MB (source: the Bot API page, ``getFile``)."""

ATTEMPTS = 5
"""How often a download is tried, ``getFile`` included; the pauses come to some 10 seconds at most."""

DOWNLOAD_TIMEOUT = 120.0
"""Seconds for one download."""


@dataclass(slots=True)
class PhotoFetcher:
    """Fetches photos, and looks at documents before a draft takes them."""

    bot: Bot
    session: aiohttp.ClientSession
    workers: PhotoWorkers
    temp_dirs: TempDirs
    sleep: Sleep
    max_bytes: int = MAX_PHOTO_BYTES
    local_mode: bool = False
    """Whether the Bot API server runs in local mode and may answer with a path on this machine."""

    async def inspect(self, photo: PhotoRef) -> PhotoProblem | None:
        """Fetch and normalise a photo as its generation will; what is wrong with it, or None when it can be used."""
        async with self.temp_dirs.folder("inspection", secrets.token_hex(8)) as folder:
            try:
                await self.fetch(photo, folder, 1)
            except PhotoError as error:
                return error.problem
        return None

    async def fetch(self, ref: PhotoRef, directory: Path, position: int) -> PhotoFile:
        """Fetch one photo: a photo as Telegram compressed it, byte for byte; a document upright and without EXIF.

        The position, 1, 2 or 3, names the file (``photo-1.jpg``); the caller removes the directory with what is in it.

        Raises:
            PhotoError: ``GONE`` (also when Telegram cannot be reached for long), ``TOO_LARGE``, and for documents what
                ``normalise`` raises.
        """
        if ref.size is not None and ref.size > self.max_bytes:
            raise PhotoError(PhotoProblem.TOO_LARGE)
        raw = directory / f"photo-{position}.part"
        is_renamed = False
        try:
            await retrying(ATTEMPTS, self.sleep)(self._attempt, ref.file_id, raw)
            if ref.kind is PhotoKind.DOCUMENT:
                photo = await self.workers.normalise(raw, raw.with_suffix(""))
            else:
                photo = await in_thread(_name_by_content, None, raw)
                is_renamed = True
            BYTES.labels(Service.TELEGRAM, "in").inc(photo.size)
            return photo
        except TryAgainError:
            raise PhotoError(PhotoProblem.GONE) from None
        finally:
            if not is_renamed:
                await in_thread(raw.unlink, None, missing_ok=True)

    async def _attempt(self, file_id: str, target: Path) -> None:
        file = await self._ask(file_id)
        if not file.file_path:
            raise PhotoError(PhotoProblem.GONE)
        if file.file_size is not None and file.file_size > self.max_bytes:
            raise PhotoError(PhotoProblem.TOO_LARGE)
        location = self._location(file.file_path)
        if isinstance(location, Path):
            await in_thread(_copy, None, location, target, self.max_bytes)
            return
        try:
            async with asyncio.timeout(DOWNLOAD_TIMEOUT):
                await self._stream(URL(location), target, file.file_size)
        except StreamTooLongError:
            raise PhotoError(PhotoProblem.TOO_LARGE) from None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            # These errors quote the address, and with it the token: none of them may be chained.
            raise TryAgainError from None

    async def _ask(self, file_id: str) -> File:
        try:
            return await self.bot.get_file(file_id)
        except RetryAfter as error:
            raise TryAgainError(429, wait_of(error)) from None
        except BadRequest as error:
            # BadRequest is a NetworkError to the library; texts come with a capital or without (Bot API, getFile).
            text = error.message.lower()
            if "temporarily unavailable" in text:
                # "wrong file_id or the file is temporarily unavailable": the server's word for its own failures, too.
                raise TryAgainError(after=0.5) from None
            raise PhotoError(PhotoProblem.TOO_LARGE if "too big" in text else PhotoProblem.GONE) from None
        except (Forbidden, InvalidToken):
            raise PhotoError(PhotoProblem.GONE) from None
        except NetworkError:
            raise TryAgainError from None

    def _location(self, file_path: str) -> str | Path:
        """An address, which holds the bot's token and must never be shown or logged; or a path, from a local server.

        The library leaves a path alone that exists on this machine, and makes anything else an address.
        """
        if file_path.startswith(("http://", "https://")):
            return file_path
        if self.local_mode and Path(file_path).is_absolute():
            return Path(file_path)
        return f"{self.bot.base_file_url}/{file_path}"

    async def _stream(self, url: URL, target: Path, size: int | None) -> None:
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=30)
        async with self.session.get(url, allow_redirects=False, timeout=timeout) as response:
            if response.status == 429 or response.status >= 500:
                raise TryAgainError(response.status, retry_after(response.headers.get("Retry-After")))
            if response.status != 200:
                raise PhotoError(PhotoProblem.GONE)
            if response.content_length is not None and response.content_length > self.max_bytes:
                raise StreamTooLongError
            written = await pour(response.content, target, self.max_bytes)
            if response.content_length is None and size is not None and written < size:
                # Nothing but the size tells that an answer which names no length was cut off.
                raise TryAgainError


def _copy(source: Path, target: Path, limit: int) -> None:
    try:
        if source.stat().st_size > limit:
            raise PhotoError(PhotoProblem.TOO_LARGE)
        shutil.copyfile(source, target)
    except OSError as error:
        if error.filename != str(source):
            raise
        raise PhotoError(PhotoProblem.GONE) from None


def _name_by_content(raw: Path) -> PhotoFile:
    with raw.open("rb") as file:
        kind = ImageType.of(file.read(HEAD_BYTES))
    if kind not in (ImageType.PNG, ImageType.WEBP):
        kind = ImageType.JPEG
    path = raw.rename(raw.with_suffix(kind.extension))
    return PhotoFile.of(path, kind.value)

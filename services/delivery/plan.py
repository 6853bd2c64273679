"""From a video's address to the way that it goes to Telegram."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from telegram.constants import FileSizeLimit

from services.delivery.download import FetchedFile
from services.delivery.errors import VideoError, VideoProblem
from services.delivery.facts import VideoFacts, read_facts
from services.tasks import in_thread

URL_LIMIT = int(FileSizeLimit.FILESIZE_DOWNLOAD)
"""Bytes that Telegram fetches by address (source: the Bot API page, "Sending files": 20 MB for what is not a photo)."""

PATIENCE = (60.0, 240.0)
"""Seconds that an address is asked for again, before each look for another one."""

LAST_PATIENCE = 30.0
"""The same for an address that the last look brought."""

Fetch = Callable[[str, Path, float, Callable[[], None]], Awaitable[FetchedFile]]
"""Gets a video into a file; see :meth:`services.delivery.download.VideoFetcher.fetch`."""

Fresh = Callable[[str], Awaitable[str | None]]
"""Looks for another address of the video at this one, which is dead; None when there is none."""


class Way(StrEnum):
    """How a video reaches the chat."""

    URL = "url"
    """Telegram fetches it from its address."""
    UPLOAD = "upload"
    LINK = "link"
    """A message with the address."""


def upload_limit(*, local_mode: bool) -> int:
    """Bytes that one request can upload to a Bot API server: Telegram's own, or one in local mode."""
    return int(FileSizeLimit.FILESIZE_UPLOAD_LOCAL_MODE if local_mode else FileSizeLimit.FILESIZE_UPLOAD)


def choose(size: int, *, public: bool, limit: int) -> Way:
    """The first way to try for so many bytes: by address where that is public, else by upload, else a link."""
    if size > limit:
        return Way.LINK
    return Way.URL if public and size <= URL_LIMIT else Way.UPLOAD


def batches(uploads: Sequence[int], limit: int) -> list[range]:
    """Divides videos into messages, each of one or an album, so that none uploads more bytes than the limit.

    Args:
        uploads: For each video, in order, the bytes that it uploads: 0 when sent by address.
    """
    found: list[range] = []
    start, total = 0, 0
    for position, size in enumerate(uploads):
        if position > start and total + size > limit:
            found.append(range(start, position))
            start, total = position, 0
        total += size
    if uploads:
        found.append(range(start, len(uploads)))
    return found


@dataclass(frozen=True, slots=True)
class Prepared:
    """A video, ready to be sent."""

    index: int
    """Its number among the videos of the request, from 0."""
    url: str = field(repr=False)
    """Its address; for its requester alone."""
    way: Way
    """The way to try first."""
    path: Path | None = None
    size: int | None = None
    """Bytes of the file, or what the server said of a larger one; None when unknown."""
    facts: VideoFacts | None = None
    """What Telegram is told, or None when there is no file."""
    problem: VideoProblem | None = None
    """Why it is only a link, or None when it is more."""

    @property
    def filename(self) -> str:
        """What the file is called in the chat, after what it is."""
        return f"video-{self.index + 1}.{self.facts.suffix if self.facts else 'mp4'}"


@dataclass(frozen=True, slots=True)
class VideoPreparer:
    """Fetches videos, reads their facts, and chooses their way."""

    fetch: Fetch
    upload_limit: int
    """The most bytes that one request can upload."""

    async def prepare(self, url: str, directory: Path, index: int, late: Callable[[], None], fresh: Fresh) -> Prepared:
        """Prepares one video; what is wrong with it ends as a link with a problem, not as an exception.

        Args:
            directory: An existing directory; the caller removes it with what is in it.
            index: Its number among the videos of the request, from 0.
            late: Called when its file is not there yet.
        """
        target, given = directory / f"video-{index + 1}", url
        dead: VideoError | None = None
        for patience in (*PATIENCE, LAST_PATIENCE):
            try:
                return await self._prepare(url, target, index, patience, late)
            except VideoError as error:
                if error.problem in {VideoProblem.REFUSED_ADDRESS, VideoProblem.TOO_LARGE}:
                    # Another address that may not be asked says nothing about the one that was given.
                    return _link(index, url, error) if dead is None else _link(index, given, dead)
                dead = error
            other = await fresh(url)
            if other is not None:
                url = other
            elif patience == PATIENCE[-1]:
                break
        assert dead is not None
        return _link(index, url, dead)

    async def _prepare(self, url: str, target: Path, index: int, patience: float, late: Callable[[], None]) -> Prepared:
        fetched = await self.fetch(url, target, patience, late)
        facts = await in_thread(read_facts, None, target)
        # Telegram takes nothing but MP4 by address; and what it is uploaded as is what it is.
        way = choose(fetched.size, public=fetched.public and facts.suffix == "mp4", limit=self.upload_limit)
        problem = VideoProblem.TOO_LARGE if way is Way.LINK else None
        return Prepared(index, url, way, target, fetched.size, facts, problem)


def _link(index: int, url: str, error: VideoError) -> Prepared:
    return Prepared(index, url, Way.LINK, size=error.size, problem=error.problem)

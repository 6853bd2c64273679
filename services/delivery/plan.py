"""From a video's address to the way that it goes to Telegram, and which one after that."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from telegram.constants import FileSizeLimit

from services.delivery.download import FetchedFile
from services.delivery.errors import AddressRefusedError, NotAVideoError, VideoError, VideoGoneError, VideoTooLargeError
from services.delivery.facts import VideoFacts, read_facts
from services.tasks import in_thread

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
    """The bot uploads the file."""
    LINK = "link"
    """A message with the address."""


@dataclass(frozen=True, slots=True)
class FileLimits:
    """What Telegram takes, in bytes."""

    url: int
    """By address (source: the Bot API page, "Sending files": 20 MB for what is not a photo)."""
    upload: int
    """By upload, all files of a request together."""

    @classmethod
    def of(cls, *, local_mode: bool) -> Self:
        """The limits of Telegram's own Bot API server, or of one in local mode."""
        upload = FileSizeLimit.FILESIZE_UPLOAD_LOCAL_MODE if local_mode else FileSizeLimit.FILESIZE_UPLOAD
        return cls(int(FileSizeLimit.FILESIZE_DOWNLOAD), int(upload))


def choose(size: int | None, *, needs_key: bool, public: bool, limits: FileLimits) -> Way:
    """Chooses the first way to try.

    By address where Telegram can fetch it and it is small enough, else by upload where that fits, else a link.

    Args:
        size: Bytes, or None when unknown because the video could not be fetched.
        needs_key: Whether its address answers only to the bot's key.
        public: Whether Telegram's servers can reach its address.
        limits: What Telegram takes.
    """
    if size is None or size > limits.upload:
        return Way.LINK
    if size <= limits.url and public and not needs_key:
        return Way.URL
    return Way.UPLOAD


def after(way: Way, size: int | None, limits: FileLimits) -> Way | None:
    """The way to try after one that was refused, None after the last; without a file the size, in bytes, is None."""
    if way is Way.URL and size is not None and size <= limits.upload:
        return Way.UPLOAD
    return Way.LINK if way is not Way.LINK else None


def batches(uploads: Sequence[int], limits: FileLimits) -> list[range]:
    """Divides videos into messages, so that no request uploads more than Telegram takes at once.

    Args:
        uploads: For each video, in order, the bytes that it uploads: 0 when sent by address.
        limits: What Telegram takes.

    Returns:
        Ranges of positions, in order; each of one video or of an album.
    """
    found: list[range] = []
    start, total = 0, 0
    for position, size in enumerate(uploads):
        if position > start and total + size > limits.upload:
            found.append(range(start, position))
            start, total = position, 0
        total += size
    if uploads:
        found.append(range(start, len(uploads)))
    return found


class VideoProblem(StrEnum):
    """Why a video can be sent as a link at best."""

    TOO_LARGE = "too-large"
    """Larger than can be uploaded: the link works."""
    UNAVAILABLE = "unavailable"
    """Could not be fetched: the link may work later."""
    GONE = "gone"
    """There is nothing at its address."""
    NOT_A_VIDEO = "not-a-video"
    """What came is no video, such as an error page."""
    REFUSED_ADDRESS = "refused-address"
    """Its address may not be fetched."""

    @property
    def is_of_the_service(self) -> bool:
        """Whether it was the service's file, and nothing that Telegram could not take."""
        return self is not VideoProblem.TOO_LARGE


_PROBLEMS: dict[type[VideoError], VideoProblem] = {
    VideoTooLargeError: VideoProblem.TOO_LARGE,
    VideoGoneError: VideoProblem.GONE,
    NotAVideoError: VideoProblem.NOT_A_VIDEO,
    AddressRefusedError: VideoProblem.REFUSED_ADDRESS,
}


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

    @property
    def linkable(self) -> bool:
        """Whether the address can be shown as a link at all."""
        return self.url.lower().startswith(("http://", "https://"))


@dataclass(frozen=True, slots=True)
class VideoPreparer:
    """Fetches videos, reads their facts, and chooses their way."""

    fetch: Fetch
    limits: FileLimits

    async def prepare(self, url: str, directory: Path, index: int, late: Callable[[], None], fresh: Fresh) -> Prepared:
        """Prepares one video; what is wrong with it ends as a link with a problem, not as an exception.

        Args:
            url: Its address.
            directory: An existing directory; the caller removes it with what is in it.
            index: Its number among the videos of the request, from 0.
            late: Called when its file is not there yet.
            fresh: Looks for another address when this one is dead.
        """
        target, given = directory / f"video-{index + 1}", url
        dead: VideoError | None = None
        for patience in (*PATIENCE, LAST_PATIENCE):
            try:
                return await self._prepare(url, target, index, patience, late)
            except (AddressRefusedError, VideoTooLargeError) as error:
                # Another address that may not be asked says nothing about the one that was given.
                return _link(index, url, error) if dead is None else _link(index, given, dead)
            except VideoError as error:
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
        by_address = fetched.public and facts.suffix == "mp4"
        way = choose(fetched.size, needs_key=fetched.needed_key, public=by_address, limits=self.limits)
        problem = VideoProblem.TOO_LARGE if way is Way.LINK else None
        return Prepared(index, url, way, target, fetched.size, facts, problem)


def _link(index: int, url: str, error: VideoError) -> Prepared:
    size = error.size if isinstance(error, VideoTooLargeError) else None
    return Prepared(index, url, Way.LINK, size=size, problem=_PROBLEMS.get(type(error), VideoProblem.UNAVAILABLE))

"""From a video's address to all that is needed to send it."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from services.delivery.download import FetchedFile
from services.delivery.errors import (
    AddressRefusedError,
    NotAVideoError,
    VideoError,
    VideoGoneError,
    VideoTooLargeError,
)
from services.delivery.facts import VideoFacts, read_facts
from services.delivery.plan import Limits, Way, choose
from services.streams import in_thread


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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A video, ready to be sent.

    Attributes:
        index: Its number among the videos of the request, from 0.
        url: Its address; for its requester alone.
        way: The way to try first.
        path: The file, or None when there is none.
        size: Bytes of the file, or what the server said of a larger one; None when unknown.
        facts: What Telegram is told, or None when there is no file.
        problem: Why it is only a link, or None when it is more.
    """

    index: int
    url: str = field(repr=False)
    way: Way
    path: Path | None = None
    size: int | None = None
    facts: VideoFacts | None = None
    problem: VideoProblem | None = None

    @property
    def filename(self) -> str:
        """What the file is called in the chat, after what it is."""
        return f"video-{self.index + 1}.{self.facts.suffix if self.facts else 'mp4'}"

    @property
    def linkable(self) -> bool:
        """Whether the address can be shown as a link at all."""
        return self.url.lower().startswith(("http://", "https://"))


class Fetcher(Protocol):
    """Gets a video into a file."""

    async def fetch(self, url: str, target: Path) -> FetchedFile:
        """Fetches one video.

        Raises:
            VideoError: It could not be fetched; the file is not there then.
        """
        ...


class VideoPreparer:
    """Fetches and probes videos, and chooses their way.

    Args:
        fetcher: Fetches them (``VideoFetcher``).
        limits: What Telegram takes.
    """

    def __init__(self, fetcher: Fetcher, limits: Limits) -> None:
        self._fetcher = fetcher
        self._limits = limits

    async def prepare(self, url: str, directory: Path, index: int) -> Prepared:
        """Prepares one video; whatever is wrong with it ends as a link with a problem, not as an exception.

        Args:
            url: Its address.
            directory: An existing directory; the caller removes it with what is in it.
            index: Its number among the videos of the request, from 0.

        Returns:
            The video.
        """
        target = directory / f"video-{index + 1}.mp4"
        try:
            fetched = await self._fetcher.fetch(url, target)
            facts = await in_thread(read_facts, None, target)
        except VideoError as error:
            size = error.size if isinstance(error, VideoTooLargeError) else None
            return Prepared(index, url, Way.LINK, size=size, problem=_problem(error))
        way = choose(fetched.size, needs_key=fetched.needed_key, public=fetched.public, limits=self._limits)
        problem = VideoProblem.TOO_LARGE if way is Way.LINK else None
        return Prepared(index, url, way, target, fetched.size, facts, problem)


def _problem(error: VideoError) -> VideoProblem:
    if isinstance(error, VideoTooLargeError):
        return VideoProblem.TOO_LARGE
    if isinstance(error, VideoGoneError):
        return VideoProblem.GONE
    if isinstance(error, NotAVideoError):
        return VideoProblem.NOT_A_VIDEO
    if isinstance(error, AddressRefusedError):
        return VideoProblem.REFUSED_ADDRESS
    return VideoProblem.UNAVAILABLE

"""Which way a video goes to Telegram, and which one after that: pure decisions."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from telegram.constants import FileSizeLimit


class Way(StrEnum):
    """How a video reaches the chat."""

    URL = "url"
    """Telegram fetches it from its address."""
    UPLOAD = "upload"
    """The bot uploads the file."""
    LINK = "link"
    """A message with the address."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What Telegram takes, in bytes.

    Attributes:
        url: By address (source: the Bot API page, "Sending files": 20 MB for what is not a photo).
        upload: By upload, all files of a request together.
    """

    url: int
    upload: int

    @classmethod
    def of(cls, *, local_mode: bool) -> Self:
        """The limits of Telegram's own Bot API server, or of one in local mode."""
        upload = FileSizeLimit.FILESIZE_UPLOAD_LOCAL_MODE if local_mode else FileSizeLimit.FILESIZE_UPLOAD
        return cls(int(FileSizeLimit.FILESIZE_DOWNLOAD), int(upload))


def choose(size: int | None, *, needs_key: bool, public: bool, limits: Limits) -> Way:
    """Chooses the first way to try.

    Args:
        size: Bytes, or None when unknown because the video could not be fetched.
        needs_key: Whether its address answers only to the bot's key.
        public: Whether Telegram's servers can reach its address.
        limits: What Telegram takes.

    Returns:
        By address where Telegram can fetch it and it is small enough, else by upload where that fits, else a link.
    """
    if size is None or size > limits.upload:
        return Way.LINK
    if size <= limits.url and public and not needs_key:
        return Way.URL
    return Way.UPLOAD


def after(way: Way, size: int | None, limits: Limits) -> Way | None:
    """Chooses the way to try when Telegram refused one.

    Args:
        way: The way that it refused.
        size: Bytes of the file on disk, or None when there is no file.
        limits: What Telegram takes.

    Returns:
        The next way; None after the last.
    """
    if way is Way.URL and size is not None and size <= limits.upload:
        return Way.UPLOAD
    return Way.LINK if way is not Way.LINK else None


def batches(uploads: Sequence[int], limits: Limits) -> list[range]:
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

"""Another address for a video whose own is dead: the history is read once more, and may name a fresh one."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from yarl import URL

from services.genaipro.events import VideoResult
from services.generations.model import Generation, Video


@dataclass(frozen=True, slots=True)
class Relocator:
    """Looks for addresses.

    Attributes:
        look: Reads the history for what is this generation's there.
        videos: The videos of a generation.
    """

    look: Callable[[Generation], Awaitable[Sequence[VideoResult]]]
    videos: Callable[[str], Awaitable[Sequence[Video]]]

    async def fresh(self, generation: Generation, position: int, dead: str) -> str | None:
        """Another address of the video at this position, or None.

        Args:
            generation: Whose video.
            position: Its number among the videos, from 0.
            dead: The address that was asked in vain.
        """
        found = [url for result in await self.look(generation) for url in result.urls]
        others = [video.url for video in await self.videos(generation.id) if video.position != position and video.url]
        return another(list(dict.fromkeys(found)), position, dead, others)


def another(found: Sequence[str], position: int, dead: str, others: Sequence[str]) -> str | None:
    """Which address of those in the history is the one of a video.

    Args:
        found: All that the history names, in its order.
        position: The video's number.
        dead: Its dead address.
        others: The addresses of the other videos.

    Returns:
        The same file under another query or host; else what stands in its place, where the history names as many as
        there are videos; else the only one that is nobody's. None for its own again.
    """
    # Where one path serves all videos, only the whole address tells them apart.
    by_file = _file(dead) not in {_file(url) for url in others}
    taken = {_file(url) if by_file else url for url in others}
    free = [url for url in found if url != dead and (_file(url) if by_file else url) not in taken]
    same = [url for url in free if by_file and _file(url) == _file(dead)]
    if same:
        return same[0]
    if dead in found:
        return None
    if len(found) == len(others) + 1 and position < len(found) and found[position] in free:
        return found[position]
    return free[0] if len(free) == 1 else None


def _file(url: str) -> str:
    """What an address names, without what grants it for a time."""
    try:
        return URL(url).path
    except ValueError:
        return url

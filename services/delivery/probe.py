"""What Telegram must be told of a video: width, height and duration, read from the file."""

from pathlib import Path

from services.delivery.facts import MAX_PIXELS, VideoFacts, as_shown
from services.delivery.mp4 import UnusualError, read_track
from services.streams import in_thread

__all__ = ["VideoFacts", "probe", "read_facts"]


async def probe(path: Path) -> VideoFacts:
    """Reads a video's facts in a thread; see ``read_facts``.

    Args:
        path: The file.

    Returns:
        The facts.

    Raises:
        NotAVideoError: It is not a video that plays.
    """
    return await in_thread(read_facts, None, path)


def read_facts(path: Path) -> VideoFacts:
    """Reads a video's facts: from its tables where it is a usual one, else with a decoder. Blocks.

    Args:
        path: The file; MP4, QuickTime, Matroska or WebM.

    Returns:
        The facts.

    Raises:
        NotAVideoError: It is none of these, has no picture, or is damaged.
    """
    try:
        with path.open("rb") as file:
            track = read_track(file, path.stat().st_size)
    except UnusualError:
        track = None
    if track is not None and track.width * track.height <= MAX_PIXELS:
        return as_shown(track.width, track.height, track.rotation, track.ratio, track.seconds)
    from services.delivery.film import decode_facts  # noqa: PLC0415 - 17 MB that most bots never need

    return decode_facts(path)

"""The threads in which images are decoded: few, because each may hold an image of 50 megapixels."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from services.photos.model import PhotoFile
from services.streams import in_thread


class PhotoWorkers:
    """Checks and normalises images off the event loop, a bounded number at once.

    Args:
        decodes: How many images are decoded at the same time; one of 50 megapixels takes up to 600 MB.
    """

    def __init__(self, decodes: int = 2) -> None:
        self._slots = asyncio.Semaphore(decodes)
        self._executor = ThreadPoolExecutor(decodes, thread_name_prefix="photos")

    async def check(self, path: Path) -> None:
        """Refuses what ``normalise`` would refuse, and writes nothing.

        Args:
            path: The image.

        Raises:
            PhotoError: The image cannot be used.
        """
        async with self._slots:
            await in_thread(check, self._executor, path)

    async def normalise(self, source: Path, target_dir: Path, stem: str) -> PhotoFile:
        """Writes an upright copy without metadata; see ``services.photos.normalise.normalise``.

        Args:
            source: The image.
            target_dir: An existing directory for the result.
            stem: Name of the result without its extension.

        Returns:
            The result.

        Raises:
            PhotoError: The image cannot be used.
        """
        async with self._slots:
            return await in_thread(normalise, self._executor, source, target_dir, stem)

    def close(self) -> None:
        """Lets the threads end; images that are being decoded are finished first."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def check(path: Path) -> None:
    """See ``services.photos.inspect.check``."""
    # The decoders are loaded by the first image that comes as a file; photos, which most people send, need none.
    from services.photos import inspect  # noqa: PLC0415

    inspect.check(path)


def normalise(source: Path, target_dir: Path, stem: str) -> PhotoFile:
    """See ``services.photos.normalise.normalise``."""
    from services.photos import normalise as module  # noqa: PLC0415 - as above

    return module.normalise(source, target_dir, stem)

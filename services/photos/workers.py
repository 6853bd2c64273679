"""The threads in which images are decoded: few, because each may hold an image of 50 megapixels."""

import asyncio
import ctypes
import fcntl
import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

from services.photos.model import PhotoError, PhotoFile, PhotoProblem
from services.tasks import in_thread

LARGE = 250_000_000
"""Bytes of memory; of images that take more, one is decoded at a time, beside a smaller one."""

MOST_DEATHS = 2
"""An image during which the process was killed so often is not decoded again, for a day."""

_DAY = 86_400.0


@dataclass(slots=True)
class PhotoWorkers:
    """Normalises images off the event loop: two at once, of large ones one."""

    marks: Path
    """A directory that outlives the process, for what was being decoded when it was killed; made if need be."""
    _slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2), init=False)
    _large: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _executor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, thread_name_prefix="photos"), init=False
    )

    async def normalise(self, source: Path, target: Path) -> PhotoFile:
        """Write an upright copy without metadata, as ``services.photos.images.normalise`` does it."""
        needed = await in_thread(_memory_needed, self._executor, source)
        async with self._large if needed > LARGE else nullcontext(), self._slots:
            return await in_thread(_normalise, self._executor, source, target, self.marks)

    def close(self) -> None:
        """Let the threads end; images that are being decoded are finished first."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def _memory_needed(source: Path) -> int:
    # The decoders are loaded by the first image that comes as a file; photos, which most people send, need none.
    from services.photos import decoding  # noqa: PLC0415

    return decoding.memory_needed(source)


def _normalise(source: Path, target: Path, marks: Path) -> PhotoFile:
    from services.photos import images  # noqa: PLC0415 - as above

    try:
        with marked(source, marks):
            return images.normalise(source, target)
    finally:
        _give_back()


def _give_back() -> None:
    """Return freed memory to the system: the C library keeps hundreds of megabytes otherwise (malloc_trim(3))."""
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


@contextmanager
def marked(source: Path, marks: Path) -> Iterator[None]:
    """Leave a mark for as long as an image is decoded: one more byte in a file that is named after its content.

    A process that is killed leaves its byte behind. The file is locked, by which the same image is decoded once at a
    time, whoever sent it, and its bytes are those of the dead. Nothing is synced: what the system holds survives the
    process.

    Raises:
        PhotoError: ``BROKEN``: the process has died of it often enough.
    """
    marks.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()
    path = marks / name
    mark = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        fcntl.flock(mark, fcntl.LOCK_EX)
        state = os.fstat(mark)
        if time.time() - state.st_mtime > _DAY:
            os.ftruncate(mark, 0)
        elif state.st_size >= MOST_DEATHS:
            raise PhotoError(PhotoProblem.BROKEN)
        os.write(mark, b".")
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
    finally:
        os.close(mark)

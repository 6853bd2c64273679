"""Temporary files: a folder for each piece of work, gone when the work ends, and at the next start after a kill.

Processes may share a machine and a data directory: each holds a lock on its own root, which ends with it, however it
ends. What nobody holds any more is a dead process's. Source: ``flock(2)``.
"""

import asyncio
import fcntl
import os
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

TRIES = 20
PAUSE_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class TempDirs:
    """The folder of temporary files of one process."""

    root: Path
    """Where it is; made when it is not there. What lies beside it are the roots of other processes."""

    @asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Hold the root, without what dead processes left in it and beside it; it goes at the end of the block.

        Raises:
            OSError: It cannot be made, or a living process holds it.
        """
        lock = await asyncio.to_thread(self._clear)
        try:
            yield
        finally:
            shutil.rmtree(self.root, ignore_errors=True)
            os.close(lock)

    @asynccontextmanager
    async def folder(self, *names: str) -> AsyncIterator[Path]:
        """An empty folder that is removed with all it holds when the block ends, however it ends."""
        path = self.root.joinpath("-".join(names))
        await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
        try:
            yield path
        finally:
            # Removing small folders is quick; a thread could be cancelled before it starts.
            shutil.rmtree(path, ignore_errors=True)

    def _clear(self) -> int:
        self.root.parent.mkdir(parents=True, exist_ok=True)
        for other in self.root.parent.iterdir():
            left = _hold(other)
            if left is not None:
                shutil.rmtree(other, ignore_errors=True)
                os.close(left)
        for _ in range(TRIES):
            self.root.mkdir(exist_ok=True)
            lock = _hold(self.root)
            if lock is not None:
                return lock
            # Another process that starts at this moment may look whether it is a dead one's.
            time.sleep(PAUSE_SECONDS)
        raise BlockingIOError(f"{self.root} is held by another process")


def _hold(path: Path) -> int | None:
    """Lock a folder; None when it is gone, no folder, or another process's."""
    try:
        lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Between opening and locking it another process may have removed it, for nobody held it.
        if path.stat().st_ino == os.fstat(lock).st_ino:
            return lock
    os.close(lock)
    return None

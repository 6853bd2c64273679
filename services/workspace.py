"""Temporary files: a folder for each piece of work, gone when the work ends, and at the start after a kill."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path


class Workspace:
    """The folder of temporary files of one process.

    Args:
        root: Where it is; made when it is not there.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    async def clear(self) -> None:
        """Remove what an earlier process left behind."""
        await asyncio.to_thread(self._remake)

    @asynccontextmanager
    async def folder(self, *names: str) -> AsyncIterator[Path]:
        """An empty folder that is removed with all it holds when the block ends, however it ends."""
        path = self._root.joinpath("-".join(names))
        await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
        try:
            yield path
        finally:
            # Removing small folders is quick; a thread could be cancelled before it starts.
            shutil.rmtree(path, ignore_errors=True)

    def _remake(self) -> None:
        shutil.rmtree(self._root, ignore_errors=True)
        self._root.mkdir(parents=True, exist_ok=True)

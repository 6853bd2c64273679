"""The bot as a process of its own: started with an environment of its own, ended whatever happens."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

_TAIL = 12


@dataclass(slots=True)
class RestartableBot:
    """A process that may be killed and started again; what it writes goes to a log.

    It gets a session of its own: Ctrl-C reaches this process alone, which then ends everything in order.
    """

    arguments: Sequence[str]
    """After the interpreter."""
    environment: Mapping[str, str]
    """All of it."""
    room: Path
    """Its working directory, and where its log goes."""
    grace: float = 11.0
    """Seconds that it gets to end by itself: the bot promises to need no more than 10."""
    _process: asyncio.subprocess.Process | None = None
    _runs: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start it, behind the scenes."""
        with log_in(self.room).open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                *self.arguments,
                env=self.environment,
                cwd=self.room,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._runs.set()

    async def kill(self) -> None:
        """End it at once, with whatever it has started."""
        process, self._process = self._process, None
        self._runs.clear()
        if process is not None and process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()

    async def stop(self) -> None:
        """Ask it to end, and end it by force if it does not."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            with suppress(TimeoutError):
                async with asyncio.timeout(self.grace):
                    await self._process.wait()
        await self.kill()

    async def died(self) -> int:
        """Wait until it has ended by itself, and return its status."""
        while True:
            await self._runs.wait()
            process = self._process
            if process is not None:
                status = await process.wait()
                if process is self._process:
                    return status


def log_in(room: Path) -> Path:
    """Where the process of a room writes."""
    return room / "bot.log"


def last_lines(room: Path) -> list[str]:
    """The end of its log, a few lines; nothing where there is none."""
    try:
        return log_in(room).read_text(errors="replace").splitlines()[-_TAIL:]
    except FileNotFoundError:
        return []

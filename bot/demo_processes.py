"""Child processes of the demo: started with an environment of their own, ended whatever happens."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

_GRACE = 11.0
"""Seconds that a process gets to end by itself: the bot promises to need no more than 10."""
_TAIL = 12


class Child:
    """A process of the demo.

    Args:
        name: For messages.
        process: The process.
    """

    def __init__(self, name: str, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self._process = process

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.returncode

    async def read_line(self) -> bytes:
        """The next line of its standard output, empty at the end."""
        assert self._process.stdout is not None
        return await self._process.stdout.readline()

    async def ended(self) -> None:
        """Wait until it has ended."""
        await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, wait, end it by force if it does not."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(_GRACE):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def start(
    name: str,
    arguments: Sequence[str],
    environment: Mapping[str, str],
    room: Path,
    *,
    spoken_to: bool = False,
) -> AsyncIterator[Child]:
    """Start a process of this interpreter behind the scenes; it has ended when the context is left.

    It gets a session of its own: Ctrl-C reaches the demo alone, which then ends everything in order. What it writes
    goes to ``<name>.log`` in ``room``.

    Args:
        name: What it is.
        arguments: After the interpreter.
        environment: All of it.
        room: The working directory.
        spoken_to: Its standard output is read with ``read_line``, and its standard input stays open while this process
            lives.
    """
    pipe = asyncio.subprocess.PIPE
    with (room / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            *arguments,
            env=environment,
            cwd=room,
            stdin=pipe if spoken_to else asyncio.subprocess.DEVNULL,
            stdout=pipe if spoken_to else log,
            stderr=log,
            start_new_session=True,
        )
    async with _ending(Child(name, process)) as child:
        yield child


@asynccontextmanager
async def start_on_stage(name: str, arguments: Sequence[str], environment: Mapping[str, str]) -> AsyncIterator[Child]:
    """Start a process of this interpreter that writes to this one's terminal, in this one's working directory.

    Args:
        name: What it is.
        arguments: After the interpreter.
        environment: All of it.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        *arguments,
        env=environment,
        stdin=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    async with _ending(Child(name, process)) as child:
        yield child


@asynccontextmanager
async def _ending(child: Child) -> AsyncIterator[Child]:
    try:
        yield child
    finally:
        await child.stop()


def last_lines(log: Path) -> list[str]:
    """The end of a log, a few lines; nothing where there is none."""
    try:
        return log.read_text(errors="replace").splitlines()[-_TAIL:]
    except FileNotFoundError:
        return []

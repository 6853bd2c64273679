"""The bot as a process of its own: started with an environment of its own, ended whatever happens."""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

_GRACE = 11.0
"""Seconds that a process gets to end by itself: the bot promises to need no more than 10."""
_TAIL = 12


async def stop(process: asyncio.subprocess.Process) -> None:
    """Ask a process to end, wait, end it by force if it does not."""
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_GRACE):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


@asynccontextmanager
async def start(
    name: str, arguments: Sequence[str], environment: Mapping[str, str], room: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Start a process of this interpreter behind the scenes; it has ended when the context is left.

    It gets a session of its own: Ctrl-C reaches the demo alone, which then ends everything in order. What it writes
    goes to ``<name>.log`` in ``room``.

    Args:
        name: What it is.
        arguments: After the interpreter.
        environment: All of it.
        room: The working directory.
    """
    with (room / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            *arguments,
            env=environment,
            cwd=room,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        await stop(process)


def last_lines(log: Path) -> list[str]:
    """The end of a log, a few lines; nothing where there is none."""
    try:
        return log.read_text(errors="replace").splitlines()[-_TAIL:]
    except FileNotFoundError:
        return []

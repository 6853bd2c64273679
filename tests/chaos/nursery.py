"""A process that has imported the bot and done nothing else, and forks one whenever a bot is to start.

Imports are three quarters of what a start costs, and tests start, kill and start again. What is forked goes through
``python -m bot`` from its first line, with an environment, a directory and a standard error of its own.
"""

import asyncio
import gc
import json
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 1 << 16
NAMES = ("PATH", "HOME", "LANG", "TMPDIR")
"""All that a bot is left of the environment of the tests."""


def bare_environment() -> dict[str, str]:
    """The least that Python needs to find the bot."""
    return {name: os.environ[name] for name in NAMES if name in os.environ} | {"PYTHONPATH": str(ROOT)}


@dataclass(slots=True)
class Forked:
    """A bot that was forked, as far as a test needs what ``asyncio.subprocess.Process`` has."""

    pid: int
    stderr: asyncio.StreamReader
    _status: asyncio.StreamReader
    returncode: int | None = None

    def send_signal(self, number: signal.Signals) -> None:
        """Send it, unless the process has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def wait(self) -> int:
        """Wait for the end; the exit status, or the signal's number below zero."""
        if self.returncode is None:
            self.returncode = int(await self._status.read())
        return self.returncode


async def fork(role: str, directory: Path, environment: Mapping[str, str]) -> Forked:
    """Start a bot.

    Args:
        role: ``run``, ``web`` or ``worker``.
        directory: The working directory.
        environment: All of it.
    """
    stderr, status = os.pipe(), os.pipe()
    asked = json.dumps([role, str(directory), dict(environment)]).encode()
    nursery, _ = _nursery()
    socket.send_fds(nursery, [asked, b"\n"], [stderr[1], status[1]])
    for end in (stderr[1], status[1]):
        os.close(end)
    pid = int(_line(nursery))
    return Forked(pid, await _reader(stderr[0]), await _reader(status[0]))


def _line(way: socket.socket, begun: bytes = b"") -> bytes:
    """What comes up to the end of a line, or what came before the other end was closed."""
    while not begun.endswith(b"\n") and (more := way.recv(LONGEST)):
        begun += more
    return begun


async def _reader(end: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", 0)
    )
    return reader


def close() -> None:
    """End this process's nursery, if it has one."""
    if _nursery.cache_info().currsize:
        nursery, process = _nursery()
        _nursery.cache_clear()
        nursery.close()
        process.wait()


@cache
def _nursery() -> "tuple[socket.socket, subprocess.Popen[bytes]]":
    """The way to this process's nursery, which ends with it at the latest."""
    ours, its = socket.socketpair()
    command = [sys.executable, "-m", "tests.chaos.nursery", str(its.fileno())]
    process = subprocess.Popen(
        command, cwd=ROOT, env=bare_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        pass_fds=[its.fileno()],
    )  # fmt: skip
    its.close()
    return ours, process


class Nursery:
    """Forks until whoever asks is gone."""

    def __init__(self, asking: socket.socket) -> None:
        self._asking = asking
        self._statuses: dict[int, int] = {}
        self._ended, self._wake = socket.socketpair()
        for end in (self._ended, self._wake):
            end.setblocking(False)

    def tend(self) -> str | None:
        """Fork on demand, and tell of the ends; returns the role in a process that was forked."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        with selectors.DefaultSelector() as selector:
            selector.register(self._asking, selectors.EVENT_READ)
            selector.register(self._ended, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._ended:
                        self._ended.recv(LONGEST)
                        self._bury()
                        continue
                    asked, ends, _, _ = socket.recv_fds(self._asking, LONGEST, 2)
                    if not asked:
                        return None
                    asked = _line(self._asking, asked)
                    pid = os.fork()
                    if pid == 0:
                        return self._leave(json.loads(asked), *ends)
                    os.close(ends[0])
                    self._statuses[pid] = ends[1]
                    self._asking.sendall(f"{pid}\n".encode())

    def _bury(self) -> None:
        while self._statuses:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            end = self._statuses.pop(pid)
            os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(end)

    def _leave(self, asked: list[Any], stderr: int, status: int) -> str:
        """Become a process of one's own."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for end in (self._asking, self._ended, self._wake):
            end.close()
        os.dup2(stderr, 2)
        for number in (stderr, status, *self._statuses.values()):
            os.close(number)
        role, directory, environment = asked
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None
        os.chdir(directory)
        return str(role)


def main() -> None:
    """Import all that a bot imports, and wait."""
    import bot.app
    import bot.cli  # noqa: F401
    from services.texts import Texts

    Texts("en")
    gc.freeze()
    role = Nursery(socket.socket(fileno=int(sys.argv[1]))).tend()
    if role is not None:
        sys.argv = ["bot", role]
        runpy.run_module("bot", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

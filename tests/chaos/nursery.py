"""A process that has imported the bot and done nothing else, and forks one whenever a bot is to start.

Imports are three quarters of what a start costs, and tests start, kill and start again. What is forked goes through
``python -m bot`` from its first line, with an environment, a directory and a standard error of its own. All processes
of a test run share one.
"""

import asyncio
import fcntl
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
from typing import Any, cast

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
    """Leave the nursery, if this process uses one; whoever has started it waits until the last one has left."""
    if _nursery.cache_info().currsize:
        nursery, process = _nursery()
        _nursery.cache_clear()
        nursery.close()
        if process is not None:
            process.wait()


@cache
def _nursery() -> "tuple[socket.socket, subprocess.Popen[bytes] | None]":
    """The way to the nursery that the processes of a test run share, and the process where it is this one's child."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    address = Path(tempfile.gettempdir()) / f"pho2video-nursery-{run}"
    way, process = socket.socket(socket.AF_UNIX), None
    with Path(__file__).open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        try:
            way.connect(str(address))
        except (FileNotFoundError, ConnectionRefusedError):
            process = _start(address)
            way.connect(str(address))
    return way, process


def _start(address: Path) -> "subprocess.Popen[bytes]":
    address.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(address))
        door.listen()
        return subprocess.Popen(
            [sys.executable, "-m", "tests.chaos.nursery", str(door.fileno())],
            cwd=ROOT, env=bare_environment(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            pass_fds=[door.fileno()],
        )  # fmt: skip


class Nursery:
    """Forks until all who ask are gone."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._asking: list[socket.socket] = []
        self._statuses: dict[int, int] = {}
        self._ended, self._wake = socket.socketpair()
        for end in (self._door, self._ended, self._wake):
            end.setblocking(False)

    def tend(self) -> str | None:
        """Fork on demand, and tell of the ends; returns the role in a process that was forked."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        with selectors.DefaultSelector() as selector:
            for end in (self._door, self._ended):
                selector.register(end, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._ended:
                        self._ended.recv(LONGEST)
                        self._bury()
                    elif key.fileobj is self._door:
                        self._admit(selector)
                    elif (role := self._serve(cast(socket.socket, key.fileobj), selector)) is not None:
                        return role
                if not self._asking:
                    # Nobody new finds the way from here on; who has found it already is served.
                    Path(self._door.getsockname()).unlink(missing_ok=True)
                    if not self._admit(selector):
                        return None

    def _admit(self, selector: selectors.BaseSelector) -> bool:
        with suppress(BlockingIOError):
            way, _ = self._door.accept()
            selector.register(way, selectors.EVENT_READ)
            self._asking.append(way)
            return True
        return False

    def _serve(self, way: socket.socket, selector: selectors.BaseSelector) -> str | None:
        """Fork for one who asks; the role in the process that was forked."""
        asked, ends, _, _ = socket.recv_fds(way, LONGEST, 2)
        if not asked:
            selector.unregister(way)
            self._asking.remove(way)
            way.close()
            return None
        asked = _line(way, asked)
        pid = os.fork()
        if pid == 0:
            return self._leave(json.loads(asked), *ends)
        os.close(ends[0])
        self._statuses[pid] = ends[1]
        way.sendall(f"{pid}\n".encode())
        return None

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
        for end in (*self._asking, self._door, self._ended, self._wake):
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

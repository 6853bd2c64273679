"""The real bot as a process of its own: started, killed, frozen, terminated, and read by its log."""

import asyncio
import json
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.chaos.nursery import Forked, bare_environment, fork

PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of the log.

    Attributes:
        at: When it was read, in seconds of the monotonic clock.
        event: Its event, or the whole line where that is no JSON.
        level: ``info`` and so on; ``raw`` where it is no JSON.
        fields: All of it.
    """

    at: float
    event: str
    level: str
    fields: Mapping[str, object] = field(default_factory=dict)


def parse(at: float, text: str) -> LogLine:
    try:
        found = json.loads(text)
    except ValueError:
        return LogLine(at, text, "raw")
    return LogLine(at, str(found.get("event", "")), str(found.get("level", "")), found)


def waits_for_a_core(pid: int) -> dict[str, float]:
    """For each thread of a process the seconds in which it could have run, but others had the cores; nothing where
    the system does not tell."""
    found = {}
    for thread in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with suppress(OSError, IndexError):  # it has ended in the meantime
            found[thread.parent.name] = int(thread.read_text().split()[1]) / 1e9
    return found


@dataclass(slots=True)
class Life:
    """One process from its start to its end; times in seconds of the monotonic clock, save those with a date."""

    started: float
    started_at: datetime
    ready: float | None = None
    ended: float | None = None
    status: int | None = None
    killed_at: datetime | None = None
    frozen_at: list[datetime] = field(default_factory=list)

    @property
    def broken_off_at(self) -> list[datetime]:
        """When it was stopped in the middle of whatever it did."""
        return self.frozen_at + ([] if self.killed_at is None else [self.killed_at])


class BotProcess:
    """``python -m bot run`` or another role, again and again with the same environment, forked by the nursery.

    Args:
        environment: Added to the bare minimum of this process's own.
        directory: The working directory, without an ``.env``.
        role: ``run``, ``web`` or ``worker``.
    """

    def __init__(self, environment: Mapping[str, str], directory: Path, role: str = "run") -> None:
        self.role = role
        self.environment = bare_environment() | {"LOG_FORMAT": "json"} | dict(environment)
        self._directory = directory
        self._process: asyncio.subprocess.Process | Forked | None = None
        self._reader: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.lines: list[LogLine] = []
        self.lives: list[Life] = []

    @property
    def life(self) -> Life:
        """The newest one."""
        return self.lives[-1]

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def spawn(self, *, cold: bool = False) -> None:
        """Start it and do not wait.

        Args:
            cold: Whether it has to import everything first.
        """
        assert not self.is_running
        self.lives.append(Life(time.monotonic(), datetime.now(UTC)))
        start = self._execute() if cold else fork(self.role, self._directory, self.environment)
        self._process = await start
        self._reader = asyncio.create_task(self._read(self._process, self.life))

    async def _execute(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            self.role,
            cwd=self._directory,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )

    async def start(self) -> float:
        """Start it and wait until it is ready.

        Returns:
            The seconds that took.
        """
        await self.spawn()
        return await self.ready()

    async def ready(self) -> float:
        """Wait until the newest process is ready; the seconds since its start."""
        life = self.life
        async with asyncio.timeout(PATIENCE):
            while life.ready is None:
                assert life.ended is None, (
                    f"the bot ended with {life.status}: {[dict(line.fields) or line.event for line in self.lines[-5:]]}"
                )
                await self.news()
        return life.ready - life.started

    async def kill(self) -> None:
        """SIGKILL, which nothing can be done against."""
        await self._end(signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: it does nothing any more and does not know it."""
        assert self._process is not None
        self.life.frozen_at.append(datetime.now(UTC))
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT: it goes on in the middle of what it did."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def terminate(self) -> tuple[int, float]:
        """SIGTERM.

        Returns:
            The exit status, and the seconds that it took, without those in which the machine gave it no core.
        """
        begun = time.monotonic()
        before, refused = waits_for_a_core(self.pid), dict[str, float]()

        async def watch() -> None:
            while True:
                refused.update(waits_for_a_core(self.pid))
                await asyncio.sleep(0.02)

        watching = asyncio.create_task(watch())
        await self._end(signal.SIGTERM)
        watching.cancel()
        assert self.life.status is not None
        assert self.life.ended is not None
        lost = sum(seconds - before.get(thread, 0) for thread, seconds in refused.items())
        return self.life.status, self.life.ended - begun - lost

    async def exited(self) -> int:
        """Wait for an end that nobody asked for; its status."""
        assert self._reader is not None
        async with asyncio.timeout(120):
            await self._reader
        assert self.life.status is not None
        return self.life.status

    def events(self, name: str, *, this_life: bool = False) -> list[LogLine]:
        since = self.life.started if this_life else 0.0
        return [line for line in self.lines if line.event == name and line.at >= since]

    async def logged(self, name: str, count: int = 1, *, this_life: bool = True) -> LogLine:
        """Wait for the n-th line with that event."""
        async with asyncio.timeout(PATIENCE):
            while len(found := self.events(name, this_life=this_life)) < count:
                assert self.is_running, f"the bot ended and never said {name}"
                await self.news()
        return found[count - 1]

    async def news(self) -> None:
        """Wait for the next line, or the end."""
        await self._news.wait()

    async def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        assert self._reader is not None
        if self._process.returncode is None:
            if number is signal.SIGKILL:
                self.life.killed_at = datetime.now(UTC)
            self._process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            await self._reader

    async def _read(self, process: asyncio.subprocess.Process | Forked, life: Life) -> None:
        assert process.stderr is not None
        async for raw in process.stderr:
            line = parse(time.monotonic(), raw.decode(errors="replace").rstrip("\n"))
            self.lines.append(line)
            if line.event == "ready":
                life.ready = line.at
            self._tell()
        life.status = await process.wait()
        life.ended = time.monotonic()
        self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

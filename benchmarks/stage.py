"""What the benchmarks share: both servers in this process, the bot in one of its own, and what the system says of it.

Everything is on loopback and in a temporary directory, and ends with the context.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from statistics import quantiles

from PIL import Image

from sandbox.botapi import BotApiOptions, BotApiServer
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from sandbox.genaipro.render import Film

START_SECONDS = 30.0
STOP_SECONDS = 15.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")
SMALL_FILM = Film(width=64, height=64, seconds=0.2, fps=10)
"""Rendering is the servers' business and must not take the machine from the bot."""

ROOT = Path(__file__).resolve().parent.parent


class BotDiedError(Exception):
    """The bot ended before it was told to."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What the bot has used so far.

    Attributes:
        cpu: Seconds of all its threads.
        rss: Bytes resident now.
        peak: The most bytes that were resident since :meth:`BotProcess.forget_peak`.
    """

    cpu: float
    rss: int
    peak: int


class BotProcess:
    """The bot in a process of its own.

    Args:
        process: The process.
        log: Where its output goes.
    """

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._proc = Path(f"/proc/{process.pid}")
        self.pid = process.pid
        self.log = log

    def usage(self) -> Usage:
        """What it has used. Source: the manual page proc(5)."""
        if self._process.returncode is not None:
            raise BotDiedError(self.log.read_text()[-2000:])
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        status = dict(line.split(":", 1) for line in (self._proc / "status").read_text().splitlines() if ":" in line)
        return Usage(
            cpu=(int(fields[11]) + int(fields[12])) / TICKS,
            rss=int((self._proc / "statm").read_text().split()[1]) * PAGE,
            peak=int(status["VmHWM"].split()[0]) * 1024,
        )

    def forget_peak(self) -> None:
        """Begin to measure the peak anew."""
        (self._proc / "clear_refs").write_text("5")

    async def stop(self) -> None:
        """Ask it to end; kill it when it does not."""
        if self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers and bot.

    Attributes:
        telegram: The Bot API server.
        genaipro: The GenAIPro server.
        bot: The bot.
    """

    telegram: BotApiServer
    genaipro: GenAIProServer
    bot: BotProcess


@asynccontextmanager
async def stage(
    *,
    flood: bool = True,
    privacy_mode: bool = True,
    inline: bool = False,
    pad_to: int | None = None,
    limiter: str = "",
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    **settings: str,
) -> AsyncIterator[Stage]:
    """Start everything, and end it.

    Args:
        flood: Whether Telegram's flood limits are enforced.
        privacy_mode: Whether the bot sees only what is meant for it in groups.
        inline: Whether the bot's inline mode is on.
        pad_to: Bytes that each video is brought to.
        limiter: What stands in the outbox's place; see :mod:`benchmarks.launch`. Empty = the outbox.
        pause: Waits some seconds, between the events of a stream.
        **settings: More of the bot's settings, by their names in lower case.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark-", ignore_cleanup_errors=True) as directory:
        root = Path(directory)
        telegram = BotApiOptions(flood=flood, privacy_mode=privacy_mode, inline_mode=inline, data_dir=root / "telegram")
        options = GenAIProOptions(quota=1_000_000, film=SMALL_FILM, pad_to=pad_to, data=root / "genaipro", sleep=pause)
        async with BotApiServer(telegram) as api, GenAIProServer(options) as service:
            bot = await _start(root / "bot", limiter, _environment(api, service) | _upper(settings))
            try:
                await _until_it_polls(api, bot)
                yield Stage(api, service, bot)
            finally:
                await bot.stop()


def _environment(api: BotApiServer, service: GenAIProServer) -> dict[str, str]:
    return {
        "TELEGRAM_BOT_TOKEN": api.token,
        "TELEGRAM_API_URL": api.url,
        "GENAIPRO_API_KEY": service.options.key,
        "GENAIPRO_API_URL": service.url,
        "GENAIPRO_REQUESTS_PER_MINUTE": "1000000",
        "OPEN_ACCESS": "true",
        "HTTP_PORT": "0",
        "MAX_ACTIVE_GENERATIONS": "10000",
        # The logs of a busy bot would be measured with it otherwise; its owner chooses what it writes.
        "LOG_LEVEL": "WARNING",
        # As every way of running the bot has it.
        "MALLOC_ARENA_MAX": "1",
    }


def _upper(settings: Mapping[str, str]) -> dict[str, str]:
    return {name.upper(): value for name, value in settings.items()}


async def _start(directory: Path, limiter: str, environment: Mapping[str, str]) -> BotProcess:
    await asyncio.to_thread(directory.mkdir)
    log = directory / "bot.log"
    command = ["-m", "benchmarks.launch", limiter] if limiter else ["-m", "bot", "run"]
    with await asyncio.to_thread(log.open, "wb") as output:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            cwd=directory,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT), **environment},
            stdout=output,
            stderr=output,
        )
    return BotProcess(process, log)


async def _until_it_polls(api: BotApiServer, bot: BotProcess) -> None:
    async with asyncio.timeout(START_SECONDS):
        while not api.backend.journal.polls:
            bot.usage()
            # The call is noted when it is answered; the first one is, within its own time, only by an update.
            if api.backend.updates.allowed:
                return
            await asyncio.sleep(0.05)


def photo() -> bytes:
    """A small photo."""
    buffer = BytesIO()
    Image.new("RGB", (320, 240), "teal").save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def middle(values: list[float]) -> float:
    """The median, or 0 of nothing."""
    return share(values, 50)


def share(values: list[float], percent: int) -> float:
    """A percentile, or 0 of nothing."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def megabytes(count: float) -> float:
    """Bytes as MB (10⁶)."""
    return count / 1e6


def report(name: str, value: float, unit: str, limit: float) -> bool:
    """Print one figure beside what it shall be at most.

    Returns:
        Whether it is reached.
    """
    reached = value <= limit
    print(f"{name:<58} {value:9.2f} {unit:<6} at most {limit:g}  {'reached' if reached else 'MISSED'}")
    return reached

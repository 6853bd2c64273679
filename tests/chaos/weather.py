"""What goes wrong by chance: calls to Telegram, answers of GenAIPro, and the process itself."""

import asyncio
from collections import Counter
from collections.abc import Awaitable
from dataclasses import replace
from random import Random
from time import monotonic

from sandbox.botapi.faults import FaultKind
from sandbox.genaipro import Answer, End, Script
from tests.chaos.world import Scene, World

METHODS = (
    "sendMessage",
    "editMessageText",
    "sendVideo",
    "sendMediaGroup",
    "getFile",
    "answerCallbackQuery",
    "getUpdates",
    "getMe",
    "setMyCommands",
    "getWebhookInfo",
)
MOST_FAULTS = 4
"""Faults of Telegram that may wait for their calls at a time: it shall be bad weather, not the end of the world."""

DROPS = (End.DROP, End.EOF, End.MID_EVENT)
SMALLEST_VIDEO = 100_000
"""Bytes; each POST gets another size, so that no two videos are the same."""


def script(random: Random, number: int) -> Script:
    """What happens to the n-th POST: most often what should."""
    usual = Script(pad_to=SMALLEST_VIDEO + 16 * number, history_delay=random.choice((0.0, 0.0, 0.5, 2.0)))
    busy = Answer(random.choice((429, 503)), {"error": "busy"}, {"Retry-After": "1"})
    faults = (
        replace(usual, end=random.choice(DROPS), after=random.choice((0, 1, 2, 3))),
        replace(usual, end=random.choice(DROPS), after=random.choice((0, 1, 2, 3))),
        replace(usual, end=End.DROP_READ),
        replace(usual, end=End.DROP_UNREAD),
        replace(usual, error={"error": "UNSAFE_GENERATION"}),
        replace(usual, answer=busy),
        replace(usual, answer=busy),
        replace(usual, answer=Answer(502, "<html>Bad Gateway</html>", content_type="text/html"), accepted=True),
        replace(usual, answer=Answer(500, {"error": "internal"})),
        replace(usual, failed=(0,)),
        replace(usual, as_list=True, word="completed"),
    )
    return random.choice(faults) if random.random() < 0.45 else usual


class Weather:
    """Bad weather over one scene, until it is told to end.

    Args:
        here: The scene.
        random: Decides.
    """

    def __init__(self, here: Scene, random: Random) -> None:
        self._here = here
        self._random = random
        self._scripts = 0
        self._looks = 0
        self.faults = 0

    async def run(self) -> None:
        """Blow."""
        while True:
            waiting = self._here.telegram.backend.faults.waiting
            del waiting[: max(0, len(waiting) - MOST_FAULTS + 1)]
            self._telegram_fault()
            looks = sum("histories" in get.path for get in self._here.genaipro.gets)
            if self._random.random() < 0.1 and looks >= self._looks:
                self._looks = looks + 1
                status = self._random.choice((429, 500, 502, 503))
                self._here.genaipro.enqueue_answer("histories", Answer(status, {"error": "not now"}))
                self.faults += 1
            await asyncio.sleep(self._random.uniform(0.2, 1.0))

    async def scripts(self) -> None:
        """Have a script ready for every POST."""
        while True:
            while self._wants_scripts():
                self._here.genaipro.enqueue(script(self._random, self._scripts))
                self._scripts += 1
            await self._here.genaipro.until(self._wants_scripts)

    def _wants_scripts(self) -> bool:
        return self._scripts < len(self._here.genaipro.posts) + 5

    def _telegram_fault(self) -> None:
        random, fail = self._random, self._here.telegram.fail
        method = random.choice(METHODS)
        match random.randrange(5):
            case 0 | 1:
                fail(method, FaultKind.DROP, after=random.random() < 0.5)
            case 2:
                fail(method, FaultKind.DELAY, after=random.random() < 0.5, seconds=random.uniform(0.1, 1.0))
            case 3:
                fail(method, FaultKind.ERROR, status=429, retry_after=1)
            case _:
                fail(method, FaultKind.ERROR, status=502, description="Bad Gateway")
        self.faults += 1


class Reaper:
    """Ends the bot again and again, and starts it.

    Args:
        here: The world.
        random: Decides.
        share_of_terms: How often it is SIGTERM.
    """

    def __init__(self, here: World, random: Random, share_of_terms: float = 0.08) -> None:
        self._here = here
        self._random = random
        self._share_of_terms = share_of_terms
        self.kills = Counter[str]()
        self.with_stars = 0
        self.terms = 0
        self.slowest_start = 0.0
        self.violations: list[str] = []

    async def run(self, kills: int, until: float) -> None:
        """Kill so many times, or until a moment of the monotonic clock; the bot runs afterwards."""
        await self._here.bot.spawn()
        while self.kills.total() < kills and monotonic() < until:
            moment = await self._wait()
            if self._random.random() < self._share_of_terms and self._here.bot.life.ready is not None:
                await self._terminate()
            else:
                await self._here.bot.kill()
                self.kills[moment] += 1
                self.with_stars += self._here.has_stars_about()
            await self._here.bot.spawn()
        await self._ready()

    async def _wait(self) -> str:
        """Until it is time; what for, in a word."""
        choice = self._random.random()
        if choice < 0.15:
            await asyncio.sleep(self._random.uniform(0.05, 1.5))
            return "while starting"
        await self._ready()
        if choice < 0.45:
            await asyncio.sleep(self._random.uniform(0.0, 2.5))
            return "at some time"
        if choice < 0.55:
            # Long enough for what waits until it is quiet, as an album does.
            await asyncio.sleep(self._random.uniform(3.0, 6.0))
            return "after a while"
        await self._something(self._random.randint(1, 15))
        await asyncio.sleep(self._random.choice((0.0, 0.0, self._random.uniform(0.0, 0.03))))
        return "at some event"

    async def _something(self, number: int) -> None:
        """Wait for the n-th thing that a server sees, or not too long."""
        telegram, genaipro = self._here.telegram, self._here.genaipro

        def seen() -> int:
            calls, notes = len(telegram.backend.journal.calls), len(telegram.backend.journal.events)
            return calls + notes + len(genaipro.gets) + sum(1 + len(post.events) for post in genaipro.posts)

        goal = seen() + number
        try:
            async with asyncio.timeout(2.5):
                while seen() < goal:
                    await _first(telegram.backend.signal.wait(), genaipro.until(lambda: seen() >= goal))
        except TimeoutError:
            return

    async def _ready(self) -> None:
        bot = self._here.bot
        if bot.life.ready is not None:
            return
        self.slowest_start = max(self.slowest_start, await bot.ready())
        # A file that the newest process did not make was left behind by one before it.
        for path in (self._here.data_dir / "tmp").rglob("*"):
            if path.is_file() and path.stat().st_mtime < bot.life.started_at.timestamp():
                self.violations.append(f"a temporary file outlived the start: {path.name}")

    async def _terminate(self) -> None:
        status, seconds = await self._here.bot.terminate()
        self.terms += 1
        if status != 0 or seconds > 10:
            self.violations.append(f"SIGTERM: status {status} after {seconds:.1f} s")


async def _first(*works: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

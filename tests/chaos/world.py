"""The bot's process between a Bot API server and a GenAIPro server, with people who ask for videos."""

import asyncio
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from sandbox.botapi.options import BotApiOptions
from sandbox.botapi.person import Person
from sandbox.botapi.server import BotApiServer
from sandbox.botapi.transcript import Line
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from sandbox.genaipro.records import PostRecord
from tests.buttons import action_of, has_button, is_told
from tests.chaos.process import BotProcess, LogLine
from tests.chaos.wire import Wire
from tests.database_file import reading
from tests.introduced import introduce
from tests.pictures import jpeg

KEY = "chaos-key-1234567890"
PATIENCE = 120.0


@dataclass(slots=True)
class Request:
    """What a person asked for; its prompt is like no other's.

    Attributes:
        person: Who.
        prompt: What.
        count: Videos.
        message_id: What the videos reply to.
        orders: How often: once, and once more for each press of Again.
        is_tall: Whether tall videos were asked for.
    """

    person: Person
    prompt: str
    count: int
    message_id: int
    orders: int = 1
    is_tall: bool = False


@dataclass
class Scene(ABC):
    """The servers, the bot's processes with one database, and the people.

    Attributes:
        telegram: The Bot API server.
        genaipro: The GenAIPro server.
        processes: The bot's.
        data_dir: Their directory of data.
        scratch: Their directory for temporary files.
        people: Who asks for videos.
        requests: What they have asked for.
        prompts: Numbers that make every prompt another.
    """

    telegram: BotApiServer
    genaipro: GenAIProServer
    processes: Sequence[BotProcess]
    data_dir: Path
    scratch: Path
    people: list[Person] = field(default_factory=list, kw_only=True)
    requests: list[Request] = field(default_factory=list, kw_only=True)
    prompts: Iterator[int] = field(default_factory=count, kw_only=True)

    @abstractmethod
    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the bot's database."""

    def damage(self) -> list[str]:
        """What the database says of its own health; nothing when it is well."""
        return []

    @property
    def lines(self) -> list[LogLine]:
        """All that the processes have logged, one process after the other."""
        return [line for process in self.processes for line in process.lines]

    @property
    def anna(self) -> Person:
        return self.people[0]

    def posts(self, prompt: str) -> list[PostRecord]:
        return [post for post in self.genaipro.posts if post.prompt == prompt]

    async def ask(self, prompt: str, count: int = 1, person: Person | None = None, *, is_tall: bool = False) -> Request:
        """Send a photo captioned ``/video``, which starts at once."""
        who = person or self.anna
        shape = "tall " if is_tall else ""
        sent = await who.send_photo(jpeg(len(self.requests)), f"/video {shape}x{count} {prompt}")
        return self.asked(prompt, sent.message_id, count, who, is_tall=is_tall)

    async def draft(self, prompt: str, person: Person | None = None) -> tuple[Request, Line]:
        """Send a photo with a caption, and wait for the card that can be started."""
        who = person or self.anna
        sent = await who.send_photo(jpeg(len(self.requests)), prompt)
        request = self.asked(prompt, sent.message_id, 1, who)
        return request, await self.card(request)

    def asked(
        self, prompt: str, message_id: int, count: int = 1, person: Person | None = None, *, is_tall: bool = False
    ) -> Request:
        """Note a request that was made in another way."""
        request = Request(person or self.anna, prompt, count, message_id, is_tall=is_tall)
        self.requests.append(request)
        return request

    async def card(self, request: Request, timeout: float = PATIENCE) -> Line:  # noqa: ASYNC109
        """The newest card of the request that can be started."""

        def fits(line: Line) -> bool:
            return request.prompt in line.text and has_button(line, ":go")

        return await self.telegram.wait_for_message(request.person.chat_id, fits, timeout=timeout)

    async def press(self, line: Line, action: str, person: Person | None = None) -> str:
        data = action_of(line, action)
        return await (person or self.anna).press(line.message_id, data=data, chat=line.chat_id)

    async def ended(self, request: Request, timeout: float = PATIENCE) -> Line:  # noqa: ASYNC109
        """The status message of a request in its final state, once the bot has nothing more to say of it."""

        def fits(line: Line) -> bool:
            return is_about(line, request) and is_told(line)

        return await self.telegram.wait_for_message(request.person.chat_id, fits, kind="text", timeout=timeout)

    async def at_rest(self) -> None:
        """Wait until the bot has handled every update and committed every end, as its database tells."""
        await self.telegram.wait_until_idle()
        query = """SELECT (SELECT count(*) FROM inbox WHERE payload IS NOT NULL)
            + (SELECT count(*) FROM generations WHERE final_shown_at IS NULL)
            + (SELECT count(*) FROM payments WHERE state IN ('paid', 'refunding'))"""
        async with asyncio.timeout(PATIENCE):
            while self.rows(query)[0][0]:  # noqa: ASYNC110
                # Nothing tells of a commit but the database itself.
                await asyncio.sleep(0.05)


@dataclass
class World(Scene):
    """One process, with a wire to GenAIPro that can be cut, and its SQLite file."""

    wire: Wire

    @property
    def bot(self) -> BotProcess:
        """The process."""
        return self.processes[0]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the bot's database."""
        with reading(self.data_dir) as connection:
            return connection.execute(query).fetchall()

    def has_stars_about(self) -> bool:
        """Whether a request that was sold is under way, or Stars are on their way back."""
        query = """SELECT (SELECT count(*) FROM purchases WHERE settled_at IS NULL)
            + (SELECT count(*) FROM payments WHERE state IN ('paid', 'refunding'))"""
        try:
            return bool(self.rows(query)[0][0])
        except sqlite3.OperationalError:  # killed before it had made its tables
            return False

    def damage(self) -> list[str]:
        """What SQLite finds wrong with the file."""
        return [f"the database is damaged: {word}" for (word,) in self.rows("PRAGMA integrity_check") if word != "ok"]


def is_about(line: Line, request: Request) -> bool:
    """Whether a message of the bot's ever showed the prompt, or answers the request."""
    return line.reply_to == request.message_id or any(request.prompt in version.text for version in line.versions)


@asynccontextmanager
async def world(
    directory: Path,
    *,
    people: int = 1,
    telegram: BotApiOptions | None = None,
    genaipro: GenAIProOptions | None = None,
    start: bool = True,
    settings: Mapping[str, str] | None = None,
) -> AsyncIterator[World]:
    """Servers, people and a bot that runs; at the end it is killed without a word.

    Args:
        directory: Empty; the bot's and the servers' files go there.
        people: How many.
        telegram: Options of the Bot API server.
        genaipro: Options of the GenAIPro server.
        start: Whether the bot runs already.
        settings: More of the bot's.
    """
    options = genaipro or GenAIProOptions(key=KEY, quota=100_000).tiny()
    data_dir, scratch = directory / "data", directory / "scratch"
    scratch.mkdir()
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApiServer(telegram))
        introduce(api)
        service = await stack.enter_async_context(GenAIProServer(options))
        wire = await stack.enter_async_context(Wire(service.url))
        values = {
            "TELEGRAM_BOT_TOKEN": api.token,
            "TELEGRAM_API_URL": api.url,
            "GENAIPRO_API_KEY": options.key,
            "GENAIPRO_API_URL": wire.through(service.url),
            "DATA_DIR": str(data_dir),
            "TMPDIR": str(scratch),
            "HTTP_PORT": "0",
            "OPEN_ACCESS": "true",
            "RECONCILE_INTERVAL": "0.3",
            "GENAIPRO_REQUESTS_PER_MINUTE": "10000",
        }
        bot = BotProcess(values | dict(settings or {}), directory)
        here = World(api, service, [bot], data_dir, scratch, wire)
        here.people += [api.add_person(f"Person {number}") for number in range(people)]
        stack.push_async_callback(_stop, bot)
        if start:
            await bot.start()
        yield here


async def _stop(bot: BotProcess) -> None:
    if bot.is_running:
        await bot.kill()

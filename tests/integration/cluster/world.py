"""Several processes of the bot on one PostgreSQL, behind a balancer, with people who ask for videos."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import psycopg
from psycopg.rows import dict_row

from sandbox.botapi.faults import Fault, FaultKind
from sandbox.botapi.options import BotApiOptions
from sandbox.botapi.person import Person
from sandbox.botapi.server import BotApiServer
from sandbox.botapi.transcript import Line
from sandbox.botapi.updates import Update
from sandbox.botapi.webhook import SECRET_HEADER
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from sandbox.genaipro.records import PostRecord
from tests.buttons import action_of, has_button, is_told
from tests.chaos.process import BotProcess, LogLine
from tests.introduced import introduce
from tests.pictures import jpeg
from tests.ports import free_port

KEY = "cluster-key-1234567890"
SECRET = "a-secret-of-the-webhook"
PATH = "/updates"
PATIENCE = 120.0
RETRY_SECONDS = 0.1


class Balancer:
    """Hands each update to the next web process in turn, or to all of them at once; goes on until one takes it.

    Args:
        session: For the requests.
        ports: Where the web processes listen on loopback.
    """

    def __init__(self, session: aiohttp.ClientSession, ports: Sequence[int]) -> None:
        self._session = session
        self._ports = ports
        self._next = 0
        self.to_all = False
        self.taken: list[tuple[int, int]] = []

    async def deliver(self, update: Update) -> bool:
        """Take the place of the Bot API server's own requests."""
        while True:
            turn = [*self._ports[self._next :], *self._ports[: self._next]]
            self._next = (self._next + 1) % len(self._ports)
            targets = turn if self.to_all else turn[:1]
            if any(await asyncio.gather(*(self._post(port, update) for port in targets))):
                return True
            await asyncio.sleep(RETRY_SECONDS)

    async def _post(self, port: int, update: Update) -> bool:
        address = f"http://127.0.0.1:{port}{PATH}"
        try:
            async with self._session.post(address, json=update.wire(), headers={SECRET_HEADER: SECRET}) as response:
                if response.status == 200:
                    self.taken.append((update.update_id, port))
                return response.status == 200
        except aiohttp.ClientError:
            return False


@dataclass
class Cluster:
    """Everything there is."""

    telegram: BotApiServer
    genaipro: GenAIProServer
    balancer: Balancer
    url: str
    webs: list[BotProcess]
    workers: list[BotProcess]
    people: list[Person] = field(default_factory=list)

    @property
    def processes(self) -> list[BotProcess]:
        return [*self.webs, *self.workers]

    def person(self) -> Person:
        """Somebody new."""
        self.people.append(self.telegram.add_person(f"Person {len(self.people)}"))
        return self.people[-1]

    def posts(self, prompt: str) -> list[PostRecord]:
        return [post for post in self.genaipro.posts if post.prompt == prompt]

    async def ask(self, prompt: str, person: Person | None = None, count: int = 1) -> Person:
        """A photo captioned ``/video``, which starts at once; returns who asked."""
        who = person or self.person()
        await who.send_photo(jpeg(len(self.people)), f"/video x{count} {prompt}")
        return who

    async def card(self, person: Person, text: str) -> Line:
        """The person's newest message of the bot's that shows the text and can be started."""
        return await self.telegram.wait_for_message(
            person.chat_id, lambda line: text in line.text and has_button(line, ":go"), timeout=PATIENCE
        )

    async def press(self, line: Line, action: str, person: Person) -> str:
        return await person.press(line.message_id, data=action_of(line, action), chat=line.chat_id)

    async def ended(self, person: Person, after: int = 0) -> Line:
        """The newest status message of a person in its final state."""
        return await self.telegram.wait_for_message(person.chat_id, is_told, after=after, timeout=PATIENCE)

    def videos(self, person: Person) -> list[Line]:
        return [line for line in self.telegram.bot_lines(person.chat_id) if line.kind == "video"]

    def hold_photo(self) -> Fault:
        """Hold the next request for a photo before it has any effect."""
        return self.telegram.fail("getFile", FaultKind.HOLD)

    def hold_video(self, person: Person) -> Fault:
        """Hold the next video to somebody before it has any effect."""
        return self.telegram.fail("sendVideo", FaultKind.HOLD, chat_id=person.chat_id)

    def rows(self, query: str) -> list[dict[str, object]]:
        """Ask the database."""
        with psycopg.connect(self.url, row_factory=dict_row) as connection:
            return connection.execute(query.encode()).fetchall()

    async def until_rows(self, query: str, wanted: object) -> None:
        """Wait until the first column of the first row is this. Nothing tells of a commit but the database itself."""
        async with asyncio.timeout(PATIENCE):
            while [next(iter(row.values())) for row in self.rows(query)][:1] != [wanted]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def at_rest(self) -> None:
        """Wait until every update is handled and every end is told."""
        await self.telegram.wait_until_idle()
        await self.until_rows("SELECT count(*) FROM inbox WHERE payload IS NOT NULL", 0)
        await self.until_rows("SELECT count(*) FROM generations WHERE final_shown_at IS NULL", 0)

    def logged(self, event: str) -> list[LogLine]:
        """The lines of all processes with that event, in their order."""
        return sorted((line for one in self.processes for line in one.events(event)), key=lambda line: line.at)

    def tracebacks(self) -> list[str]:
        """Lines that are no log lines, or that carry a traceback: what may happen is to be one clear line."""
        lines = [line for process in self.processes for line in process.lines]
        return [f"{line.event} {line.fields}" for line in lines if line.level == "raw" or line.fields.get("exception")]

    async def until_logged(self, event: str, count: int) -> list[LogLine]:
        """Wait until the processes have said something so often in all."""
        async with asyncio.timeout(PATIENCE):
            while len(lines := self.logged(event)) < count:
                news = [asyncio.ensure_future(one.news()) for one in self.processes]
                await asyncio.wait(news, return_when=asyncio.FIRST_COMPLETED)
                for one in news:
                    one.cancel()
        return lines


@asynccontextmanager
async def cluster(
    directory: Path,
    url: str,
    *,
    webs: int = 2,
    workers: int = 3,
    running: int | None = None,
    settings: Mapping[str, str] | None = None,
    people: int = 0,
    settings_for: Callable[[Sequence[Person]], Mapping[str, str]] = lambda _people: {},
) -> AsyncIterator[Cluster]:
    """Servers, processes and a balancer; at the end all processes are killed without a word.

    Args:
        directory: Empty; the bot's files go there, those of all processes to the same place.
        url: Of an empty PostgreSQL database.
        webs: Web processes, all of them started.
        workers: Worker processes.
        running: How many of those are started; all by default.
        settings: More of the bot's settings.
        people: Who are there before the bot is.
        settings_for: Settings that name some of them.
    """
    options = GenAIProOptions(key=KEY, quota=100_000).tiny()
    scratch = directory / "scratch"
    scratch.mkdir()
    async with AsyncExitStack() as stack:
        api = await stack.enter_async_context(BotApiServer(BotApiOptions()))
        introduce(api)
        service = await stack.enter_async_context(GenAIProServer(options))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        there = [api.add_person(f"Person {number}") for number in range(people)]
        common = {
            "TELEGRAM_BOT_TOKEN": api.token,
            "TELEGRAM_API_URL": api.url,
            "GENAIPRO_API_KEY": options.key,
            "GENAIPRO_API_URL": service.url,
            "DATABASE_URL": url,
            "DATA_DIR": str(directory / "data"),
            "TMPDIR": str(scratch),
            "OPEN_ACCESS": "true",
            "RECONCILE_INTERVAL": "0.3",
            "GENAIPRO_REQUESTS_PER_MINUTE": "10000",
            "WEBHOOK_URL": f"https://bot.example.com{PATH}",
            "WEBHOOK_SECRET": SECRET,
            "HTTP_PORT": "0",
        }
        common |= {**(settings or {}), **settings_for(there)}
        ports = [free_port() for _ in range(webs)]
        balancer = Balancer(session, ports)
        # Telegram calls the public address; where that leads is the operator's, who has put a balancer there.
        api.backend.webhook._deliver = balancer.deliver  # type: ignore[method-assign]
        here = Cluster(
            api,
            service,
            balancer,
            url,
            [BotProcess(common | {"HTTP_PORT": str(port)}, directory, "web") for port in ports],
            [BotProcess(common | {"HTTP_PORT": str(free_port())}, directory, "worker") for _ in range(workers)],
            there,
        )
        for process in here.processes:
            stack.push_async_callback(_stop, process)
        started = [*here.webs, *here.workers[: workers if running is None else running]]
        await asyncio.gather(*(process.start() for process in started))
        try:
            yield here
        except BaseException:
            _tell(here)
            raise


def _tell(here: Cluster) -> None:
    """Print what everybody said, which is read where a test fails."""
    lines = [(line.at, number, line) for number, one in enumerate(here.processes) for line in one.lines]
    for at, number, line in sorted(lines, key=lambda entry: entry[:2]):
        print(f"{at:.2f} process {number}: {dict(line.fields) or line.event}")  # noqa: T201
    for call in here.telegram.calls():
        print(f"{call.at:%H:%M:%S.%f} {call.method} {str(dict(call.params))[:300]}")  # noqa: T201
    columns = "prompt, state, epoch, armed_at, taken_by, finished_at, final_shown_at"
    for row in here.rows(f"SELECT {columns} FROM generations"):
        print(row)  # noqa: T201


async def _stop(process: BotProcess) -> None:
    if process.is_running:
        await process.kill()

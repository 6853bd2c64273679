"""Status messages over real rows, and Telegram as they know it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from services.generations.model import Generation
from services.messenger import EditOutcome
from services.outbox.calls import Fence, Priority
from services.payments.model import Settlement
from services.screens import Place, Screen
from services.status.messages import StatusMessages
from services.status.render import StatusScreens
from services.tasks import Tasks
from services.texts import Texts
from tests.unit.generations.bench import Bench, bench


@dataclass
class Chats:
    """Telegram as the status messages know it."""

    outcome: EditOutcome = EditOutcome.DONE
    edits: list[tuple[int, int, str, int | None]] = field(default_factory=list)
    sent: list[tuple[Place, str]] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    open: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    gone: set[int] = field(default_factory=set)
    order: list[tuple[str, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.open.set()

    async def asked(self, number: int) -> None:
        """Wait until so many edits were asked for, and see that no more are."""
        while self.waiting < number:
            self.news.clear()
            await self.news.wait()
        for _ in range(20):
            await asyncio.sleep(0)
        assert self.waiting == number

    async def edit(
        self,
        chat_id: int,
        message_id: int,
        screen: Screen,
        priority: Priority = Priority.ANSWER,
        version: int | None = None,
        fence: Fence | None = None,
    ) -> EditOutcome:
        self.waiting += 1
        self.news.set()
        await self.open.wait()
        if fence is not None:
            await fence()
        if self.errors:
            raise self.errors.pop(0)
        self.edits.append((chat_id, message_id, screen.html, version))
        self.order.append(("edit", message_id))
        return EditOutcome.GONE if message_id in self.gone else self.outcome

    async def send(self, place: Place, screen: Screen, priority: Priority = Priority.ANSWER) -> int:
        await self.open.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.sent.append((place, screen.html))
        return 100 + len(self.sent)

    async def delete(self, _chat_id: int, message_id: int) -> None:
        self.deleted.append(message_id)
        self.order.append(("delete", message_id))


@dataclass
class Till:
    """What came back of what was sold."""

    back: Settlement = field(default_factory=Settlement)

    async def settle(self, _generation_id: str) -> Settlement:
        return self.back


@dataclass(repr=False)  # what asyncio would ask for at the end of each fixture, and takes milliseconds
class Room:
    """Status messages over real rows."""

    here: Bench
    chats: Chats
    status: StatusMessages
    tasks: Tasks
    moved: list[tuple[int, int]]
    till: Till

    async def shown(self) -> list[str]:
        """The first line of each edit, once all are made."""
        await self.tasks.drain()
        return [html.splitlines()[0] for _, _, html, _ in self.chats.edits]


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Room]:
    """A room on a database of its own."""
    here, close = await bench(folder)
    chats, tasks, moved, till = Chats(), Tasks(), [], Till()

    async def move_chat(old: int, new: int) -> None:
        moved.append((old, new))
        await here.rows.move_chat(old, new)

    screens = StatusScreens(here.database, Texts("en"), here.clock, settle=till.settle)
    status = StatusMessages(
        chats,  # type: ignore[arg-type]
        here.database,
        screens,
        here.clock,
        tasks,
        move_chat,
    )
    yield Room(here, chats, status, tasks, moved, till)
    await tasks.cancel()
    await close()


async def running(room: Room) -> Generation:
    return await room.here.take(await room.here.place())

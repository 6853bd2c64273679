"""The whole conversation in a real application, talking to a Bot API server; generations are queued and never run."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO

from PIL import Image
from sqlalchemy.orm import Session
from telegram import Update
from telegram.ext import Application, ApplicationBuilder
from telegram.request import HTTPXRequest

from handlers.deps import Deps
from handlers.errors import Errors
from handlers.routing import routes
from sandbox.botapi import BotApiServer, Line, Person
from services.access import OwnerLists
from services.cards.store import CardStore
from services.cards.timers import CardTimers, CardTimes
from services.cards.updates import CardUpdates, Quiet
from services.chat_moves import ChatMoves
from services.clock import SystemClock
from services.drafts.albums import SeenAlbums, StartingAlbums
from services.drafts.buttons import DraftButtons
from services.drafts.drafts import Drafts
from services.drafts.starting import Starter
from services.generations.model import CancelOutcome, Generation, Order, PlaceOutcome, draft_request_key
from services.generations.repository import GenerationRows
from services.messenger import Messenger
from services.photos.model import PhotoProblem, PhotoRef
from services.store.database import Database
from services.texts import Texts
from tests.commands.world import World as CommandWorld
from tests.drafts.world import Rows, numbered

QUIET = Quiet(album=timedelta(seconds=0.15), single=timedelta(seconds=0.05))
PACE = CardTimes(quiet=0.05, longest=0.3)


def jpeg(number: int = 0) -> bytes:
    """A picture unlike those of other numbers."""
    buffer = BytesIO()
    Image.new("RGB", (64 + number, 48), (number * 20 % 255, 90, 160)).save(buffer, "JPEG")
    return buffer.getvalue()


@dataclass
class Generations:
    """Takes orders into the table, where they wait for ever."""

    queue: Rows
    rows: GenerationRows
    orders: list[Order] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    cancelled: list[tuple[str, int, bool]] = field(default_factory=list)
    moved: list[tuple[int, int]] = field(default_factory=list)

    def place(self, session: Session, order: Order) -> PlaceOutcome:
        outcome = self.queue.place(session, order)
        if getattr(outcome, "created", False):
            self.orders.append(order)
        return outcome

    async def placed(self, generation_id: str, *, has_message: bool = False) -> None:
        self.shown.append(generation_id)

    async def find(self, generation_id: str) -> Generation | None:
        return await self.rows.get(generation_id)

    async def of_draft(self, draft_id: str) -> str | None:
        key = draft_request_key(draft_id)
        return next((f"g{n}" for n, order in enumerate(self.orders, 1) if order.request_key == key), None)

    async def order_again(self, generation_id: str) -> Order | None:
        return self.orders[int(generation_id[1:]) - 1] if int(generation_id[1:]) <= len(self.orders) else None

    async def cancel(self, generation_id: str, user_id: int, *, is_admin: bool = False) -> CancelOutcome:
        self.cancelled.append((generation_id, user_id, is_admin))
        await self.rows.request_cancel(generation_id)
        return CancelOutcome.ACCEPTED

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        self.moved.append((old_chat_id, new_chat_id))


@dataclass
class Inspector:
    """Finds the faults that a test names, by file name."""

    problems: dict[str, PhotoProblem] = field(default_factory=dict)
    looked_at: list[str] = field(default_factory=list)

    async def inspect(self, photo: PhotoRef) -> PhotoProblem | None:
        self.looked_at.append(photo.file_name)
        return self.problems.get(photo.file_name)


class World:
    """Everything the conversation needs, in the order in which it is made."""

    def __init__(self, server: BotApiServer, database: Database, lists: OwnerLists) -> None:
        base = CommandWorld(server, database, lists)
        self.server, self.database, self.clock = server, database, SystemClock()
        self.people, self.throttle, self.access = base.people, base.throttle, base.access
        self.errors: list[BaseException] = []
        self.inspector = Inspector()
        self.generations = Generations(Rows(self.clock), GenerationRows(database, self.clock))
        texts = Texts("en")
        self.application = self._application(server)
        self.messenger = Messenger(self.application.bot)
        self.drafts = Drafts(database, self.clock, numbered("d"))
        self.buttons = DraftButtons(database, self.clock, numbered("e"), texts)
        self.cards = CardStore(database, self.clock)
        self.starter = Starter(database, self.generations, self.clock)
        moves = ChatMoves(database, self.generations, base.access)
        keeper = CardUpdates(
            self.drafts, self.cards, self.starter, self.messenger, moves, texts, self.clock, quiet=QUIET
        )
        self.timers = CardTimers(keeper, self.cards, self.clock, times=PACE)
        # The guard of the commands' own world sends through another application to the same server.
        self.deps = Deps(
            texts=texts,
            guard=base.guard,
            answers=base.guard._answers,
            throttle=base.throttle,
            rooms=base.rooms,
            drafts=self.drafts,
            buttons=self.buttons,
            seen_albums=SeenAlbums(database, self.clock),
            starting_albums=StartingAlbums(database, self.clock),
            starter=self.starter,
            timers=self.timers,
            generations=self.generations,
            inspector=self.inspector,
            chat_moves=moves,
        )
        base.rooms.commands._drafts, base.rooms.commands._cards = self.buttons, self.timers
        self.base = base
        self.application.add_handlers(routes(self.deps))
        self.application.add_error_handler(Errors(self.messenger, texts).handle)
        self.application.add_error_handler(self._note_error)

    @asynccontextmanager
    async def running(self) -> AsyncIterator["World"]:
        async with AsyncExitStack() as stack:
            for application in (self.base.application, self.application):
                await application.initialize()
                stack.push_async_callback(application.shutdown)
            await self.application.start()
            stack.push_async_callback(self.application.stop)
            stack.push_async_callback(self.timers.close)
            assert self.application.updater is not None
            await self.application.updater.start_polling(poll_interval=0.0, timeout=1)
            stack.push_async_callback(self.application.updater.stop)
            yield self

    @property
    def orders(self) -> list[Order]:
        return self.generations.orders

    async def card(self, chat: int, match: str = "", *, after: int = 0) -> Line:
        """The card that shows this."""

        def fits(line: Line) -> bool:
            data = [button.data or "" for row in line.buttons for button in row]
            return match in line.text and any(item.startswith("d:") for item in data)

        return await self.server.wait_for_message(chat, fits, after=after)

    async def ordered(self, number: int = 1) -> Order:
        """The last of so many orders, once it is there and was shown."""
        await self.settled()
        assert len(self.generations.shown) >= number
        return self.orders[number - 1]

    async def settled(self) -> None:
        """Every update so far was handled, and every card shown: a later update of somebody else's was answered."""
        witness = self.server.add_person("Witness", started=True)
        sent = await witness.send_text("/privacy")
        await self.server.wait_for_message(witness.chat_id, after=sent.message_id)
        await self.timers.settled()

    async def presses_button(self, person: Person, line: Line, label: str) -> str | None:
        """Press a button and give the notice that it is answered with."""
        query = await person.press(line.message_id, label, chat=line.chat_id)
        return (await self.server.wait_for_answer(query)).answer

    def texts_in(self, chat: int) -> list[str]:
        """What the bot has said in a chat."""
        return [line.text for line in self.server.bot_lines(chat)]

    def _application(self, server: BotApiServer) -> "Application":  # type: ignore[type-arg]
        builder = ApplicationBuilder().token(server.token).base_url(server.base_url)
        # Reading the certificates of the world takes longer than any of these tests, and loopback needs none.
        builder = builder.request(HTTPXRequest(httpx_kwargs={"verify": False}))
        return builder.get_updates_request(HTTPXRequest(httpx_kwargs={"verify": False})).build()

    async def repeat_updates(self) -> None:
        """Hand the bot every update once more, as happens when it died before it confirmed them."""
        for update in list(self.server.backend.updates.produced):
            await self.application.update_queue.put(Update.de_json(update.wire(), self.application.bot))

    async def _note_error(self, _update: object, context: object) -> None:
        error = getattr(context, "error", None)
        self.errors.append(error if isinstance(error, BaseException) else RuntimeError("no error given"))

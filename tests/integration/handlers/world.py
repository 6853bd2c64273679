"""The services and the handlers as a process has them, on the sandbox; generations are queued and never run."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import select
from telegram import Update
from telegram.ext import CallbackContext

from bot.metrics import StateTimes
from bot.outbox import Outbox
from bot.polling import Poller
from bot.settings import Settings
from bot.telegram_session import connect, make_bot
from bot.update_queue import UpdateQueue
from bot.wiring import open_services
from handlers.context import BotApplication
from handlers.routing import make_application
from sandbox.botapi import BotApiServer, Line, Person
from sandbox.genaipro import GenAIProOptions, GenAIProServer
from services.access import OwnerLists
from services.cluster import Alone
from services.generations.model import Generation
from services.generations.store import load, photos_of
from services.photos.model import PhotoRef
from services.services import Services
from services.store.database import open_database
from services.store.schema import GenerationRow
from services.telemetry import Contact
from tests.acceptance.e2e.clockwork import TravelClock
from tests.buttons import is_card
from tests.hand_clock import HandClock
from tests.settings import FixedSettings

NOON = datetime(2026, 3, 30, 12, 0, tzinfo=UTC)
OWNER = 900


class NoonClock(TravelClock):
    """A clock that begins at noon of one day."""

    def __init__(self) -> None:
        super().__init__()
        self._began = self.monotonic()

    def now(self) -> datetime:
        return NOON + timedelta(seconds=self.monotonic() - self._began)


@dataclass(repr=False)  # what asyncio would ask for at the end of each fixture, and takes milliseconds
class World:
    """What a process has, but for the worker that runs generations."""

    server: BotApiServer
    services: Services
    application: BotApplication
    queue: UpdateQueue
    clock: NoonClock
    notices: HandClock
    """The clock of what is told once in a while, which passes only by hand."""
    errors: list[BaseException] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1_000_000_000))

    async def says(self, person: Person, text: str, *, chat: int | None = None, **where: int) -> Line:
        """Send a text and give the bot's next message in that chat."""
        sent = await person.send_text(text, chat=chat, **where)  # type: ignore[arg-type]
        return await self.sees(sent.chat_id, after=sent.message_id)

    async def sees(self, chat: int, match: str | Callable[[Line], bool] = "", **more: Any) -> Line:
        """Wait until a message of the bot's in a chat matches; gives the newest such."""
        async with self.clock.hurried():
            return await self.server.wait_for_message(chat, match, **more)

    async def is_silent(self, person: Person, text: str, *, chat: int | None = None, **where: int) -> bool:
        """Whether the bot lets a text go by."""
        place = person.chat_id if chat is None else chat
        before = len(self.server.bot_lines(place))
        await person.send_text(text, chat=chat, **where)  # type: ignore[arg-type]
        await self.settled()
        return len(self.server.bot_lines(place)) == before

    async def presses(self, person: Person, line: Line, label: str) -> str | None:
        """Press a button and give the notice that it is answered with."""
        query = await person.press(line.message_id, label, chat=line.chat_id)
        async with self.clock.hurried():
            return (await self.server.wait_for_answer(query)).answer

    async def presses_data(self, person: Person, line: Line, data: str) -> str | None:
        """The same with data that a button of this message may never have had."""
        message = self.server.backend.world.chats[line.chat_id].messages[line.message_id]
        async with self.clock.hurried():
            return (await self.server.wait_for_answer(person.press_data(message, data))).answer

    async def handled(self) -> None:
        """Every update that was fetched so far was handled."""
        await self.queue._tasks.drain()

    async def settled(self) -> None:
        """Every update so far was handled, and every card shown: a later update of somebody else's was answered."""
        witness = self.server.add_person("Witness", started=True)
        await self.says(witness, "/privacy")
        async with self.clock.hurried():
            await self.handled()
            await self.services.card_timers._tasks.drain()
            await self.services.tasks.drain()

    async def card(self, chat: int, match: str = "", *, after: int = 0) -> Line:
        """The card that shows this, once nothing is due any more."""
        await self.settled()

        def fits(line: Line) -> bool:
            return match in line.text and is_card(line)

        return await self.sees(chat, fits, after=after)

    async def orders(self) -> list[Generation]:
        """What was ordered so far, in that order, as it stands now."""
        await self.settled()
        ids = await self.services.database.read(
            lambda session: list(session.scalars(select(GenerationRow.id).order_by(GenerationRow.queued_at)))
        )
        found = [await self.services.database.read(load, generation_id) for generation_id in ids]
        return [generation for generation in found if generation is not None]

    async def ordered(self, number: int = 1) -> Generation:
        """The last of so many orders, whose status message is there."""
        orders = await self.orders()
        assert len(orders) == number
        assert orders[-1].status_message_id is not None
        return orders[-1]

    async def photos(self, order: Generation) -> tuple[PhotoRef, ...]:
        """What an order was placed with."""
        return await self.services.database.read(photos_of, order.id)

    def texts_in(self, chat: int) -> list[str]:
        """What the bot has said in a chat."""
        return [line.text for line in self.server.bot_lines(chat)]

    async def take(self, wire: dict[str, Any]) -> None:
        """Hand the bot an update that its server never made, with a number of its own."""
        incoming = self.queue.read(wire | {"update_id": next(self._numbers)})
        assert incoming is not None
        await self.queue.take([incoming])

    async def repeat_updates(self) -> None:
        """Have every update handled once more, as happens when the bot died before it noted the end."""
        for update in list(self.server.backend.updates.produced):
            await self.application.process_update(Update.de_json(update.wire(), self.application.bot))

    async def note_error(self, _update: object, context: "CallbackContext[Any, Any, Any, Any]") -> None:
        """Keep what a handler raised."""
        self.errors.append(context.error or RuntimeError("no error given"))


@asynccontextmanager
async def handling(
    server: BotApiServer, genaipro: GenAIProServer, clock: NoonClock, data_dir: Path, lists: OwnerLists, **more: object
) -> AsyncIterator[World]:
    """The bot at work on a server.

    Args:
        server: Runs by the same clock.
        genaipro: Tells the credits.
        clock: The bot's.
        data_dir: Holds the database.
        lists: Who may use the bot.
        more: Settings beside these.
    """
    settings: Settings = FixedSettings.model_validate(
        {
            "telegram_bot_token": SecretStr(server.token),
            "telegram_api_url": server.url,
            "genaipro_api_key": SecretStr(genaipro.options.key),
            "genaipro_api_url": genaipro.url,
            "data_dir": data_dir,
            "open_access": lists.is_open,
            "allowed_user_ids": lists.user_ids,
            "allowed_chat_ids": lists.chat_ids,
            "admin_user_ids": lists.admin_ids,
        }
        | more
    )
    async with AsyncExitStack() as stack:
        database = await open_database(settings.effective_database_url)
        stack.push_async_callback(database.close)
        bot = make_bot(settings, Contact(clock), Outbox(clock=clock))
        stack.push_async_callback(bot.shutdown)
        await connect(bot)
        services = await open_services(stack, settings, database, bot, Alone("test"), StateTimes(clock), clock)
        notices = HandClock()
        services.throttle.clock = notices
        application = make_application(bot, services)
        await application.initialize()
        stack.push_async_callback(application.shutdown)
        queue = UpdateQueue(application, services.inbox, clock)
        world = World(server, services, application, queue, clock, notices)
        application.add_error_handler(world.note_error)
        polling = asyncio.create_task(Poller(bot, queue, Contact(clock), clock).run())
        try:
            yield world
        finally:
            polling.cancel()
            await asyncio.wait([polling])
            await queue.close()
            await services.card_timers.close()
            await services.tasks.cancel()


@asynccontextmanager
async def genaipro_at(clock: NoonClock) -> AsyncIterator[GenAIProServer]:
    """A service that is asked for credits at most."""
    options = GenAIProOptions(key="test-key-1234567890", quota=77, now=clock.now, sleep=clock.sleep)
    async with GenAIProServer(options) as service:
        yield service

"""What a person does on the page: writes, edits, deletes, presses, chooses, kills the bot."""

import asyncio
import shutil
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Protocol, TypeVar

from aiohttp import web
from pydantic import TypeAdapter, ValidationError

from sandbox.botapi import BotApiServer
from sandbox.botapi.model import Message
from sandbox.botapi.person import Person
from sandbox.web.cast import Cast
from sandbox.web.faults import NextRequest
from sandbox.web.grouping import Grouping
from sandbox.web.uploads import Destination, RefusedError, read_parcel, send
from sandbox.web.views import commands_view

ANSWER_SECONDS = 90.0
"""How long a pressed button waits for the bot, which may have been killed meanwhile."""
START_SECONDS = 60.0
T = TypeVar("T")


class BotProcess(Protocol):
    """The bot, as far as the page can do something to it."""

    async def kill(self) -> None:
        """End it at once, as ``kill -9`` does."""
        ...

    async def start(self) -> None:
        """Start it."""
        ...


class LifeTeller(Protocol):
    """Shows on the page whether the bot runs."""

    def __call__(self, *, alive: bool, notice: str = "") -> None:
        """Show it, with one of the page's notices."""
        ...


@dataclass(frozen=True, slots=True)
class Touch:
    """Something done to a message: by whom, where, and with what new text or data."""

    speaker: int
    chat: int
    message: int
    text: str = ""
    data: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the next request shall meet with."""

    choice: str


_TOUCH = TypeAdapter(Touch)
_CHOICE = TypeAdapter(Choice)


@dataclass(slots=True)
class Actions:
    """The calls of the page.

    Attributes:
        scratch: A directory for files that are being sent.
        life: Shows whether the bot runs.
        bot: The bot that people may kill, or None.
    """

    telegram: BotApiServer
    cast: Cast
    grouping: Grouping
    next_request: NextRequest | None
    scratch: Path
    life: LifeTeller
    bot: BotProcess | None = None
    _parcels: "count[int]" = field(default_factory=count)
    _killing: asyncio.Lock = field(default_factory=asyncio.Lock)

    def add_routes(self, application: web.Application) -> None:
        """Serve all calls."""
        for name in ("send", "edit", "delete", "press", "next", "kill"):
            application.router.add_post(f"/do/{name}", getattr(self, name))
        application.router.add_get("/commands", self.commands)

    async def send(self, request: web.Request) -> web.Response:
        """Send text and files."""
        directory = self.scratch / str(next(self._parcels))
        await asyncio.to_thread(directory.mkdir)
        try:
            parcel = await read_parcel(request, directory)
            person = self._speaker(int(parcel.fields["speaker"]), int(parcel.fields["chat"]))
            to = Destination(person, int(parcel.fields["chat"]), parcel.number("reply_to"))
            await send(parcel, to, directory)
        except RefusedError as refused:
            return _refusal(refused.key)
        except (KeyError, ValueError):
            return _refusal("error-form")
        finally:
            await asyncio.to_thread(shutil.rmtree, directory, ignore_errors=True)
        return web.json_response({})

    async def edit(self, request: web.Request) -> web.Response:
        """Change an own message."""
        touch = await _read(request, _TOUCH)
        message = self._own(touch)
        text = touch.text.strip()
        if not text and message.media is None:
            return _refusal("error-empty")
        if text != message.content.text:
            await self._speaker(touch.speaker, touch.chat).edit(message, text)
        return web.json_response({})

    async def delete(self, request: web.Request) -> web.Response:
        """Delete an own message."""
        touch = await _read(request, _TOUCH)
        self._own(touch)
        await self._speaker(touch.speaker, touch.chat).delete(touch.message, chat=touch.chat)
        return web.json_response({})

    async def press(self, request: web.Request) -> web.Response:
        """Press a button, and give the bot's answer to it."""
        touch = await _read(request, _TOUCH)
        person = self._speaker(touch.speaker, touch.chat)
        try:
            query_id = await person.press(touch.message, data=touch.data, chat=touch.chat)
        except LookupError:
            return _refusal("error-button")
        self.grouping.person_pressed(self.telegram.backend.journal.presses[query_id])
        try:
            press = await self.telegram.wait_for_answer(query_id, ANSWER_SECONDS)
        except TimeoutError:
            return _refusal("error-no-answer")
        return web.json_response({"text": press.answer, "alert": press.alert})

    async def commands(self, request: web.Request) -> web.Response:
        """The commands that Telegram offers the speaker here."""
        try:
            chat_id = int(request.query["chat"])
            person = self._speaker(int(request.query["speaker"]), chat_id)
        except (KeyError, ValueError):
            return _refusal("error-form")
        world = self.telegram.backend.world
        return web.json_response(commands_view(world, world.chats[chat_id], person.user))

    async def next(self, request: web.Request) -> web.Response:
        """Choose what the service does with the next request."""
        choice = (await _read(request, _CHOICE)).choice
        if self.next_request is None:
            return _refusal("error-form")
        try:
            self.next_request.choose(choice)
        except LookupError:
            return _refusal("error-form")
        return web.json_response({})

    async def kill(self, request: web.Request) -> web.Response:
        """Kill the bot and start it again; the page shows both."""
        del request
        bot = self.bot
        if bot is None or self._killing.locked():
            return _refusal("error-busy")
        async with self._killing:
            await bot.kill()
            self.life(alive=False, notice="bot-killed")
            await self._start(bot)
        return web.json_response({})

    async def _start(self, bot: BotProcess) -> None:
        updates = self.telegram.backend.updates
        before = updates.polls
        await bot.start()
        try:
            await self.telegram.wait_for(lambda: updates.polls > before, START_SECONDS)
        except TimeoutError:
            self.life(alive=False, notice="bot-silent")
        else:
            self.life(alive=True, notice="bot-started")

    def _speaker(self, user_id: int, chat_id: int) -> Person:
        try:
            return self.cast.speaker(user_id, chat_id)
        except LookupError as error:
            raise web.HTTPBadRequest(text=str(error)) from None

    def _own(self, touch: Touch) -> Message:
        """The message that is touched, which is the speaker's own."""
        world = self.telegram.backend.world
        person = self._speaker(touch.speaker, touch.chat)
        message = world.find_message(world.chats[touch.chat], touch.message)
        if message is None or message.sender is not person.user:
            raise web.HTTPBadRequest(text="no such message of one's own")
        return message


async def _read(request: web.Request, adapter: TypeAdapter[T]) -> T:
    try:
        return adapter.validate_json(await request.read())
    except ValidationError:
        raise web.HTTPBadRequest(text="not understood") from None


def _refusal(key: str) -> web.Response:
    """What could not be done, by a key of the page's words."""
    return web.json_response({"error": key}, status=409)

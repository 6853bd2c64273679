"""The page's server: its files, one WebSocket for what changes, and what a person does on it."""

import asyncio
import contextlib
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.botapi import BotApiServer
from sandbox.botapi.journal import Download, Event, Noted, ReceivedCall
from sandbox.botapi.model import JsonObject
from sandbox.genaipro import GenAIProServer
from sandbox.listening import listening
from sandbox.tasks import beside
from sandbox.web import texts
from sandbox.web.actions import Actions, BotProcess
from sandbox.web.cast import Cast
from sandbox.web.faults import SCRIPTS, WORKS, NextRequest
from sandbox.web.feed import Feed
from sandbox.web.files import Files
from sandbox.web.grouping import Grouping
from sandbox.web.guard import Guard, Handler
from sandbox.web.screens import ScreenCard, screens_view
from sandbox.web.views import history_view, message_view
from sandbox.web.wire import WireLog

STATIC = Path(__file__).parent / "static"
_RETAKEN = {"message_sent", "message_edited", "message_reaction"}


@dataclass(frozen=True, slots=True)
class ChatOptions:
    """How the page is served.

    Attributes:
        port: 0 takes a free one.
        language: Of the page and of the people's Telegram.
        costs: The service is the real one: requests cost.
        secrets: What must not be seen on the page.
    """

    port: int = 0
    language: str = "en"
    costs: bool = False
    secrets: Sequence[str] = ()


@dataclass(slots=True)
class ChatServer:
    """The page; use it with ``async with``.

    Attributes:
        telegram: The state that the page shows; it runs.
        service: The service that can be told what to do with the next request, or None.
        screens: Renders all screens of the bot.
    """

    options: ChatOptions
    telegram: BotApiServer
    cast: Cast
    service: GenAIProServer | None
    screens: Callable[[], Sequence[ScreenCard]]
    feed: Feed = field(default_factory=Feed)
    guard: Guard = field(default_factory=Guard)
    grouping: Grouping = field(init=False)
    wire: WireLog = field(init=False)
    next_request: NextRequest | None = field(init=False, default=None)
    _stack: contextlib.AsyncExitStack = field(init=False, default_factory=contextlib.AsyncExitStack)
    _alive: bool = field(init=False, default=False)
    _actions: Actions = field(init=False)

    def __post_init__(self) -> None:
        feed = self.feed
        self.grouping = Grouping(lambda request: feed.publish("request", {"request": request.wire()}))
        self.wire = WireLog(
            self.telegram.clock, lambda entry: feed.publish("wire", {"entry": entry}), self.options.secrets
        )
        if self.service is not None:
            self.next_request = NextRequest(self.service, lambda choice: feed.publish("next", {"choice": choice}))

    @property
    def url(self) -> str:
        """The page's address."""
        return f"http://127.0.0.1:{self.guard.port}/"

    async def __aenter__(self) -> Self:
        """Start to listen.

        Raises:
            OSError: The port is taken.
        """
        async with contextlib.AsyncExitStack() as stack:
            scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="chat-", ignore_cleanup_errors=True))
            journal = self.telegram.backend.journal
            journal.watchers.append(self._noted)
            stack.callback(journal.watchers.remove, self._noted)
            application = self._application(Path(scratch))
            self.guard.port = await stack.enter_async_context(listening(application, port=self.options.port, grace=1.0))
            stack.callback(self.feed.close)
            await stack.enter_async_context(beside(self._first_poll()))
            if self.next_request is not None:
                await stack.enter_async_context(beside(self.next_request.watch()))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self._stack.aclose()

    def control(self, bot: BotProcess) -> None:
        """Let people kill this bot."""
        self._actions.bot = bot

    def tell_life(self, *, alive: bool, notice: str = "") -> None:
        """Show whether the bot runs, with one of the page's notices."""
        self._alive = alive
        self.feed.publish("life", {"alive": alive, "notice": notice})

    async def _first_poll(self) -> None:
        """Show that the bot runs as soon as it asks for updates for the first time."""
        while not self.telegram.backend.updates.polls:
            await self.telegram.backend.signal.wait()
        self.tell_life(alive=True)

    def _application(self, scratch: Path) -> web.Application:
        application = web.Application(client_max_size=1 << 30)
        self.guard.install(application)
        self._actions = Actions(self.telegram, self.cast, self.grouping, self.next_request, scratch, self.tell_life)
        self._actions.add_routes(application)
        Files(self.telegram).add_routes(application)
        application.router.add_get("/", self._page("index.html"))
        application.router.add_get("/screens", self._page("screens.html"))
        application.router.add_get("/screens.json", self._screens)
        application.router.add_get("/texts.js", self._texts)
        application.router.add_get("/socket", self._socket)
        application.router.add_static("/static", STATIC)
        return application

    def _page(self, name: str) -> Handler:
        async def page(request: web.Request) -> web.StreamResponse:
            del request
            return web.Response(text=texts.page(name, self.options.language), content_type="text/html")

        return page

    async def _texts(self, request: web.Request) -> web.Response:
        del request
        return web.Response(text=texts.module(self.options.language), content_type="text/javascript")

    async def _screens(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(screens_view(await asyncio.to_thread(self.screens)))

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        """What changes: from the number that the page has seen on, or a snapshot and then everything."""
        socket = web.WebSocketResponse(heartbeat=30.0, compress=False)
        await socket.prepare(request)
        seen = request.query.get("since", "")
        since = int(seen) if seen.isdecimal() and request.query.get("run") == self.feed.run else -1
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send_changes(socket, since))
            async for _ in socket:
                pass
            sending.cancel()
        return socket

    async def _send_changes(self, socket: web.WebSocketResponse, since: int) -> None:
        with contextlib.suppress(ConnectionError):
            while not socket.closed and not self.feed.closed:
                changes = self.feed.since(since)
                since = self.feed.number
                if changes is None:
                    await socket.send_json(self._snapshot())
                elif changes:
                    await socket.send_str(f"[{','.join(changes)}]")
                await self.feed.wait(since)
            await socket.close()

    def _snapshot(self) -> JsonObject:
        world = self.telegram.backend.world
        return {
            "run": self.feed.run,
            "n": self.feed.number,
            "bot": {"id": world.bot.user_id, "name": world.bot.first_name, "username": world.bot.username},
            **self.cast.wire(),
            "messages": {str(chat_id): history_view(world, chat_id) for chat_id in self.cast.chats.values()},
            "next": self.next_request.choice if self.next_request is not None else WORKS,
            "choices": list(SCRIPTS) if self.next_request is not None else [],
            "costs": self.options.costs,
            "alive": self._alive,
            "requests": [request.wire() for request in self.grouping.requests],
            "wire": self.wire.wire(),
        }

    def _noted(self, noted: Noted) -> None:
        """Everything that the sandbox notes becomes a change."""
        if isinstance(noted, ReceivedCall):
            press = self.telegram.backend.journal.presses.get(str(noted.params.get("callback_query_id", "")))
            self.wire.call(noted, self.grouping.of_call(noted, press))
            if noted.method in {"setMyCommands", "deleteMyCommands"} and noted.applied:
                self.feed.publish("commands", {})
        elif isinstance(noted, Download):
            file = self.telegram.backend.files.downloadable(noted.path.removeprefix("/file/"))
            self.wire.download(noted, self.grouping.of_file(file.file_id) if file else 0)
        else:
            self._seen(noted)

    def _seen(self, event: Event) -> None:
        details = event.details
        line = details.get("message")
        place = line if isinstance(line, dict) else details
        chat_id, message_id = place.get("chat_id"), place.get("message_id")
        if event.kind == "chat_action":
            self.feed.publish("action", {"chat": chat_id, "action": details.get("action")})
        elif event.kind == "message_deleted":
            self.feed.publish("deleted", {"chat": chat_id, "id": message_id})
        elif event.kind in _RETAKEN and isinstance(chat_id, int) and isinstance(message_id, int):
            message = self.telegram.backend.world.chats[chat_id].messages[message_id]
            if event.actor == "person" and event.kind == "message_sent":
                self.grouping.person_wrote(message)
            self.feed.publish("message", {"message": message_view(self.telegram.backend.world, message)})

"""The Bot API server as an object: start it, fill it with people, watch what the bot does."""

import asyncio
import contextlib
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from sandbox.botapi.app import BotApiApp
from sandbox.botapi.backend import Backend
from sandbox.botapi.clock import Clock, SystemClock
from sandbox.botapi.crowd import Crowd
from sandbox.botapi.options import BotApiOptions
from sandbox.botapi.watch import Watch
from sandbox.listening import listening
from sandbox.tasks import beside


class BotApiServer(Crowd, Watch):
    """A Bot API server on loopback, for one bot.

    Use it with ``async with``; all its methods are to be called in the same event loop.

    Args:
        options: Its settings.
        clock: Its clocks; None = the machine's.
    """

    def __init__(self, options: BotApiOptions | None = None, *, clock: Clock | None = None) -> None:
        self.options = options or BotApiOptions()
        self.clock: Clock = clock or SystemClock()
        self.port = 0
        self._stack = contextlib.AsyncExitStack()

    @property
    def url(self) -> str:
        """The address without the ``/bot<token>`` part."""
        return f"http://{self.options.host}:{self.port}"

    @property
    def base_url(self) -> str:
        """What ``telegram.Bot(base_url=…)`` wants."""
        return f"{self.url}/bot"

    @property
    def base_file_url(self) -> str:
        """What ``telegram.Bot(base_file_url=…)`` wants."""
        return f"{self.url}/file/bot"

    @property
    def token(self) -> str:
        """The bot's token."""
        return self.options.token

    async def __aenter__(self) -> Self:
        """Start to listen."""
        async with contextlib.AsyncExitStack() as stack:
            root = self.options.data_dir
            if root is None:
                made = await asyncio.to_thread(tempfile.mkdtemp, prefix="botapi-")
                root = Path(made)
                stack.push_async_callback(asyncio.to_thread, _remove_tree, root)
            session = await stack.enter_async_context(aiohttp.ClientSession())
            self.backend = Backend(self.options, self.clock, root, session)
            await asyncio.to_thread(self.backend.files.prepare)
            app = BotApiApp(self.backend).build()
            self.port = await stack.enter_async_context(listening(app, self.options.host, self.options.port, grace=0.5))
            await stack.enter_async_context(beside(self.backend.webhook.run()))
            stack.callback(self._let_go)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop, and remove the temporary files."""
        await self._stack.aclose()

    def _let_go(self) -> None:
        self.backend.updates.close()
        self.backend.journal.close()
        self.backend.faults.clear()


def _remove_tree(root: Path) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        if path.is_dir():
            path.rmdir()
        else:
            path.unlink()
    root.rmdir()

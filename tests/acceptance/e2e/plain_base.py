"""What both plain servers stand on: a free port of loopback, and something to wait for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web

Json = dict[str, Any]
PATIENCE = 120.0


class News:
    """What tests wait for."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self.faults: list[str] = []

    def tell(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def changed(self) -> None:
        await self._event.wait()


@dataclass
class Serving:
    """A server's application on a free port of loopback."""

    app: web.Application
    port: int = 0

    async def __aenter__(self) -> Self:
        self._runner = web.AppRunner(self.app, shutdown_timeout=0, handler_cancellation=True)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


async def until(news: News, look: Callable[[], bool], what: str, around: Callable[[], object] = str) -> None:
    """Wait until something is true, looked at whenever a server has news.

    Args:
        news: The server.
        look: Is it?
        what: Said when it does not come true.
        around: What to show then.
    """
    try:
        async with asyncio.timeout(PATIENCE):
            while not look():
                await news.changed()
    except TimeoutError:
        raise AssertionError(f"never came: {what}; instead: {around()}; faults: {news.faults}") from None

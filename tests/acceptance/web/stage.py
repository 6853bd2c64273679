"""The page over a sandbox that the test holds itself: the test is the bot, by calls to the Bot API."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.botapi import BotApiServer
from sandbox.genaipro import GenAIProServer
from sandbox.web import Cast, ChatOptions, ChatServer

T = TypeVar("T")


@dataclass(slots=True)
class Stage:
    """Sandbox and page, in a thread of their own."""

    loop: asyncio.AbstractEventLoop
    telegram: BotApiServer
    cast: Cast
    page: ChatServer

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something in the thread."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    def call(self, method: str, **params: object) -> Any:
        """Call the Bot API as the bot."""
        url = f"{self.telegram.base_url}{self.telegram.token}/{method}"
        headers = {"Content-Type": "application/json"}
        request = urllib.request.Request(url, json.dumps(params).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["result"]


@contextmanager
def stage() -> Iterator[Stage]:
    """Start it, and end it."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> tuple[AsyncExitStack, Stage]:
        async with AsyncExitStack() as stack:
            telegram = await stack.enter_async_context(BotApiServer())
            service = await stack.enter_async_context(GenAIProServer())
            cast = Cast.gather(telegram, "en")
            page = await stack.enter_async_context(ChatServer(ChatOptions(), telegram, cast, service, list))
            return stack.pop_all(), Stage(loop, telegram, cast, page)
        raise AssertionError

    stack, one = asyncio.run_coroutine_threadsafe(start(), loop).result(60)
    try:
        yield one
    finally:
        asyncio.run_coroutine_threadsafe(stack.aclose(), loop).result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()

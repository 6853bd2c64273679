"""A Bot API server with one person, a real bot library that talks to it, and GenAIPro servers with clients."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
import telegram

from sandbox.botapi import BotApiServer, Person
from sandbox.genaipro import GenAIProServer
from tests.hand_clock import HandClock
from tests.integration.sandbox.botapi_tools import connect
from tests.integration.sandbox.genaipro_client import TINY, Client, Start


@pytest.fixture
async def botapi() -> AsyncIterator[BotApiServer]:
    """A server with its usual settings."""
    async with BotApiServer() as server:
        yield server


@pytest.fixture
async def alice(botapi: BotApiServer) -> Person:
    """Somebody who has started the bot."""
    return botapi.add_person("Alice", started=True)


@pytest.fixture
async def bot(botapi: BotApiServer) -> AsyncIterator[telegram.Bot]:
    """python-telegram-bot, pointed at the server."""
    async with connect(botapi) as bot:
        yield bot


@pytest.fixture
def clock() -> HandClock:
    """A clock that only moves when told to."""
    return HandClock()


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts tiny GenAIPro servers, which end with the test."""
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())

        async def start_server(**changes: Any) -> tuple[GenAIProServer, Client]:
            server = await stack.enter_async_context(GenAIProServer(replace(TINY, **changes)))
            return server, Client(server, session)

        yield start_server

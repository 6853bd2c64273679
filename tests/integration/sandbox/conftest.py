"""A Bot API server with one person, and a real bot library that talks to it."""

from collections.abc import AsyncIterator

import pytest
import telegram

from sandbox.botapi import BotApiServer, Person
from tests.hand_clock import HandClock
from tests.integration.sandbox.botapi_tools import connect


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

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.botapi import BotApiOptions, BotApiServer, Person
from services.access import OwnerLists
from tests.integration.handlers.conftest import MakeWorld
from tests.integration.handlers.world import OWNER, NoonClock, World, genaipro_at, handling


@pytest.fixture
def clock() -> NoonClock:
    return NoonClock()


@pytest.fixture
async def server(clock: NoonClock) -> AsyncIterator[BotApiServer]:
    async with BotApiServer(BotApiOptions(), clock=clock) as server:
        yield server


@pytest.fixture
async def make_world(server: BotApiServer, clock: NoonClock, tmp_path: Path) -> AsyncIterator[MakeWorld]:
    """Makes the bot on a server that may already hold people and groups."""
    made: list[World] = []
    async with AsyncExitStack() as stack:

        async def make(lists: OwnerLists, **settings: object) -> World:
            service = await stack.enter_async_context(genaipro_at(clock))
            made.append(await stack.enter_async_context(handling(server, service, clock, tmp_path, lists, **settings)))
            return made[-1]

        yield make
    assert [error for world in made for error in world.errors] == []


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """The bot, open to everybody, with one admin."""
    return await make_world(OwnerLists(is_open=True, admin_ids=frozenset({OWNER})))


@pytest.fixture
def alice(server: BotApiServer) -> Person:
    return server.add_person("Alice", started=True)


@pytest.fixture
def bao(server: BotApiServer) -> Person:
    return server.add_person("Bảo", language_code="vi", started=True)


@pytest.fixture
def owner(server: BotApiServer) -> Person:
    return server.add_person("Owner", user_id=OWNER, started=True)

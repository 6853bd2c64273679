from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.botapi import BotApiOptions, BotApiServer, Person
from services.access import OwnerLists
from services.store.database import Database, open_database
from tests.handlers.world import World
from tests.sandbox.second_opinion import check_calls

ADMIN = 900

MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    yield database
    await database.close()


@pytest.fixture
async def make_world(database: Database) -> AsyncIterator[MakeWorld]:
    """Makes the bot and its server; at the end every request of the bot's is given a second opinion."""
    worlds: list[World] = []
    async with AsyncExitStack() as stack:

        async def make(*, privacy_mode: bool = True, lists: OwnerLists | None = None) -> World:
            server = await stack.enter_async_context(BotApiServer(BotApiOptions(privacy_mode=privacy_mode)))
            lists = lists or OwnerLists(is_open=True, admin_ids=frozenset({ADMIN}))
            world = await stack.enter_async_context(World(server, database, lists).running())
            worlds.append(world)
            return world

        yield make
        for world in worlds:
            await world.settled()
    for world in worlds:
        assert world.errors == []
        check_calls(world.server.calls())


@pytest.fixture
async def world(make_world: MakeWorld) -> World:
    """The bot, open to everybody, with one admin, in privacy mode."""
    return await make_world()


@pytest.fixture
def anna(world: World) -> Person:
    return world.server.add_person("Anna", started=True)


@pytest.fixture
def bao(world: World) -> Person:
    return world.server.add_person("Bảo", language_code="vi", started=True)

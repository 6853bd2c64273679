from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.botapi import BotApiOptions, BotApiServer, Person
from services.access import OwnerLists
from services.store.database import Database, open_database
from tests.commands.world import OWNER, World

MakeWorld = Callable[[OwnerLists], Awaitable[World]]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    yield database
    await database.close()


@pytest.fixture
async def server() -> AsyncIterator[BotApiServer]:
    async with BotApiServer(BotApiOptions()) as server:
        yield server


@pytest.fixture
async def make_world(server: BotApiServer, database: Database) -> AsyncIterator[MakeWorld]:
    made: list[World] = []
    async with AsyncExitStack() as stack:

        async def make(lists: OwnerLists) -> World:
            world = World(server, database, lists)
            application = world.application
            await application.initialize()
            stack.push_async_callback(application.shutdown)
            await application.start()
            stack.push_async_callback(application.stop)
            assert application.updater is not None
            await application.updater.start_polling(poll_interval=0.0, timeout=1)
            stack.push_async_callback(application.updater.stop)
            made.append(world)
            return world

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

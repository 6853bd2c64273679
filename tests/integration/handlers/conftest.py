from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from sandbox.botapi import BotApiOptions, BotApiServer, Person
from services.access import OwnerLists
from tests.integration.handlers.world import OWNER, NoonClock, World, genaipro_at, handling
from tests.integration.sandbox.second_opinion import check_calls

MakeWorld = Callable[..., Awaitable[World]]


@pytest.fixture
async def make_world(tmp_path: Path) -> AsyncIterator[MakeWorld]:
    """Makes the bot and its server; at the end every request of the bot's is given a second opinion."""
    made: list[World] = []
    async with AsyncExitStack() as stack:

        async def make(lists: OwnerLists | None = None, *, privacy_mode: bool = True, **settings: object) -> World:
            clock = NoonClock()
            options = BotApiOptions(privacy_mode=privacy_mode)
            server = await stack.enter_async_context(BotApiServer(options, clock=clock))
            service = await stack.enter_async_context(genaipro_at(clock))
            lists = lists or OwnerLists(is_open=True, admin_ids=frozenset({OWNER}))
            here = handling(server, service, clock, tmp_path, lists, **settings)
            made.append(await stack.enter_async_context(here))
            return made[-1]

        yield make
        for world in made:
            await world.settled()
    for world in made:
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

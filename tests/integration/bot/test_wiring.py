from contextlib import AsyncExitStack
from dataclasses import fields
from pathlib import Path

from sandbox.botapi import BotApiServer
from services.access import OwnerLists
from services.services import Services
from tests.integration.handlers.world import NoonClock, genaipro_at, handling


async def test_every_service_is_there(tmp_path: Path) -> None:
    clock = NoonClock()
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(BotApiServer(clock=clock))
        service = await stack.enter_async_context(genaipro_at(clock))
        world = await stack.enter_async_context(handling(server, service, clock, tmp_path, OwnerLists()))
        assert [field.name for field in fields(Services) if not hasattr(world.services, field.name)] == []

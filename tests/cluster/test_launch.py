"""The job engine on a database that is away at the moment of its start."""

import asyncio

import pytest
from sqlalchemy.exc import SQLAlchemyError

from services.generations.engine import Engine
from services.generations.model import Generation
from tests.cluster.postgres import private_server


async def test_an_engine_whose_launch_met_an_outage_works_after_the_next_one() -> None:
    begun = asyncio.Event()

    async def begin(_generation_id: str) -> None:
        begun.set()

    async def advance(_generation: Generation) -> None:
        return None

    with private_server() as server, server.database() as url:
        engine = Engine(url, "single", begin, advance)
        server.stop()
        with pytest.raises(SQLAlchemyError):
            await engine.launch()
        server.start()
        await engine.launch()
        try:
            await engine.start("g1", 0)
            async with asyncio.timeout(120):
                await begun.wait()
        finally:
            await engine.shutdown()

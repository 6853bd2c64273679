"""A wish to cancel that comes through one process, and the run of another that it ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, cast

import pytest
import pytest_asyncio

from services.changes import Changes
from services.clock import Clock
from services.generations import cancelling
from services.generations.cancelling import CancelRequestedError, CancelScopes
from services.generations.model import Generation, Lease, Order, State
from services.generations.store import RunOvertakenError, insert
from services.options import VideoOptions
from services.orders import Orders
from services.store.database import Database, open_database
from tests.unit.generations.bench import PHOTO
from tests.unit.generations.rows import Rows

NEVER = 3600.0


@dataclass
class Side:
    """One process: what it needs to hear of wishes, and to have them."""

    database: Database

    def __post_init__(self) -> None:
        self.rows = Rows(self.database, Clock())
        self.changes = Changes(self.database, Clock())
        self.scopes = CancelScopes(self.database, self.changes)

    async def wish(self, generation: Generation) -> None:
        queue = SimpleNamespace(changed=asyncio.Event())
        orders = Orders(self.database, cast("Any", queue), self.scopes, cast("Any", None), Clock())
        assert await orders.cancel(generation.id)

    async def running(self, name: str) -> Generation:
        order = Order(f"key-{name}", 1, None, 1, "en", 5, None, "a cat", VideoOptions(), (PHOTO,))
        await self.database.write(insert, name, order, Clock().now())
        found = await self.rows.get(name)
        assert found is not None
        return await self.rows.move(found, State.SUBMITTING)

    async def block(self, generation: Generation) -> None:
        """Wait in the generation's block for good."""
        async with self.scopes.scope(generation.id, generation.epoch):
            await asyncio.Event().wait()


@pytest_asyncio.fixture
async def other(postgres_url: str) -> AsyncIterator[Database]:
    database = await open_database(postgres_url)
    yield database
    await database.close()


@asynccontextmanager
async def at_work(*works: object) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(work) for work in works]  # type: ignore[call-overload]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_announced_wish_is_not_waited_for(
    postgres_database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "WATCH_SECONDS", NEVER)
    web, worker = Side(postgres_database), Side(other)
    listening = asyncio.Event()
    worker.changes.listen("hello", lambda _subject: listening.set())
    first, second = await worker.running("first"), await worker.running("second")
    async with at_work(worker.changes.run(), worker.scopes.run()):
        await listening.wait()
        blocks = [asyncio.ensure_future(worker.block(one)) for one in (first, second)]
        await web.wish(first)
        with pytest.raises(CancelRequestedError):
            await blocks[0]
        assert not blocks[1].done()
        await web.wish(second)
        with pytest.raises(CancelRequestedError):
            await blocks[1]


async def test_what_was_announced_to_the_deaf_is_found_all_the_same(
    postgres_database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "WATCH_SECONDS", 0.02)
    web, worker = Side(postgres_database), Side(other)
    cancelled, taken = await worker.running("cancelled"), await worker.running("taken")
    async with at_work(worker.scopes.run()):
        blocks = [asyncio.ensure_future(worker.block(one)) for one in (cancelled, taken)]
        await web.wish(cancelled)
        with pytest.raises(CancelRequestedError):
            await blocks[0]
        assert await web.rows.take_over(Lease(taken.id, taken.epoch, None), "web")
        with pytest.raises(RunOvertakenError):
            await blocks[1]

"""Presses of one button that two people, or two processes, handle at the same moment."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from services.changes import Changes
from services.clock import Clock
from services.generations.model import Order, Placed, PlaceOutcome
from services.generations.queue import Limits, Queue
from services.options import VideoOptions
from services.orders import Starter
from services.photos.model import PhotoKind, PhotoRef
from services.store.database import Database

PHOTO = PhotoRef("file", "unique", PhotoKind.PHOTO, 1000)
ORDER = Order("", 1, None, 1, "en", 1, None, "a cat", VideoOptions(), (PHOTO,))

WHO_WAITS = text(
    "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_locks.database = pg_database.oid"
    " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
)


@pytest.fixture
def queue(postgres_database: Database) -> Queue:
    ids: Iterator[int] = count(1)
    clock = Clock()
    changes = Changes(postgres_database, clock)
    return Queue(postgres_database, clock, Limits(9, 9, 9, 0), lambda: f"g{next(ids)}", changes)


async def test_two_who_press_again_at_the_same_moment_wish_the_same(queue: Queue) -> None:
    def slowly(session: Session, order: Order) -> PlaceOutcome:
        outcome = queue.place(session, order)
        placed.set()
        assert may_commit.wait(60)
        return outcome

    async def another_waits() -> None:
        while not await queue.database.read(Session.scalar, WHO_WAITS):  # noqa: ASYNC110 - PostgreSQL tells nobody
            await asyncio.sleep(0.01)

    placed, may_commit = threading.Event(), threading.Event()
    first, second = (Starter(queue.database, place, queue.clock) for place in (slowly, queue.place))
    one = asyncio.create_task(first.again("earlier", ORDER, "press-1"))
    assert await asyncio.to_thread(placed.wait, 60)
    other = asyncio.create_task(second.again("earlier", ORDER, "press-2"))
    await asyncio.wait_for(another_waits(), 60)
    may_commit.set()
    assert await one == Placed("g1", created=True)
    assert await other == Placed("g1", created=False)

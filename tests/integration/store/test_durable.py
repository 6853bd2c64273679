"""Which commits wait for the disk: those that money hangs on, and not each update."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.orm import Session

from services.clock import Clock
from services.generations.model import Order, State
from services.generations.store import insert
from services.inbox import Arrived, Inbox
from services.options import VideoOptions
from services.store.database import Database, open_database
from services.store.engines import WRITE
from tests.unit.generations.bench import PHOTO, take_over
from tests.unit.generations.rows import Rows

FULL, NORMAL = 2, 1


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path / 'one.sqlite3'}")
    yield opened
    await opened.close()


async def synchronous(database: Database, *, durable: bool) -> int:
    def ask(session: Session) -> int:
        found: int = session.scalar(text("PRAGMA synchronous"))
        return found

    return await database.write(ask, durable=durable)


def commits(database: Database) -> list[str]:
    """How synchronous each transaction is that writes from now on."""
    used: list[str] = []

    @event.listens_for(database.engine, "begin")
    def on_begin(connection: Connection) -> None:
        if synchronous := connection.get_execution_options().get(WRITE):
            used.append(synchronous)

    return used


async def test_each_write_waits_or_does_not_whatever_its_connection_did_before(database: Database) -> None:
    wishes = [True, False, False, True, False, True]
    found = [await synchronous(database, durable=durable) for durable in wishes]
    assert found == [FULL if durable else NORMAL for durable in wishes]


async def test_what_money_hangs_on_waits_for_the_disk(database: Database) -> None:
    rows = Rows(database, Clock())
    order = Order("key", 1, None, 1, "en", 5, None, "a cat", VideoOptions(), (PHOTO,))
    await database.write(insert, "g", order, Clock().now())
    used = commits(database)
    run = await take_over(rows, "g")
    assert run is not None
    assert await rows.arm(await rows.move(run, State.SUBMITTING)) is not None
    assert used == ["FULL"] * 3


async def test_an_update_does_not_wait_for_the_disk(database: Database) -> None:
    used = commits(database)
    inbox = Inbox(database, Clock(), 7, "one")
    await inbox.store([Arrived(1, "1:1", "{}")])
    await inbox.handled(1)
    assert used == ["NORMAL"] * 2

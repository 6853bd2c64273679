import asyncio
import threading

import pytest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.store.database import open_database

LOCK = text("SELECT pg_advisory_xact_lock(1)")


async def test_processes_that_start_together_make_the_tables_once(postgres_url: str) -> None:
    databases = await asyncio.gather(*(open_database(postgres_url) for _ in range(4)))
    for database in databases:
        assert not database.is_sqlite
        await database.ping()
        await database.close()


async def test_a_process_frozen_in_a_transaction_loses_its_locks(postgres_url: str) -> None:
    frozen, other = await open_database(postgres_url), await open_database(postgres_url)

    def freeze(session: Session) -> None:
        assert session.scalar(text("SHOW idle_in_transaction_session_timeout")) == "5s"
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = '300ms'"))
        session.execute(LOCK)
        locked.set()
        assert thawed.wait(30)
        session.execute(text("SELECT 1"))

    locked, thawed = threading.Event(), threading.Event()
    freezing = asyncio.create_task(frozen.write(freeze))
    assert await asyncio.to_thread(locked.wait, 10)
    await other.write(lambda session: session.execute(LOCK))
    thawed.set()
    with pytest.raises(SQLAlchemyError):
        await freezing
    # It goes on with a new connection.
    await frozen.ping()
    await frozen.close()
    await other.close()

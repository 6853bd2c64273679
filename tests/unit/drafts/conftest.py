from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.store.database import Database, open_database
from tests.hand_clock import StandingClock
from tests.unit.drafts.world import Room


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    yield database
    await database.close()


@pytest.fixture
def time() -> StandingClock:
    return StandingClock()


@pytest.fixture
def room(database: Database, time: StandingClock) -> Room:
    return Room(database, time)

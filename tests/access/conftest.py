from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.access import Access, OwnerLists
from services.changes import Changes
from services.people import People
from services.rulebook import Rulebook
from services.store.database import Database, open_database
from services.texts import Texts
from tests.access.world import Counted, ManualClock, never


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{tmp_path / 'bot.sqlite3'}")
    yield database
    await database.close()


@pytest.fixture
def counted(database: Database) -> Counted:
    return Counted(database)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def changes(database: Database) -> Changes:
    return Changes(database, never)


@pytest.fixture
def rulebook(database: Database, changes: Changes, clock: ManualClock) -> Rulebook:
    return Rulebook(database, changes, clock)


@pytest.fixture
def access(rulebook: Rulebook) -> Access:
    return Access(rulebook, OwnerLists())


@pytest.fixture
def people(database: Database, changes: Changes, clock: ManualClock) -> People:
    return People(database, changes, Texts("en"), clock)

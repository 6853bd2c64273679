import pytest

from services.access import Access, OwnerLists
from services.changes import Changes
from services.clock import Clock
from services.people import People
from services.store.database import Database
from services.texts import Texts
from tests.hand_clock import HandClock
from tests.unit.access.world import Counted


@pytest.fixture
def database(each_database: Database) -> Database:
    return each_database


@pytest.fixture
def counted(database: Database) -> Counted:
    return Counted(database)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def changes(database: Database) -> Changes:
    return Changes(database, Clock())


@pytest.fixture
def access(database: Database, clock: HandClock) -> Access:
    return Access(database, OwnerLists(), clock)


@pytest.fixture
def people(database: Database, clock: HandClock) -> People:
    return People(database, Texts("en"), clock)

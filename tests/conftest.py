"""What tests of every package may ask for."""

import gc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from services.store.database import Database, open_database
from tests.acceptance.web import NO_BROWSER
from tests.chaos import nursery
from tests.integration.cluster.postgres import Server, shared_server
from tests.logs import log_plainly

# A machine that is busy with other work takes longer, and is not to be found at fault for it.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
log_plainly()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Server]:
    """A running PostgreSQL, started when the first test asks for it."""
    base = tmp_path_factory.getbasetemp()
    with shared_server(base.parent if hasattr(request.config, "workerinput") else base) as server:
        yield server


@pytest.fixture
def postgres_url(postgres: Server) -> Iterator[str]:
    """The URL of an empty database."""
    with postgres.database() as url:
        yield url


@pytest.fixture
async def postgres_database(postgres_url: str) -> AsyncIterator[Database]:
    """A database with the product's tables."""
    database = await open_database(postgres_url)
    yield database
    await database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def each_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of each kind, one after the other."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'each.sqlite3'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
async def each_database(each_url: str) -> AsyncIterator[Database]:
    """A database of each kind with the product's tables."""
    database = await open_database(each_url)
    yield database
    await database.close()


def pytest_collection() -> None:
    """Look for no garbage while the tests are loaded: all of it stays."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Take what that has made out of every later garbage collection, which would take a second in each process."""
    gc.freeze()
    gc.enable()


def pytest_sessionfinish() -> None:
    """Leave what forks bots, which ends with the last of the run; its time counts as that of the tests."""
    nursery.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in a line that the tests in a browser were skipped."""
    skipped = [one for one in terminalreporter.stats.get("skipped", []) if NO_BROWSER in str(one.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests in a browser were skipped: {NO_BROWSER}; CHROMIUM names one."
        )

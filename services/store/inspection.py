"""A look at the database that changes nothing: whether it answers and can be written, and how old its tables are."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import TypeVar

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.store.database import MIGRATIONS, NEWEST, DatabaseError, reason_of
from services.store.engines import WRITE, driver_url, make_engine
from services.store.threads import Threads

T = TypeVar("T")


class Age(Enum):
    """How the tables stand to this version."""

    NEW = auto()
    """There are none yet."""
    CURRENT = auto()
    OLDER = auto()
    """The next start brings them forward."""
    NEWER = auto()
    """Made by a version that this one does not know."""


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was found."""

    age: Age
    found: str
    """The revision of the tables, or empty."""
    wanted: str
    """The revision of this version."""


async def inspect_database(database_url: str) -> Inspection:
    """Ask a database; a file that is not there yet is not made.

    Raises:
        DatabaseError: It cannot be used.
    """
    url = driver_url(database_url)
    if url.get_backend_name() == "sqlite" and _is_missing(url):
        return Inspection(Age.NEW, "", NEWEST)
    return await _with_engine(url, "used", _ask)


async def look_into(database_url: str, work: Callable[[Session], T]) -> T:
    """Read from a database whose tables are of this version, without bringing them forward.

    Raises:
        DatabaseError: It cannot be read.
    """

    def look(engine: Engine) -> T:
        with Session(engine) as session:
            return work(session)

    return await _with_engine(driver_url(database_url), "read", look)


async def _with_engine(url: URL, verb: str, work: Callable[[Engine], T]) -> T:
    """Work in a thread with an engine that is given up afterwards."""
    engine = make_engine(url)
    threads = Threads("database-look", 1)

    def run() -> T:
        try:
            return work(engine)
        finally:
            engine.dispose()

    try:
        return await threads.run(run)
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"the {url.get_backend_name()} database cannot be {verb}: {reason_of(error)}") from error
    finally:
        await threads.close(0)


def _is_missing(url: URL) -> bool:
    """Whether the file is still to be made.

    Raises:
        DatabaseError: And cannot be, for want of its directory.
    """
    path = Path(url.database or "")
    if path.exists():
        return False
    if not path.parent.is_dir():
        raise DatabaseError("the sqlite database cannot be made: its directory does not exist")
    return True


def _ask(engine: Engine) -> Inspection:
    # On SQLite this proves that it can be written.
    with engine.execution_options(**{WRITE: "FULL"}).begin() as connection:
        return _inspect(connection)


def _inspect(connection: Connection) -> Inspection:
    found = MigrationContext.configure(connection).get_current_revision() or ""
    if not found:
        return Inspection(Age.NEW, found, NEWEST)
    if found == NEWEST:
        return Inspection(Age.CURRENT, found, NEWEST)
    known = {script.revision for script in ScriptDirectory(str(MIGRATIONS)).walk_revisions()}
    return Inspection(Age.OLDER if found in known else Age.NEWER, found, NEWEST)

"""A look at the database that changes nothing: whether it answers and can be written, and how old its tables are."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TypeVar

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.store.database import MIGRATIONS, DatabaseError
from services.store.engines import WRITE, driver_url, make_engine
from services.store.outage_log import reason_of
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
    """What was found.

    Attributes:
        age: How the tables stand to this version.
        found: The revision of the tables, or empty.
        wanted: The revision of this version.
    """

    age: Age
    found: str
    wanted: str


async def inspect_database(database_url: str) -> Inspection:
    """Ask the database; a file that is not there yet is not made.

    Args:
        database_url: ``sqlite:///…`` or ``postgresql://…``.

    Raises:
        DatabaseError: It cannot be used.
    """
    url = driver_url(database_url)
    name = url.get_backend_name()
    if name == "sqlite" and _is_missing(url):
        return Inspection(Age.NEW, "", _newest())
    engine = make_engine(url)
    threads = Threads("database-inspect", 1)
    try:
        return await threads.run(partial(_ask, engine))
    except (SQLAlchemyError, OSError) as error:
        raise DatabaseError(f"the {name} database cannot be used: {reason_of(error)}") from error
    finally:
        await threads.close(0)


async def look_into(database_url: str, work: Callable[[Session], T]) -> T:
    """Read from a database whose tables are of this version, without bringing them forward.

    Raises:
        DatabaseError: It cannot be read.
    """
    url = driver_url(database_url)
    engine = make_engine(url)
    threads = Threads("database-look", 1)
    try:
        return await threads.run(partial(_look, engine, work))
    except (SQLAlchemyError, OSError) as error:
        name = url.get_backend_name()
        raise DatabaseError(f"the {name} database cannot be read: {reason_of(error)}") from error
    finally:
        await threads.close(0)


def _look(engine: Engine, work: Callable[[Session], T]) -> T:
    try:
        with Session(engine) as session:
            return work(session)
    finally:
        engine.dispose()


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


def _newest() -> str:
    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""


def _ask(engine: Engine) -> Inspection:
    # On SQLite this proves that it can be written.
    try:
        with engine.execution_options(**{WRITE: "FULL"}).begin() as connection:
            return _inspect(connection)
    finally:
        engine.dispose()


def _inspect(connection: Connection) -> Inspection:
    scripts = ScriptDirectory(str(MIGRATIONS))
    found = MigrationContext.configure(connection).get_current_revision() or ""
    wanted = scripts.get_current_head() or ""
    if not found:
        age = Age.NEW
    elif found == wanted:
        age = Age.CURRENT
    else:
        known = {script.revision for script in scripts.walk_revisions()}
        age = Age.OLDER if found in known else Age.NEWER
    return Inspection(age, found, wanted)

"""Keeps the tables of a release, with rows in them, for the test that later versions bring them forward.

Run with ``python -m tests.integration.store.release`` when a release is made, and never again for that release.
"""

import asyncio
import sqlite3
import sys
import tempfile
from pathlib import Path

from sqlalchemy import insert
from sqlalchemy.orm import Session

from services.store.base import Base
from services.store.database import open_database
from tests.integration.store.rows import rows_for

RELEASED = Path(__file__).parent / "released"
ROWS = 3


async def fill(url: str) -> None:
    """Make the tables of this version, and rows in each."""
    database = await open_database(url)
    await database.write(_fill)
    await database.close()


def _fill(session: Session) -> None:
    for table in Base.metadata.sorted_tables:
        session.execute(insert(table), rows_for(table, ROWS))


def dump(path: Path) -> tuple[str, str]:
    """The revision of a database file, and the file as SQL."""
    with sqlite3.connect(path) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        text = "\n".join(connection.iterdump()) + "\n"
    connection.close()
    return revision, text


def main() -> int:
    """Write the file of this version's revision."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "x.sqlite3"
        asyncio.run(fill(f"sqlite:///{path}"))
        revision, text = dump(path)
    RELEASED.mkdir(exist_ok=True)
    target = RELEASED / f"{revision}.sql"
    target.write_text(text, encoding="utf-8")
    sys.stdout.write(f"written: {target.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

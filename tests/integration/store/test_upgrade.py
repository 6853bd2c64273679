"""The tables of every release come forward with all that is in them."""

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, select
from sqlalchemy.orm import Session

from services.store.base import Base
from services.store.database import NEWEST, Database, DatabaseError, look_into, open_database, revision
from tests.integration.store.release import RELEASED, ROWS, dump, fill

RELEASES = sorted(RELEASED.glob("*.sql"))


def load(release: Path, path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.executescript(release.read_text(encoding="utf-8"))
    connection.close()


def values(path: Path) -> dict[str, list[dict[str, object]]]:
    """Every row of a file, by table."""
    with sqlite3.connect(path) as connection:
        connection.row_factory = sqlite3.Row
        names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
        found = {
            str(name): [dict(row) for row in connection.execute(f'SELECT * FROM "{name}"')]
            for (name,) in names
            if name not in {"alembic_version", "sqlite_sequence"}
        }
    connection.close()
    return found


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def unlike_the_models(database: Database) -> list[object]:
    return await database.read(lambda session: differences(session.connection()))


def test_there_is_a_release() -> None:
    assert RELEASES


def all_is_there(session: Session, before: dict[str, list[dict[str, object]]]) -> None:
    for table in Base.metadata.sorted_tables:
        if table.name in before:
            assert session.scalar(select(func.count()).select_from(table)) == ROWS
            assert session.execute(select(table)).all()


@pytest.mark.parametrize("release", RELEASES, ids=lambda path: path.stem)
async def test_a_release_comes_forward_with_its_rows(release: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.sqlite3"
    url = f"sqlite:///{path}"
    load(release, path)
    before = values(path)
    database = await open_database(url)
    try:
        assert await unlike_the_models(database) == []
        await database.read(all_is_there, before)
    finally:
        await database.close()
    after = values(path)
    for name, rows in before.items():
        for old, new in zip(rows, after[name], strict=True):
            assert {key: new[key] for key in old if key in new} == {key: old[key] for key in old if key in new}
    assert await look_into(url, lambda session: revision(session.connection())) == NEWEST


def tables(path: Path) -> set[tuple[str, str]]:
    """The statements that make the tables and indexes of a file."""
    with sqlite3.connect(path) as connection:
        found = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name != 'alembic_version'"
        ).fetchall()
    connection.close()
    return {(name, " ".join(sql.split())) for name, sql in found}


async def test_the_newest_release_is_kept_as_its_migrations_make_it(tmp_path: Path) -> None:
    made, kept = tmp_path / "made.sqlite3", tmp_path / "kept.sqlite3"
    await fill(f"sqlite:///{made}")
    revision, _ = dump(made)
    release = RELEASED / f"{revision}.sql"
    assert release.exists(), "keep the tables of this revision: python -m tests.integration.store.release"
    load(release, kept)
    assert tables(made) == tables(kept), (
        f"the migrations make another {revision} than was kept; add a migration, or before the first release run "
        "python -m tests.integration.store.release"
    )


async def test_migrations_make_what_the_models_say_on_postgresql(postgres_database: Database) -> None:
    assert await unlike_the_models(postgres_database) == []


async def test_a_migration_that_fails_leaves_everything_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.sqlite3"
    load(RELEASES[0], path)
    before = values(path)

    def half_way(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE half_way (x INTEGER)")
        connection.exec_driver_sql("DELETE FROM videos")
        raise ZeroDivisionError

    monkeypatch.setattr("services.store.database._migrate", half_way)
    with pytest.raises(DatabaseError, match="could not be brought to the form of this version and was left as it was"):
        await open_database(f"sqlite:///{path}")
    assert values(path) == before

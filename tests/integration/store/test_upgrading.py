"""Fresh tables and migrated ones are the same, and a start leaves newest tables alone."""

import sys
from pathlib import Path
from typing import Any

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, inspect, text

from services.store.base import Base
from services.store.database import MIGRATIONS, NEWEST, open_database, upgrade


def _where(index: Any) -> str:
    return str(index.get("dialect_options", {}).get("sqlite_where"))


def shape(connection: Connection) -> dict[str, Any]:
    """Everything about the tables that a statement can depend on, in an order of its own."""
    look = inspect(connection)
    return {
        table: {
            "columns": {
                column["name"]: (str(column["type"]), column["nullable"], column["default"])
                for column in look.get_columns(table)
            },
            "key": look.get_pk_constraint(table)["constrained_columns"],
            "references": sorted(map(str, look.get_foreign_keys(table))),
            "indexes": sorted(
                (str(one["name"]), one["column_names"], bool(one["unique"]), _where(one))
                for one in look.get_indexes(table)
            ),
            "unique": sorted(str(one["column_names"]) for one in look.get_unique_constraints(table)),
        }
        for table in look.get_table_names()
    }


def test_newest_is_the_last_migration() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == NEWEST


async def test_both_ways_make_the_same_tables(tmp_path: Path) -> None:
    fresh = await open_database(f"sqlite:///{tmp_path}/fresh.sqlite3")
    made = await fresh.read(lambda session: shape(session.connection()))
    await fresh.close()
    engine = create_engine(f"sqlite:///{tmp_path}/migrated.sqlite3")
    with engine.begin() as sync:
        upgrade(sync)
        migrated = shape(sync)
    engine.dispose()
    assert made == migrated
    assert {table.name for table in Base.metadata.sorted_tables} < set(made)


async def test_old_tables_are_upgraded(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/old.sqlite3"
    engine = create_engine(url)
    with engine.begin() as connection:
        # A file of before the first migration, with something else in it.
        connection.execute(text("CREATE TABLE notes (line TEXT)"))
    engine.dispose()
    opened = await open_database(url)
    tables = set(await opened.read(lambda session: shape(session.connection())))
    await opened.close()
    assert {"notes", "generations", "alembic_version"} <= tables


async def test_newest_tables_are_left_alone(tmp_path: Path, monkeypatch: Any) -> None:
    url = f"sqlite:///{tmp_path}/bot.sqlite3"
    await (await open_database(url)).close()
    monkeypatch.setitem(sys.modules, "alembic", None)
    monkeypatch.setattr(type(Base.metadata), "create_all", None)
    await (await open_database(url)).close()

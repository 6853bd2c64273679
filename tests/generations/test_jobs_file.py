"""The job engine's file on every SQLite, and on every Python: newer ones ask more of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from dbos import _migration

from services.generations.engine import Engine
from services.generations.jobs_file import JobsConnection
from services.generations.model import Generation


def test_time_is_known_to_the_millisecond_also_as_a_default() -> None:
    with closing(sqlite3.connect(":memory:", factory=JobsConnection)) as connection:
        connection.execute("CREATE TABLE t (n INTEGER, at INTEGER NOT NULL DEFAULT (unixepoch('subsec') * 1000))")
        connection.execute("INSERT INTO t (n) VALUES (1)")
        ((at, seconds),) = connection.execute("SELECT at, CAST(strftime('%s', 'now') AS INTEGER) FROM t")
        assert abs(at / 1000 - seconds) < 5


def test_commits_do_not_wait_for_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite3"
    path.touch()
    with closing(sqlite3.connect(path, factory=JobsConnection)) as connection:
        assert connection.execute("PRAGMA synchronous").fetchone() == (1,)


async def test_engine_starts_where_python_is_new_and_sqlite_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = "(strftime('%s','now') * 1000)", "(unixepoch('subsec') * 1000)"
    newer = [
        [part.replace(old, new) for part in one] if isinstance(one, list) else one.replace(old, new)
        for one in _migration.sqlite_migrations
    ]
    assert new in str(newer)
    monkeypatch.setattr("dbos._sys_db_sqlite.sqlite_migrations", newer)

    async def begin(_generation_id: str) -> None:
        return None

    async def advance(_generation: Generation) -> None:
        return None

    engine = Engine(f"sqlite:///{tmp_path / 'jobs.sqlite3'}", "single", begin, advance)
    await engine.launch()
    try:
        await engine.start("g1", 0)
    finally:
        await engine.shutdown()

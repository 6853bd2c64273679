import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError
from sqlalchemy.orm import Session
from structlog.testing import capture_logs

from services.store.database import REPEAT_SECONDS, DatabaseHeldError, OutageLog, open_database


def broken(words: str = "disk I/O error") -> OperationalError:
    return OperationalError("SELECT 'private'", None, sqlite3.OperationalError(words))


def test_an_outage_is_said_once_and_its_end_too() -> None:
    times = iter([10.0, 11.0, 12.5])
    condition = OutageLog(lambda: next(times))
    with capture_logs() as logs:
        condition.failed(broken())
        condition.failed(broken())
        condition.worked()
        condition.worked()
    assert [(line["event"], line.get("reason"), line.get("seconds")) for line in logs] == [
        ("database_fails", "disk I/O error", None),
        ("database_works_again", None, 2.5),
    ]


def test_an_outage_that_lasts_is_said_again() -> None:
    times = iter([0.0, REPEAT_SECONDS - 1, REPEAT_SECONDS + 1])
    condition = OutageLog(lambda: next(times))
    with capture_logs() as logs:
        for _ in range(3):
            condition.failed(broken())
    assert len(logs) == 2


def test_a_refused_row_is_no_outage() -> None:
    condition = OutageLog()
    with capture_logs() as logs:
        condition.failed(IntegrityError("INSERT", None, sqlite3.IntegrityError("UNIQUE")))
        condition.worked()
    assert logs == []


def keep(session: Session) -> None:
    session.execute(text("CREATE TABLE kept (word TEXT)"))
    session.execute(text("INSERT INTO kept VALUES ('here')"))


async def test_a_file_that_is_gone_is_not_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "bot.sqlite3"
    database = await open_database(f"sqlite:///{path}")
    await database.write(keep)
    path.rename(tmp_path / "elsewhere")
    for _ in range(2):
        with pytest.raises(SQLAlchemyError):
            await database.read(lambda session: session.execute(text("SELECT 1")))
        with pytest.raises(SQLAlchemyError):
            await database.write(lambda session: session.execute(text("DELETE FROM kept")))
    assert not path.exists()
    (tmp_path / "elsewhere").rename(path)
    assert await database.read(lambda session: session.scalar(text("SELECT word FROM kept"))) == "here"
    await database.close()


async def test_a_file_in_the_place_of_another_is_left_alone(tmp_path: Path) -> None:
    path, other = tmp_path / "bot.sqlite3", tmp_path / "other.sqlite3"
    database = await open_database(f"sqlite:///{path}")
    await (await open_database(f"sqlite:///{other}")).close()
    restored = other.read_bytes()
    other.replace(path)
    with pytest.raises(SQLAlchemyError, match="another one now"):
        await database.write(keep)
    await database.close()
    assert path.read_bytes() == restored


async def test_a_file_that_another_holds_is_waited_for_and_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.store.engines.BUSY_TIMEOUT_SECONDS", 0.05)
    path = tmp_path / "bot.sqlite3"
    database = await open_database(f"sqlite:///{path}")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with capture_logs() as logs:
        for _ in range(2):
            with pytest.raises(OperationalError, match="locked"):
                await database.write(keep)
        holder.execute("ROLLBACK")
        await database.write(keep)
    assert [line["event"] for line in logs] == ["database_fails", "database_works_again"]
    holder.close()
    await database.close()


async def test_a_held_file_is_told_from_a_broken_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.store.engines.BUSY_TIMEOUT_SECONDS", 0.01)
    path = tmp_path / "bot.sqlite3"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseHeldError):
        await open_database(f"sqlite:///{path}")
    holder.close()

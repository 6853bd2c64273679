from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from bot.cli import main
from bot.data_dir import exclusive_data_dir
from bot.errors import OperatorError
from bot.move_database import TABLES, move_database
from bot.settings import Settings
from services.clock import Clock
from services.store.database import open_database
from services.store.schema import MemberRow
from tests.integration.store.rows import rows_for
from tests.settings import FixedSettings


async def fill(url: str, count: int) -> None:
    database = await open_database(url)

    def insert_rows(session: Session) -> None:
        for table in TABLES if count else ():
            session.execute(insert(table), rows_for(table, count))

    await database.write(insert_rows)
    await database.close()


async def contents(url: str) -> dict[str, list[Any]]:
    database = await open_database(url)
    found = await database.read(
        lambda session: {
            table.name: [tuple(row) for row in session.execute(select(table).order_by(*table.primary_key))]
            for table in TABLES
        }
    )
    await database.close()
    return found


def settings_for(tmp_path: Path, url: str = "") -> Settings:
    settings = FixedSettings(data_dir=tmp_path / "data")
    return settings.model_copy(update={"database_url": SecretStr(url)}) if url else settings


def to(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'new.sqlite3'}"


async def source_with(tmp_path: Path, count: int) -> Settings:
    settings = settings_for(tmp_path)
    settings.data_dir.mkdir()
    await fill(settings.effective_database_url, count)
    return settings


async def test_everything_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.move_database.ROWS_AT_ONCE", 3)
    settings = await source_with(tmp_path, 7)
    said: list[str] = []
    await move_database(settings, to(tmp_path), said.append)
    arrived = await contents(to(tmp_path))
    assert arrived == await contents(settings.effective_database_url)
    assert {len(rows) for rows in arrived.values()} == {7}
    assert "generations: 7" in said
    assert said[-1].startswith(f"{7 * len(TABLES)} rows were copied")


async def test_everything_arrives_at_postgresql_and_comes_back(tmp_path: Path, postgres_url: str) -> None:
    settings = await source_with(tmp_path, 7)
    await move_database(settings, postgres_url, str)
    there = await contents(postgres_url)
    assert there == await contents(settings.effective_database_url)
    await move_database(settings_for(tmp_path, postgres_url), to(tmp_path), str)
    assert await contents(to(tmp_path)) == there


async def test_a_bot_that_runs_on_postgresql_is_in_the_way(tmp_path: Path, postgres_url: str) -> None:
    database = await open_database(postgres_url)
    await database.write(lambda session: session.add(MemberRow(process_id="a", works=True, seen_at=Clock().now())))
    await database.close()
    settings = settings_for(tmp_path, postgres_url)
    with pytest.raises(OperatorError, match="1 processes of the bot run on DATABASE_URL; stop them first"):
        await move_database(settings, to(tmp_path), str)


async def test_a_bot_that_runs_is_in_the_way(tmp_path: Path) -> None:
    settings = await source_with(tmp_path, 1)
    with exclusive_data_dir(settings.data_dir), pytest.raises(OperatorError, match="in use by another running bot"):
        await move_database(settings, to(tmp_path), str)


async def test_a_target_in_use_is_left_alone(tmp_path: Path) -> None:
    settings = await source_with(tmp_path, 2)
    await fill(to(tmp_path), 1)
    before = await contents(to(tmp_path))
    with pytest.raises(OperatorError, match="names a database that is in use: its table"):
        await move_database(settings, to(tmp_path), str)
    assert await contents(to(tmp_path)) == before


async def test_all_arrives_or_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = await source_with(tmp_path, 2)
    copied = 0

    def break_off(line: str) -> None:
        nonlocal copied
        copied += 1
        if copied == 3:
            raise ConnectionError(line)

    with pytest.raises(OperatorError, match="nothing was copied"):
        await move_database(settings, to(tmp_path), break_off)
    assert not any((await contents(to(tmp_path))).values())
    await move_database(settings, to(tmp_path), str)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("", "must name another database"),
        ("mysql://h/x", "must begin with sqlite:/// or postgresql://"),
        ("sqlite:///:memory:", "must name a file"),
        ("sqlite:////nowhere/at/all.sqlite3", "cannot be opened"),
        ("postgresql://u:private-word@127.0.0.1:1/x", "cannot be opened"),
    ],
)
async def test_a_target_that_cannot_be_one(given: str, said: str, tmp_path: Path) -> None:
    settings = await source_with(tmp_path, 0)
    with pytest.raises(OperatorError) as caught:
        await move_database(settings, given, str)
    assert said in str(caught.value)
    assert "private-word" not in str(caught.value)


async def test_the_source_is_no_target(tmp_path: Path) -> None:
    settings = await source_with(tmp_path, 0)
    with pytest.raises(OperatorError, match="must name another database than DATABASE_URL"):
        await move_database(settings, settings.effective_database_url, str)


def test_the_command(workdir: Path, restored_logging: None, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["migrate-data", "--to", f"sqlite:///{workdir / 'new.sqlite3'}"]
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    assert capsys.readouterr().out.endswith(
        "0 rows were copied; set DATABASE_URL to the new database and start the bot\n"
    )
    assert (workdir / "new.sqlite3").exists()

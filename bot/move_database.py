"""`python -m bot migrate-data`: copies everything into another, empty database, such as from SQLite to PostgreSQL.

All of it arrives in one transaction, or nothing does. The old database is only read.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import timedelta

from pydantic import SecretStr
from sqlalchemy import Connection, Engine, Table, func, insert, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from bot.data_dir import exclusive_data_dir
from bot.errors import STATUS_CONFIGURATION, OperatorError
from bot.settings import Settings, usable_database_url
from services.store.base import Base
from services.store.database import Database, DatabaseError, open_database, reason_of
from services.store.engines import driver_url, is_sqlite
from services.store.schema import ApiCallRow, ApiHoldRow, MemberRow

ROWS_AT_ONCE = 500

GONE_AFTER = timedelta(minutes=1)
"""A process that was not heard of for so long has ended."""

_OF_THE_MOMENT = {MemberRow.__tablename__, ApiCallRow.__tablename__, ApiHoldRow.__tablename__}
"""Who lives, who called when, how long nobody calls: nothing of it holds for another database."""

TABLES = [table for table in Base.metadata.sorted_tables if table.name not in _OF_THE_MOMENT]
"""What is copied: each table after those that it refers to."""


async def move_database(settings: Settings, to: str, say: Callable[[str], object]) -> None:
    """Copy everything from the settings' database to another one, whose tables are made; say a line for each table."""
    old, new = settings.effective_database_url, to.strip()
    try:
        if new:
            usable_database_url(SecretStr(new))
    except ValueError as error:
        raise OperatorError(f"--to {error}", STATUS_CONFIGURATION) from None
    if not new or driver_url(new) == driver_url(old):
        raise OperatorError("--to must name another database than DATABASE_URL", STATUS_CONFIGURATION)
    async with AsyncExitStack() as stack:
        # A bot that runs would write what is not copied any more.
        if is_sqlite(old):
            stack.enter_context(exclusive_data_dir(settings.data_dir))
        source = await _open(old, stack)
        await _refuse_living(source)
        target = await _open(new, stack)
        try:
            total = await target.write(_copy_all, source.engine, say)
        except (SQLAlchemyError, OSError) as error:
            raise OperatorError(f"nothing was copied: {reason_of(error)}") from error
        say(f"{total} rows were copied; set DATABASE_URL to the new database and start the bot")


async def _open(url: str, stack: AsyncExitStack) -> Database:
    try:
        database = await open_database(url)
    except DatabaseError as error:
        raise OperatorError(str(error)) from error
    stack.push_async_callback(database.close)
    return database


async def _refuse_living(source: Database) -> None:
    if source.is_sqlite:
        return
    recent = select(func.count()).where(MemberRow.seen_at > func.clock_timestamp() - GONE_AFTER)
    if living := await source.read(lambda session: session.scalar(recent)):
        raise OperatorError(f"{living} processes of the bot run on DATABASE_URL; stop them first")


def _copy_all(target: Session, source: Engine, say: Callable[[str], object]) -> int:
    writing = target.connection()
    for table in TABLES:
        if writing.execute(select(table).limit(1)).first() is not None:
            raise OperatorError(f"--to names a database that is in use: its table {table.name} is not empty")
    total = 0
    with source.connect() as reading:
        for table in TABLES:
            total += (count := _copy(reading, writing, table))
            say(f"{table.name}: {count}")
    return total


def _copy(reading: Connection, writing: Connection, table: Table) -> int:
    query, count = select(table).order_by(*table.primary_key), 0
    for page in reading.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).mappings().partitions():
        writing.execute(insert(table), [dict(row) for row in page])
        count += len(page)
    return count

"""Statements that SQLite and PostgreSQL share, and that the common dialect of SQLAlchemy lacks.

Source: SQLAlchemy's pages on ``INSERT … ON CONFLICT`` of both dialects.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Table, Update, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from services.store.schema import Base


def _insert(session: AsyncSession, table: type[Base] | Table) -> sqlite.Insert | postgresql.Insert:
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


async def affected(session: AsyncSession, statement: Update | Delete) -> int:
    """Run a statement that changes or deletes.

    Returns:
        How many rows it met.
    """
    return cast("CursorResult[Any]", await session.execute(statement)).rowcount


async def insert_new(session: AsyncSession, table: type[Base], **values: object) -> bool:
    """Insert a row unless its key is there already.

    Returns:
        Whether it was inserted.
    """
    # What comes back says it; PostgreSQL's driver keeps no count of inserted rows.
    key = inspect(table).primary_key
    statement = _insert(session, table).values(**values).on_conflict_do_nothing().returning(*key)
    return (await session.execute(statement)).first() is not None


async def insert_all_new(session: AsyncSession, table: type[Base], rows: Sequence[Mapping[str, object]]) -> None:
    """Insert rows, but for those whose keys are there already.

    Args:
        session: The transaction.
        table: Their class.
        rows: Values by column, the same columns in each; none at all is fine.
    """
    if rows:
        # The table itself: through the mapper it takes longer, and nothing comes back.
        await session.execute(_insert(session, cast("Table", table.__table__)).on_conflict_do_nothing(), rows)


async def upsert(session: AsyncSession, table: type[Base], key: tuple[str, ...], **values: object) -> None:
    """Insert a row, or give the one of the same key the new values.

    Args:
        session: The transaction.
        table: The row's class.
        key: The columns of its primary key.
        values: All columns that are set.
    """
    changed = {name: value for name, value in values.items() if name not in key}
    statement = _insert(session, table).values(**values)
    await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))

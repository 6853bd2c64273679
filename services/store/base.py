"""What all tables have in common: types of columns, texts that fit into them, and statements of both databases.

Source: SQLAlchemy's pages on ``INSERT … ON CONFLICT`` of both dialects.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import CursorResult, DateTime, Delete, Dialect, Table, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware UTC in Python, whatever the database keeps (SQLite keeps no time zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse a naive time; hand an aware one over as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Mark what comes back as UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """All tables."""

    type_annotation_map = {datetime: UtcDateTime()}  # noqa: RUF012 - SQLAlchemy reads this name from the class


def table_of(rows: type[Base]) -> Table:
    """The table itself: through the mapper a statement takes several times as long."""
    return cast("Table", rows.__table__)


def storable(value: str) -> str:
    """The text without what databases and UTF-8 refuse: lone surrogates become ``?``, NUL goes."""
    return value.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


def insert_into(session: Session, table: type[Base] | Table) -> sqlite.Insert | postgresql.Insert:
    """An ``INSERT`` of the session's dialect, which can say what becomes of a row that is there already."""
    if session.get_bind().dialect.name == "sqlite":
        return sqlite.insert(table)
    return postgresql.insert(table)


def affected(session: Session, statement: Update | Delete, values: Mapping[str, object] | None = None) -> int:
    """Update or delete, and count the rows."""
    return cast("CursorResult[Any]", session.execute(statement, values)).rowcount


def insert_new(session: Session, rows: type[Base], **values: object) -> bool:
    """Insert a row unless its key is there already; true if it was inserted."""
    table = table_of(rows)
    # What comes back says it; PostgreSQL's driver keeps no count of inserted rows.
    statement = insert_into(session, table).on_conflict_do_nothing().returning(*table.primary_key)
    return session.execute(statement, values).first() is not None


def insert_all_new(session: Session, rows: type[Base], values: Sequence[Mapping[str, object]]) -> None:
    """Insert rows whose keys are not there already; each has the same columns."""
    if values:
        session.execute(insert_into(session, table_of(rows)).on_conflict_do_nothing(), values)


def upsert(session: Session, rows: type[Base], **values: object) -> None:
    """Insert a row, or give the one of the same primary key the new values."""
    table = table_of(rows)
    statement = insert_into(session, table).values(**values)
    session.execute(statement.on_conflict_do_update(index_elements=table.primary_key, set_=values))

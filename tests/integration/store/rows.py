"""Telling rows for every table: long ids, all kinds of letters, absent values."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Column, Table

from services.store.base import UtcDateTime

NOW = datetime(2026, 3, 1, 12, 30, 15, 123456, tzinfo=UTC)
TEXT = "Mèo 🐈‍⬛ đi dạo; \"quoted\" 'so' \\ %s\nnext line"


def rows_for(table: Table, count: int) -> list[dict[str, Any]]:
    """So many rows; the third, the sixth, … have nothing where nothing may stand."""
    rows = [{column.key: _value(column, number) for column in table.columns} for number in range(count)]
    for row in rows[2::3]:
        row |= {column.key: None for column in table.columns if column.nullable}
    return rows


def _value(column: "Column[Any]", number: int) -> Any:
    if column.foreign_keys:
        return f"id-{number}"
    if isinstance(column.type, UtcDateTime):
        return NOW + timedelta(minutes=number)
    kind = column.type.python_type
    if kind is bool:
        return number % 2 == 1
    if kind is int:
        # Ids of Telegram need more than 32 bits.
        return -(2**51) - number if type(column.type).__name__ == "BigInteger" else number
    if kind is float:
        return number + 0.25
    return f"id-{number}" if column.primary_key else f"{TEXT} {column.name} {number}"

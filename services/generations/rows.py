"""The table of generations: rows read and written, within a transaction of the caller's."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from sqlalchemy import CursorResult, Row, Table, bindparam, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement

from services.failures import Charged, Failure, FailureKind
from services.generations.model import Generation, Order, Shape, State
from services.photos.model import PhotoKind, PhotoRef
from services.store.schema import NO_THREAD, GenerationPhotoRow, GenerationRow

ROWS = cast("Table", GenerationRow.__table__)
"""The table itself: an event of a stream costs one statement here, and each through the mapper costs several."""

_PHOTOS = cast("Table", GenerationPhotoRow.__table__)

# Made once: making a statement takes longer than SQLite takes to execute it.
_BY_ID = select(ROWS).where(ROWS.c.id == bindparam("generation"))
_PHOTOS_OF = select(_PHOTOS).where(_PHOTOS.c.generation_id == bindparam("generation")).order_by(_PHOTOS.c.position)
_PHOTOS_OF_ALL = (
    select(_PHOTOS)
    .where(_PHOTOS.c.generation_id.in_(bindparam("generations", expanding=True)))
    .order_by(_PHOTOS.c.position)
)

Work = AsyncSession | AsyncConnection
"""What executes statements: a transaction of several, or a connection for one."""


def _photo(row: Row[Any]) -> PhotoRef:
    return PhotoRef(
        file_id=row.file_id,
        unique_id=row.file_unique_id,
        kind=PhotoKind(row.file_kind),
        size=row.file_size,
        mime_type=row.mime_type or "",
        file_name=row.file_name or "",
    )


def _generation(row: Row[Any], photos: tuple[PhotoRef, ...]) -> Generation:
    failure = None
    if row.failure_kind is not None:
        failure = Failure(FailureKind(row.failure_kind), row.failure_reason, Charged(row.charged))
    return Generation(
        id=row.id,
        chat_id=row.chat_id,
        thread_id=row.thread_id or None,
        user_id=row.user_id,
        language=row.language,
        request_message_id=row.request_message_id,
        status_message_id=row.status_message_id,
        prompt=row.prompt,
        shape=Shape(row.shape),
        ideas=row.ideas,
        count=row._mapping["count"],  # a row has a method of that name
        photos=photos,
        state=State(row.state),
        note=row.note,
        epoch=row.epoch,
        queued_at=row.queued_at,
        started_at=row.started_at,
        armed_at=row.armed_at,
        attempts=row.attempts,
        reconciling_since=row.reconciling_since,
        server_error=row.server_error,
        cancel_requested_at=row.cancel_requested_at,
        finished_at=row.finished_at,
        final_shown=row.final_shown_at is not None,
        failure=failure,
        charged=Charged(row.charged),
    )


async def load(work: Work, generation_id: str) -> Generation | None:
    """Read one generation, or None."""
    row = (await work.execute(_BY_ID, {"generation": generation_id})).one_or_none()
    return None if row is None else _generation(row, await _photos(work, generation_id))


async def _photos(work: Work, generation_id: str) -> tuple[PhotoRef, ...]:
    return tuple(_photo(row) for row in await work.execute(_PHOTOS_OF, {"generation": generation_id}))


async def changed_row(
    work: Work,
    statement: ReturningUpdate[Any],
    values: Mapping[str, object],
    photos: tuple[PhotoRef, ...] | None = None,
) -> Generation | None:
    """Update one row, and read it in the same statement.

    Args:
        work: May write.
        statement: Updates at most one row, and gives back all its columns.
        values: The statement's parameters.
        photos: The generation's photos, which never change, where they are known.

    Returns:
        The generation after it, or None when no row met the statement's condition.
    """
    row = (await work.execute(statement, values)).one_or_none()
    if row is None:
        return None
    return _generation(row, await _photos(work, row.id) if photos is None else photos)


async def changed_rows(work: Work, statement: ReturningUpdate[Any], values: Mapping[str, object]) -> list[Generation]:
    """Update some rows, and read them in the same statement; their photos in one more."""
    rows = (await work.execute(statement, values)).all()
    photos: dict[str, list[PhotoRef]] = {row.id: [] for row in rows}
    for row in await work.execute(_PHOTOS_OF_ALL, {"generations": list(photos)}):
        photos[row.generation_id].append(_photo(row))
    return [_generation(row, tuple(photos[row.id])) for row in rows]


async def insert(session: AsyncSession, generation_id: str, order: Order, now: datetime) -> None:
    """Add a new row, queued, with its photos."""
    row = {
        "id": generation_id,
        "request_key": order.request_key,
        "chat_id": order.chat_id,
        "thread_id": order.thread_id or NO_THREAD,
        "user_id": order.user_id,
        "language": order.language,
        "request_message_id": order.request_message_id,
        "status_message_id": order.status_message_id,
        "prompt": order.prompt,
        "shape": order.shape.value,
        "ideas": order.ideas,
        "count": order.count,
        "state": State.QUEUED.value,
        "queued_at": now,
    }
    await session.execute(insert_into(ROWS), row)
    photos = [
        {
            "generation_id": generation_id,
            "position": position,
            "file_id": photo.file_id,
            "file_unique_id": photo.unique_id,
            "file_kind": photo.kind.value,
            "file_size": photo.size,
            "mime_type": photo.mime_type,
            "file_name": photo.file_name,
        }
        for position, photo in enumerate(order.photos)
    ]
    if photos:
        await session.execute(insert_into(_PHOTOS), photos)


async def change(work: Work, condition: ColumnElement[bool], **values: object) -> bool:
    """Update rows that meet a condition; True when there was one."""
    # No session here holds objects of these rows that would have to follow.
    statement = update(GenerationRow).where(condition).values(**values)
    result = await work.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    return bool(result.rowcount > 0)

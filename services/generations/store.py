"""The table of generations: plain functions within the caller's transaction.

What a run changes is fenced by its epoch: a run that was overtaken changes nothing, and meets
:class:`RunOvertakenError`. Statements of runs are made once, for making one takes longer than the database takes over
it. Their parameters: ``run_id`` and ``run_epoch`` say whose row, and the others what is new.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, Update, bindparam, delete, func, or_, select, update
from sqlalchemy import insert as insert_rows
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningUpdate
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.sql.selectable import TypedReturnsRows

from services.failures import Charged, Failure, FailureKind
from services.generations.matching import HistoryBefore
from services.generations.model import FINAL, Generation, Lease, Order, Price, State, may_follow
from services.photos.model import PhotoRef
from services.store.base import affected, table_of
from services.store.schema import (
    NO_MESSAGE,
    NO_THREAD,
    GenerationPhotoRow,
    GenerationRow,
    option_columns,
    options_of,
    photo_columns,
    photo_of,
)

ROWS = table_of(GenerationRow)
"""The table itself: an event of a stream costs one statement here, and each through the mapper costs several."""

_PHOTOS = table_of(GenerationPhotoRow)

_IS_ONE = ROWS.c.id == bindparam("run_id")
_BY_ID = select(ROWS).where(_IS_ONE)
_PHOTOS_OF = select(_PHOTOS).where(_PHOTOS.c.generation_id == bindparam("run_id")).order_by(_PHOTOS.c.position)

_IS_RUNS = _IS_ONE & (ROWS.c.epoch == bindparam("run_epoch"))
"""The fence: the row is still the run's."""

_ARE_QUEUED = ROWS.c.id.in_(bindparam("ids", expanding=True)) & (ROWS.c.state == State.QUEUED.value)
QUEUED = select(ROWS).where(_ARE_QUEUED)
CLAIM = (
    update(ROWS)
    # What somebody cancels at this moment is skipped rather than waited for.
    .where(ROWS.c.id.in_(select(ROWS.c.id).where(_ARE_QUEUED).with_for_update(skip_locked=True)))
    .values(state=State.SUBMITTING.value, started_at=bindparam("now"))
    .values(taken_by=bindparam("process"), epoch=ROWS.c.epoch + 1)
    .returning(ROWS)
)
TAKE_OVER = (
    update(ROWS)
    # An end that was told a moment ago left no orphan.
    .where(_IS_RUNS, ROWS.c.final_shown_at.is_(None))
    .values(taken_by=bindparam("process"), epoch=ROWS.c.epoch + 1)
    .returning(ROWS)
)
ARM = (
    update(ROWS)
    .where(
        _IS_RUNS,
        ROWS.c.armed_at.is_(None) & ROWS.c.cancel_requested_at.is_(None) & (ROWS.c.state == State.SUBMITTING.value),
    )
    .values(armed_at=bindparam("now"), history_before=bindparam("history"), attempts=ROWS.c.attempts + 1, note="")
    .returning(ROWS)
)
DISARM = update(ROWS).where(_IS_RUNS).values(armed_at=None).returning(ROWS)

_SET_STATUS_MESSAGE = (
    update(ROWS)
    .where(_IS_ONE, ROWS.c.status_message_id.is_not_distinct_from(bindparam("known")))
    .values(status_message_id=bindparam("new"))
)
_MARK_FINAL_SHOWN = update(ROWS).where(_IS_ONE).values(final_shown_at=bindparam("now"))


class RunOvertakenError(Exception):
    """Another run has taken the generation, or it is past the step: this run must stop and touch nothing."""


@cache
def progressing(state: State) -> Update:
    """To a state, of rows that may come to it or are in it; new is the note."""
    before = [ROWS.c.state == known.value for known in State if known is state or may_follow(known, state)]
    return update(ROWS).where(_IS_RUNS, or_(*before)).values(state=state.value, note=bindparam("new_note"))


@cache
def moving(state: State, columns: tuple[str, ...]) -> ReturningUpdate[Any]:
    """The same with more columns that are new; gives the row back."""
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=ROWS.c[name].type) for name in columns}
    if "finished_at" in values:
        values["finished_at"] = func.coalesce(ROWS.c.finished_at, values["finished_at"])
    return progressing(state).values(**values).returning(ROWS)


def _generation(row: Row[Any]) -> Generation:
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
        options=options_of(row),
        ideas=row.ideas,
        stars=row.stars,
        prepaid=row.prepaid,
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


def load(session: Session, generation_id: str) -> Generation | None:
    """Read one generation, or None."""
    return row_of(session, _BY_ID, {"run_id": generation_id})


def photos_of(session: Session, generation_id: str) -> tuple[PhotoRef, ...]:
    """The photos of a generation, in order; they never change."""
    photos = (photo_of(row) for row in session.execute(_PHOTOS_OF, {"run_id": generation_id}))
    return tuple(photo for photo in photos if photo is not None)


def row_of(session: Session, statement: TypedReturnsRows[Any], values: Mapping[str, object]) -> Generation | None:
    """What a statement reads, or changes and gives back, one row at most; None when none meets its condition."""
    return next(iter(rows_of(session, statement, values)), None)


def rows_of(session: Session, statement: TypedReturnsRows[Any], values: Mapping[str, object]) -> list[Generation]:
    """The same of some rows."""
    return [_generation(row) for row in session.execute(statement, values)]


def insert(session: Session, generation_id: str, order: Order, now: datetime, price: Price | None = None) -> None:
    """Add a new row with its photos: queued, or unpaid where Stars are asked for."""
    stars = 0 if price is None else price.stars
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
        "ideas": order.ideas,
        **option_columns(order.options),
        "stars": stars,
        "prepaid": 0 if price is None else price.free + price.credit,
        "state": (State.UNPAID if stars else State.QUEUED).value,
        "queued_at": now,
    }
    session.execute(insert_rows(ROWS), row)
    photos = [
        {"generation_id": generation_id, "position": position, **photo_columns(photo)}
        for position, photo in enumerate(order.photos)
    ]
    if photos:
        session.execute(insert_rows(_PHOTOS), photos)


def change(session: Session, condition: ColumnElement[bool], **values: object) -> bool:
    """Update rows that meet a condition; True when there was one."""
    return affected(session, update(ROWS).where(condition).values(**values)) > 0


def take_over(session: Session, lease: Lease, process_id: str) -> Generation | None:
    """Make a generation this process's, and stop the run that had it, should that wake up.

    None when somebody was faster, or its end was told.
    """
    return row_of(session, TAKE_OVER, {"run_id": lease.id, "run_epoch": lease.epoch, "process": process_id})


def move(
    session: Session, run: Generation, state: State, now: datetime, values: Mapping[str, object] = MappingProxyType({})
) -> Generation:
    """Go to another state, or stay, and set more columns; a note that is not among them is cleared."""
    new = {"new_note": ""} | {f"new_{name}": value for name, value in values.items()}
    columns = tuple(sorted(values))
    if state in FINAL:
        columns, new = (*columns, "finished_at"), new | {"new_finished_at": now}
    return _changed(session, moving(state, columns), _of(run) | new)


def fail(session: Session, run: Generation, failure: Failure, now: datetime) -> Generation:
    """End in failure."""
    why = {"failure_kind": failure.kind.value, "failure_reason": failure.reason, "charged": failure.charged.value}
    return move(session, run, State.FAILED, now, why)


def arm(session: Session, run: Generation, before: HistoryBefore | None, now: datetime) -> Generation | None:
    """Note that the paid POST is about to be made, and what the history held before, as far as that is known.

    Once that is committed it may have been made. None when the person has asked to cancel.

    Raises:
        RunOvertakenError: The row is another run's, or armed already.
    """
    history = None if before is None else before.to_json()
    armed = row_of(session, ARM, _of(run) | {"now": now, "history": history})
    if armed is not None:
        return armed
    fresh = load(session, run.id)
    if fresh is None or fresh.epoch != run.epoch or fresh.armed_at is not None or fresh.cancel_requested_at is None:
        raise RunOvertakenError
    return None


def disarm(session: Session, run: Generation) -> Generation:
    """Take the arming back: the attempt was provably not accepted."""
    return _changed(session, DISARM, _of(run))


def set_status_message(session: Session, generation: Generation, message_id: int) -> bool:
    """Remember which message is the status message from now on, in place of the one that ``generation`` has.

    False when another one took that place in the meantime.
    """
    values = {"run_id": generation.id, "known": generation.status_message_id, "new": message_id}
    return affected(session, _SET_STATUS_MESSAGE, values) > 0


def mark_final_shown(session: Session, generation_id: str, now: datetime) -> None:
    """Remember that the requester was told the end."""
    session.execute(_MARK_FINAL_SHOWN, {"run_id": generation_id, "now": now})


def move_generations(session: Session, old_chat_id: int, new_chat_id: int) -> None:
    """Follow a group that became a supergroup; repeating it changes nothing."""
    # Its messages have new ids there, so that old ones are neither replied to nor edited.
    moved = {"chat_id": new_chat_id, "status_message_id": None, "request_message_id": NO_MESSAGE}
    change(session, ROWS.c.chat_id == old_chat_id, **moved)


def prune_generations(session: Session, before: datetime) -> int:
    """Delete generations that ended before a time, at most a thousand; returns how many."""
    ended = GenerationRow.state.in_([state.value for state in FINAL]) & (GenerationRow.finished_at < before)
    old = select(GenerationRow.id).where(ended).limit(1000).with_for_update(skip_locked=True)
    return affected(session, delete(ROWS).where(ROWS.c.id.in_(old)))


def _changed(session: Session, statement: ReturningUpdate[Any], values: Mapping[str, object]) -> Generation:
    if (changed := row_of(session, statement, values)) is None:
        raise RunOvertakenError
    return changed


def _of(run: Generation) -> dict[str, object]:
    return {"run_id": run.id, "run_epoch": run.epoch}

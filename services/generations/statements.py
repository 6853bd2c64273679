"""The statements by which runs change their rows, made once: making one takes longer than the database takes over it.

Their parameters: ``run_id`` and ``run_epoch`` say whose row, and the others what is new.
"""

from functools import cache
from typing import Any

from sqlalchemy import Update, bindparam, func, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from services.generations.machine import may_follow
from services.generations.model import State
from services.generations.rows import ROWS

_IS_RUNS = (ROWS.c.id == bindparam("run_id")) & (ROWS.c.epoch == bindparam("run_epoch"))
"""The fence: the row is still the run's."""

_TURNS = select(ROWS.c.id).where(ROWS.c.id.in_(bindparam("ids", expanding=True)), ROWS.c.state == State.QUEUED.value)
CLAIM = (
    update(ROWS)
    # What somebody cancels at this moment is skipped rather than waited for.
    .where(ROWS.c.id.in_(_TURNS.with_for_update(skip_locked=True)))
    .values(
        state=State.SUBMITTING.value,
        started_at=bindparam("now"),
        taken_by=bindparam("process"),
        epoch=ROWS.c.epoch + 1,
    )
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
    .values(
        armed_at=bindparam("now"),
        history_before=bindparam("history"),
        attempts=ROWS.c.attempts + 1,
        note="",
    )
    .returning(ROWS)
)
DISARM = update(ROWS).where(_IS_RUNS).values(armed_at=None).returning(ROWS)
SHOWN = update(ROWS).where(ROWS.c.id == bindparam("run_id")).values(final_shown_at=bindparam("now"))
STATUS_MESSAGE = (
    update(ROWS)
    .where(ROWS.c.id == bindparam("run_id"), ROWS.c.status_message_id.is_not_distinct_from(bindparam("known")))
    .values(status_message_id=bindparam("new"))
)


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

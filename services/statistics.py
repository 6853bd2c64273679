"""What admins see of the whole bot with ``/stats``."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import TypeAlias

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from services.generations.model import State
from services.payments.ledger import Totals, totals
from services.store.schema import GenerationRow, PersonRow

RECENT = 200
"""The median time is that of the last so many generations."""

Times: TypeAlias = Select[datetime | None, datetime | None]
TIMES: Times = (
    select(GenerationRow.started_at, GenerationRow.finished_at)
    .where(GenerationRow.state == State.DONE.value)
    .order_by(GenerationRow.finished_at.desc())
    .limit(bindparam("limit"))
)
"""When the last generations that gave videos began and ended."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """The bot in numbers."""

    today: Mapping[State, int]
    """Generations asked for since midnight UTC, by the state they are in; states without any are left out."""
    in_all: Mapping[State, int]
    """All that are kept, likewise."""
    people: int
    """Who used the bot and was not forgotten."""
    median_seconds: float | None
    """From the start of a generation to its end, of recent ones that gave videos; None without any."""
    stars: Totals | None = None
    """What was sold; None where nothing ever was."""


def gather_statistics(session: Session, now: datetime, sells: bool) -> Statistics:
    """Count what the database holds; with what was sold, where anything may have been."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    by_state = select(GenerationRow.state, func.count()).group_by(GenerationRow.state)
    in_all = session.execute(by_state).all()
    today = session.execute(by_state.where(GenerationRow.queued_at >= midnight)).all()
    took = recent_seconds(session, TIMES, {"limit": RECENT})
    return Statistics(
        today={State(state): count for state, count in today},
        in_all={State(state): count for state, count in in_all},
        people=session.scalar(select(func.count()).select_from(PersonRow)) or 0,
        median_seconds=median(took) if took else None,
        stars=totals(session) if sells else None,
    )


def recent_seconds(session: Session, times: Times, values: Mapping[str, object]) -> list[float]:
    """How long generations took, from start to end: those of :data:`TIMES`, or of a statement made from it."""
    rows = session.execute(times, values)
    return [(ended - began).total_seconds() for began, ended in rows if began is not None and ended is not None]

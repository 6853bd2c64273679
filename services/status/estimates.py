"""How long a generation will take: the median of earlier ones that asked for as many videos."""

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.clock import Clock
from services.generations.model import State
from services.store.database import Database
from services.store.schema import GenerationRow

DEFAULT_ESTIMATE_SECONDS = 90.0
"""Used until there are earlier generations to learn from."""

SAMPLE = 25
"""Earlier generations that are looked at."""

KEEP_SECONDS = 600.0
"""How long an answer is kept; while one runs, its estimate must not jump, or its bar would."""


@dataclass(slots=True)
class Estimates:
    """Estimates by count of videos."""

    database: Database
    clock: Clock
    _kept: dict[tuple[int, datetime | None], tuple[float, float]] = field(default_factory=dict, init=False)

    async def seconds(self, count: int, started_at: datetime | None) -> float:
        """At least 5 for a generation, and the same for as long as it runs: what ended before its start counts."""
        key, now = (count, started_at), self.clock.monotonic()
        self._kept = {kept: value for kept, value in self._kept.items() if now - value[0] < KEEP_SECONDS}
        if key not in self._kept:
            alike = (GenerationRow.count == count) & (GenerationRow.finished_at <= (started_at or self.clock.now()))
            took = await self.database.read(recent_seconds, SAMPLE, alike)
            self._kept[key] = now, max(5.0, median(took)) if took else DEFAULT_ESTIMATE_SECONDS
        return self._kept[key][1]


def recent_seconds(session: Session, limit: int, which: ColumnElement[bool] | None = None) -> list[float]:
    """How long the last generations that gave videos took, from start to end."""
    done = GenerationRow.state == State.DONE.value
    query = select(GenerationRow.started_at, GenerationRow.finished_at).where(done if which is None else done & which)
    rows = session.execute(query.order_by(GenerationRow.finished_at.desc()).limit(limit))
    return [(ended - began).total_seconds() for began, ended in rows if began is not None and ended is not None]

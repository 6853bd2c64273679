"""How long a generation will take: the median of earlier ones that asked for as many videos."""

from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from sqlalchemy import select
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
        """The estimate for a generation: the same for as long as it runs.

        Args:
            count: Videos asked for.
            started_at: When its turn came; only what had ended before counts.

        Returns:
            Seconds, at least 5.
        """
        now = self.clock.monotonic()
        key = (count, started_at)
        if key in self._kept and now - self._kept[key][0] < KEEP_SECONDS:
            return self._kept[key][1]
        self._kept = {kept: value for kept, value in self._kept.items() if now - value[0] < KEEP_SECONDS}
        estimate = await self._ask(count, started_at)
        self._kept[key] = (now, estimate)
        return estimate

    async def _ask(self, count: int, started_at: datetime | None) -> float:
        times = await self.database.read(_recent_times, count, started_at or self.clock.now())
        took = [(ended - began).total_seconds() for began, ended in times if began is not None and ended is not None]
        return max(5.0, median(took)) if took else DEFAULT_ESTIMATE_SECONDS


def _recent_times(session: Session, count: int, before: datetime) -> list[tuple[datetime | None, datetime | None]]:
    done = (GenerationRow.state == State.DONE.value) & (GenerationRow.count == count)
    query = select(GenerationRow.started_at, GenerationRow.finished_at).where(done, GenerationRow.finished_at <= before)
    rows = session.execute(query.order_by(GenerationRow.finished_at.desc()).limit(SAMPLE))
    return [(began, ended) for began, ended in rows]

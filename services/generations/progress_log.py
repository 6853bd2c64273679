"""Where streams stand, written down a moment behind them: of each the newest event alone, and many in one transaction.

What money hangs on never goes this way. A process that dies loses a moment of progress, and its next run looks the
result up whatever the last event was.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy.orm import Session
from structlog import get_logger

from services.clock import Clock
from services.generations.model import Generation, State
from services.generations.store import progressing
from services.retries import OUTAGE, is_outage
from services.store.database import Database

PAUSE_SECONDS = 0.5
"""How far the rows are behind."""

log = get_logger(__name__)


@dataclass(slots=True)
class ProgressLog:
    """Writes progress down, fenced as all that a run writes."""

    database: Database
    clock: Clock
    _newest: dict[str, Generation] = field(default_factory=dict, init=False)
    _some: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def note(self, generation: Generation) -> None:
        """Take note of where a stream stands; returns at once."""
        self._newest[generation.id] = generation
        self._some.set()

    async def run(self) -> None:
        """Write down what was noted, until cancelled; through an outage of the database it is kept."""
        while True:
            await self._some.wait()
            await self.clock.sleep(PAUSE_SECONDS)
            await self.write()

    async def write(self) -> None:
        """Write down what was noted."""
        self._some.clear()
        noted, self._newest = self._newest, {}
        try:
            await self.database.write(_store, noted.values(), durable=False)
        except OUTAGE as error:
            if not is_outage(error):
                # What is refused for good would hold up all the others.
                log.exception("progress_refused", streams=len(noted))
                return
            self._newest = noted | self._newest
            self._some.set()


def _store(session: Session, noted: Collection[Generation]) -> None:
    rows: dict[State, list[dict[str, str | int]]] = defaultdict(list)
    # In one order, as all who lock several rows.
    for one in sorted(noted, key=lambda one: one.id):
        rows[one.state].append({"run_id": one.id, "run_epoch": one.epoch, "new_note": one.note})
    for state, changes in rows.items():
        session.execute(progressing(state), changes)

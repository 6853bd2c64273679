"""Where runs stand: shown to the requester at once, and written down a moment later."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy.orm import Session
from structlog import get_logger

from services.clock import Clock
from services.generations.model import FINAL, WAITING, Generation, State
from services.generations.store import RunOvertakenError, load, progressing
from services.retries import OUTAGE, is_outage
from services.store.database import Database

PAUSE_SECONDS = 0.5
"""How far the rows are behind."""

log = get_logger(__name__)


class Reporter(Protocol):
    """The live status message, as a run sees it."""

    def progress(self, generation: Generation) -> None:
        """Show where it stands; returns at once, a newer call replaces an older one."""
        ...

    async def overtaken(self, generation: Generation) -> None:
        """Leave it to the run that has taken it."""
        ...

    async def end(self, generation: Generation) -> None:
        """Show the end; returns when the requester was told, or cannot be told.

        Raises:
            telegram.error.TelegramError: Telegram cannot be reached; to be tried again.
        """
        ...


@dataclass(slots=True)
class ProgressLog:
    """Writes progress down: of each stream the newest event alone, and many streams in one transaction.

    What money hangs on never goes this way. A process that dies loses a moment of progress, and its next run looks the
    result up whatever the last event was.
    """

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


async def went_on_elsewhere(database: Database, known: Generation) -> bool:
    """Whether another process has begun, taken over or ended a generation since; False while nobody can tell."""
    if database.is_sqlite:
        return False
    try:
        now = await database.read(load, known.id)
    except OUTAGE:
        return False
    if now is None or now.epoch != known.epoch:
        return True
    return now.state is not known.state and (now.state in FINAL or known.state in WAITING)


async def still_ours(database: Database, known: Generation) -> None:
    """The fence of what waits for its turn in the outbox.

    Raises:
        RunOvertakenError: Another process has gone on with the generation: what this one would send is old.
    """
    if await went_on_elsewhere(database, known):
        raise RunOvertakenError


def _store(session: Session, noted: Collection[Generation]) -> None:
    rows: dict[State, list[dict[str, str | int]]] = defaultdict(list)
    # In one order, as all who lock several rows.
    for one in sorted(noted, key=lambda one: one.id):
        rows[one.state].append({"run_id": one.id, "run_epoch": one.epoch, "new_note": one.note})
    for state, changes in rows.items():
        session.execute(progressing(state), changes)

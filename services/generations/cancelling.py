"""Cancel, from any place at any state: what a person wants reaches the run that does the work, within a second."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Row, select
from sqlalchemy.orm import Session
from structlog import get_logger

from services.changes import Changes
from services.generations.model import PAST_CANCEL, WAITING, Generation, State
from services.generations.store import ROWS, RunOvertakenError, change, load
from services.retries import OUTAGE
from services.store.database import Database
from services.tasks import rest_until

WATCH_SECONDS = 0.5
"""How often the rows of running generations are asked for a wish to cancel that came through another process.

Another process announces it; this is for an announcement that was not heard, and for a take-over.
"""

ALONE_SECONDS = 5.0
"""The same where there is no other process."""

TOPIC = "cancel"
"""Of the announcements that somebody wants something cancelled."""

log = get_logger(__name__)


class CancelRequestedError(Exception):
    """The person wants the generation cancelled."""


@dataclass(slots=True)
class _Scope:
    """A block that can be ended."""

    epoch: int
    """Of the run it belongs to."""
    timeout: asyncio.Timeout
    why: type[Exception] = CancelRequestedError
    """What the block raises once it was ended."""


@dataclass(slots=True)
class CancelScopes:
    """The blocks of this process's runs that Cancel ends at once, wherever they wait, and so does a take-over."""

    database: Database
    changes: Changes
    _scopes: dict[str, _Scope] = field(default_factory=dict, init=False)
    _announced: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        """Listen for wishes that other processes write down."""
        self.changes.listen(TOPIC, lambda _subject: self._announced.set())

    def request(self, session: Session, generation_id: str, now: datetime) -> Generation | None:
        """Note that the person wants it cancelled, and read it; one that waits for turn or payment ends at once."""
        own = ROWS.c.id == generation_id
        waiting = own & ROWS.c.state.in_([state.value for state in WAITING])
        ended = {"state": State.CANCELLED.value, "cancel_requested_at": now, "finished_at": now, "note": ""}
        if not change(session, waiting, **ended):
            running = ROWS.c.state.not_in([state.value for state in PAST_CANCEL])
            missing = ROWS.c.cancel_requested_at.is_(None)
            if change(session, own & running & missing, cancel_requested_at=now):
                self.changes.announce(session, TOPIC)
        return load(session, generation_id)

    @asynccontextmanager
    async def scope(self, generation_id: str, epoch: int) -> AsyncIterator[None]:
        """A block of a run that can be ended.

        Raises:
            CancelRequestedError: The person wants so.
            RunOvertakenError: Another run has taken the generation.
        """
        # A timeout with no time is the standard library's way to end a block from outside and tell it from a
        # cancelled task.
        try:
            async with asyncio.timeout(None) as timeout:
                scope = self._scopes[generation_id] = _Scope(epoch, timeout)
                try:
                    yield
                finally:
                    # A later run of the same generation may have opened its own.
                    if self._scopes.get(generation_id) is scope:
                        del self._scopes[generation_id]
        except TimeoutError:
            if not timeout.expired():
                raise
            raise scope.why from None

    def cancel(self, generation_id: str) -> bool:
        """End the generation's block; whether this process runs one."""
        scope = self._scopes.pop(generation_id, None)
        if scope is None:
            # Its run may be about to open one.
            self._announced.set()
            return False
        scope.timeout.reschedule(asyncio.get_running_loop().time())
        return True

    async def run(self) -> None:
        """Watch the rows for wishes and take-overs of other processes, until cancelled; idle while nothing runs."""
        seconds = ALONE_SECONDS if self.database.is_sqlite else WATCH_SECONDS
        while True:
            await rest_until(self._announced, seconds)
            try:
                rows = await self.database.read(_wishes, list(self._scopes)) if self._scopes else []
            except OUTAGE as error:
                log.warning("cancel_watch_failed", error=type(error).__name__)
                continue
            for row in rows:
                scope = self._scopes.get(row.id)
                if scope is not None and scope.epoch < row.epoch:
                    scope.why = RunOvertakenError
                    self.cancel(row.id)
                elif row.cancel_requested_at is not None:
                    self.cancel(row.id)


def _wishes(session: Session, ids: Sequence[str]) -> Sequence[Row[str, int, datetime | None]]:
    query = select(ROWS.c.id, ROWS.c.epoch, ROWS.c.cancel_requested_at)
    return session.execute(query.where(ROWS.c.id.in_(ids))).all()

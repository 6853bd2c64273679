"""Cancel, from any place at any state: what a person wants reaches the run that does the work, within a second."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
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
from services.store.schema import GenerationRow

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
    is_overtaken: bool = False
    """Whether it ends because another run has taken the generation."""

    def end(self) -> None:
        if not self.timeout.expired():
            self.timeout.reschedule(asyncio.get_running_loop().time())


@dataclass(slots=True)
class CancelScopes:
    """The blocks of running generations that Cancel ends at once, wherever they wait."""

    _scopes: dict[str, _Scope] = field(default_factory=dict, init=False)
    _any: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    @asynccontextmanager
    async def scope(self, generation_id: str, epoch: int) -> AsyncIterator[None]:
        """A block of a run that :meth:`cancel` or :meth:`overtaken` ends.

        Raises:
            CancelRequestedError: The person wants so.
            RunOvertakenError: Another run has taken the generation.
        """
        # A timeout with no time is the standard library's way to end a block from outside and tell it from a
        # cancelled task.
        try:
            async with asyncio.timeout(None) as timeout:
                scope = self._scopes[generation_id] = _Scope(epoch, timeout)
                self._any.set()
                try:
                    yield
                finally:
                    # A later run of the same generation may have opened its own.
                    if self._scopes.get(generation_id) is scope:
                        del self._scopes[generation_id]
        except TimeoutError:
            if not timeout.expired():
                raise
            raise (RunOvertakenError if scope.is_overtaken else CancelRequestedError) from None

    def cancel(self, generation_id: str) -> bool:
        """End the generation's block.

        Returns:
            Whether this process runs one.
        """
        scope = self._scopes.pop(generation_id, None)
        if scope is None:
            return False
        scope.end()
        return True

    def overtaken(self, generation_id: str, epoch: int) -> None:
        """End the block of a run that is not the row's any more; ``epoch`` is that of the run that is."""
        scope = self._scopes.get(generation_id)
        if scope is not None and scope.epoch < epoch:
            del self._scopes[generation_id]
            scope.is_overtaken = True
            scope.end()

    async def wait_for_any(self) -> list[str]:
        """The ids of the open blocks; waits while there is none."""
        while not self._scopes:
            self._any.clear()
            await self._any.wait()
        return list(self._scopes)


@dataclass(slots=True)
class CancelWatch:
    """Hands wishes to cancel, and take-overs by other processes, from the rows to the blocks of this process."""

    database: Database
    scopes: CancelScopes
    changes: Changes
    _changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        """Listen for wishes that other processes write down."""
        self.changes.listen(TOPIC, lambda _subject: self._changed.set())

    async def run(self) -> None:
        """Watch until cancelled; idle while nothing runs. A database that does not answer is asked again."""
        seconds = ALONE_SECONDS if self.database.is_sqlite else WATCH_SECONDS
        while True:
            ids = await self.scopes.wait_for_any()
            self._changed.clear()
            try:
                for row in await self.database.read(_wishes, ids):
                    self.scopes.overtaken(row.id, row.epoch)
                    if row.cancel_requested_at is not None:
                        self.scopes.cancel(row.id)
            except OUTAGE as error:
                log.warning("cancel_watch_failed", error=type(error).__name__)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()


def _wishes(session: Session, ids: list[str]) -> Sequence[Row[str, int, datetime | None]]:
    query = select(GenerationRow.id, GenerationRow.epoch, GenerationRow.cancel_requested_at)
    return session.execute(query.where(GenerationRow.id.in_(ids))).all()


def request_cancel(
    session: Session, generation_id: str, now: datetime, announce: Callable[[Session], None] | None = None
) -> Generation | None:
    """Note that the person wants it cancelled; one that waits for its turn or its payment ends at once.

    ``announce`` tells those who may run it, in the transaction of the wish.

    Returns:
        The generation after it, or None when there is none.
    """
    own = ROWS.c.id == generation_id
    waiting = own & ROWS.c.state.in_([state.value for state in WAITING])
    ended = {"state": State.CANCELLED.value, "cancel_requested_at": now, "finished_at": now, "note": ""}
    if not change(session, waiting, **ended):
        running = ROWS.c.state.not_in([state.value for state in PAST_CANCEL])
        missing = ROWS.c.cancel_requested_at.is_(None)
        if change(session, own & running & missing, cancel_requested_at=now) and announce is not None:
            announce(session)
    return load(session, generation_id)

"""Several processes on one PostgreSQL: who is alive, and which one leads.

Liveness is a lease in the database, told by the database's clock: a process that is frozen counts as dead, and when
it wakes the epochs of its generations have moved on, so that it changes nothing.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import KW_ONLY, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session
from structlog import get_logger

from services.clock import Sleep
from services.retries import OUTAGE
from services.store.base import upsert
from services.store.database import Database
from services.store.schema import MemberRow

LEAVE_SECONDS = 2.0
NEVER = datetime.min.replace(tzinfo=UTC)

log = get_logger(__name__)


@dataclass(slots=True)
class Membership:
    """This process among its like, on one PostgreSQL."""

    database: Database
    process_id: str
    sleep: Sleep
    _: KW_ONLY
    is_worker: bool = True
    """Whether it works on generations."""
    on_count: Callable[[int], object] = field(default=lambda _: None)
    """Called with the number of live processes after each heartbeat."""
    heartbeat: float = 3.0
    """Seconds between two signs of life."""
    lease: timedelta = timedelta(seconds=15)
    """A process not heard of for so long is dead. With the search for orphans every few seconds, theirs wait less
    than 30 s."""
    _unbroken_since: datetime = field(default=NEVER, init=False)
    _last: datetime = field(default=NEVER, init=False)
    _leader: str | None = field(default=None, init=False)

    @property
    def is_leader(self) -> bool:
        """Whether this process does what one of those that work on generations shall do for all."""
        return self._leader == self.process_id

    @property
    def _gap(self) -> timedelta:
        """Silence of this process's own after which it cannot tell the dead from those that were cut off with it."""
        return self.lease - timedelta(seconds=2 * self.heartbeat)

    async def join(self) -> None:
        """Be heard of at this moment."""
        now, members = await self.database.write(_beat, self.process_id, self.is_worker, self.lease)
        if now - self._last > self._gap:
            self._unbroken_since = now
        self._last = now
        self._leader = min((member.process_id for member in members if member.works), default=None)
        self.on_count(len(members))

    async def run(self) -> None:
        """Be heard of again until cancelled; a database that does not answer is told again."""
        while True:
            await self.sleep(self.heartbeat)
            try:
                async with asyncio.timeout(self.lease.total_seconds() / 3):
                    await self.join()
            except OUTAGE as error:
                log.warning("heartbeat_failed", error=type(error).__name__)

    async def leave(self) -> None:
        """Let the others take over at once; where the database is gone they do so a little later."""
        with suppress(*OUTAGE):
            async with asyncio.timeout(LEAVE_SECONDS):
                own = delete(MemberRow).where(MemberRow.process_id == self.process_id)
                await self.database.write(Session.execute, own)

    async def alive(self) -> set[str] | None:
        """The processes that are alive; None while nobody may be declared dead.

        After an outage of the database, or a pause of the whole machine, everybody looks dead for a moment: this
        process must have been heard of without a gap for some time, up to now, before it judges.
        """
        if self._last - self._unbroken_since < self._gap:
            return None
        now, members = await self.database.read(_look, self.lease)
        if now - self._last > self._gap:
            return None
        return {member.process_id for member in members}


def _beat(session: Session, process_id: str, works: bool, lease: timedelta) -> tuple[datetime, list[MemberRow]]:
    now = database_now(session)
    upsert(session, MemberRow, process_id=process_id, works=works, seen_at=now)
    session.execute(delete(MemberRow).where(MemberRow.seen_at < now - 40 * lease))
    return _look(session, lease)


def _look(session: Session, lease: timedelta) -> tuple[datetime, list[MemberRow]]:
    now = database_now(session)
    return now, list(session.scalars(select(MemberRow).where(MemberRow.seen_at > now - lease)))


def database_now(session: Session) -> datetime:
    """The time of the database, which all processes share."""
    moment = session.scalar(select(func.clock_timestamp()))
    assert isinstance(moment, datetime)
    return moment


@dataclass(frozen=True, slots=True)
class Alone:
    """The only process: everything that is not its own was a dead one's."""

    process_id: str
    is_leader: ClassVar[bool] = True

    async def join(self) -> None:
        """Nobody is there to hear of it."""

    async def run(self) -> None:
        """Nobody is there to hear of it."""

    async def leave(self) -> None:
        """Nobody is there to take over."""

    async def alive(self) -> set[str]:
        """This process."""
        return {self.process_id}

"""Several processes on one PostgreSQL: who is alive, who speaks for all, and one limit on calls for all.

Liveness is a lease in the database, told by the database's clock: a process that is frozen counts as dead, and when
it wakes the epochs of its generations have moved on, so that it changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

from services.store.database import Database
from services.store.schema import ApiCallRow, ApiHoldRow, MemberRow

WINDOW = timedelta(seconds=60)
PACE_LOCK = 7205759403792795
"""PostgreSQL's advisory lock for the shared limit on calls."""

LEAVE_SECONDS = 2.0

HOLD_SECONDS = 2.0
"""What the database is given to pass a hold on: the answer that asked for it must not wait for an outage to end."""

SERVICE = "genaipro"
"""What is held, in the table of holds."""

log = get_logger(__name__)
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Tempo:
    """How often a process is heard of, and when it counts as dead.

    Attributes:
        heartbeat: Seconds between two signs of life.
        lease: A process not heard of for so long is dead. With the search for orphans every few seconds, theirs is
            to wait less than 30 s.
    """

    heartbeat: float = 3.0
    lease: timedelta = timedelta(seconds=15)

    @property
    def gap(self) -> timedelta:
        """Silence of this process's own after which it cannot tell the dead from those that were cut off with it."""
        return self.lease - timedelta(seconds=2 * self.heartbeat)


DEFAULT_TEMPO = Tempo()


class Membership:
    """This process among its like.

    Args:
        database: A PostgreSQL.
        executor_id: This process; unique.
        sleep: Waits some seconds.
        works: Whether it works on generations.
        counted: Is told how many processes there are, whenever that is known anew.
        tempo: How often it is heard of.
    """

    def __init__(
        self,
        database: Database,
        executor_id: str,
        sleep: Sleep,
        *,
        works: bool = True,
        counted: Callable[[int], object] = lambda _: None,
        tempo: Tempo = DEFAULT_TEMPO,
    ) -> None:
        self._database = database
        self._executor_id = executor_id
        self._sleep = sleep
        self._works = works
        self._counted = counted
        self._tempo = tempo
        self._unbroken_since: datetime | None = None
        self._last: datetime | None = None
        self._speaker: str | None = None

    @property
    def speaks(self) -> bool:
        """Whether this process does what one of those that work on generations shall do for all."""
        return self._speaker == self._executor_id

    async def join(self) -> None:
        """Be heard of for the first time."""
        await self._beat()

    async def run(self) -> None:
        """Be heard of until cancelled; a database that does not answer is told again."""
        while True:
            await self._sleep(self._tempo.heartbeat)
            try:
                async with asyncio.timeout(self._tempo.lease.total_seconds() / 3):
                    await self._beat()
            except (SQLAlchemyError, OSError) as error:
                log.warning("heartbeat_failed", error=type(error).__name__)

    async def leave(self) -> None:
        """Let the others take over at once; where the database is gone they do so a little later."""
        with suppress(SQLAlchemyError, OSError):
            async with asyncio.timeout(LEAVE_SECONDS), self._database.old_write() as session:
                await session.execute(delete(MemberRow).where(MemberRow.executor_id == self._executor_id))

    async def living(self) -> set[str] | None:
        """The processes that are alive; None while nobody may be declared dead.

        After an outage of the database, or a pause of the whole machine, everybody looks dead for a moment: this
        process must have been heard of without a gap for some time, up to now, before it judges.
        """
        if self._last is None or self._unbroken_since is None or self._last - self._unbroken_since < self._tempo.gap:
            return None
        async with self._database.old_read() as session:
            now = await _now(session)
            if now - self._last > self._tempo.gap:
                return None
            return {member.executor_id for member in await self._members(session, now)}

    async def _beat(self) -> None:
        async with self._database.old_write() as session:
            now = await _now(session)
            row = insert(MemberRow).values(executor_id=self._executor_id, works=self._works, seen_at=now)
            await session.execute(row.on_conflict_do_update(index_elements=["executor_id"], set_={"seen_at": now}))
            await session.execute(delete(MemberRow).where(MemberRow.seen_at < now - 40 * self._tempo.lease))
            members = await self._members(session, now)
        if self._last is None or self._unbroken_since is None or now - self._last > self._tempo.gap:
            self._unbroken_since = now
        self._last = now
        self._speaker = min((member.executor_id for member in members if member.works), default=None)
        self._counted(len(members))

    async def _members(self, session: AsyncSession, now: datetime) -> list[MemberRow]:
        return list(await session.scalars(select(MemberRow).where(MemberRow.seen_at > now - self._tempo.lease)))


class Alone:
    """The only process: everything that is not its own was a dead one's.

    Args:
        executor_id: This process.
    """

    speaks = True

    def __init__(self, executor_id: str) -> None:
        self._executor_id = executor_id

    async def living(self) -> set[str]:
        """This process."""
        return {self._executor_id}


class SharedPacer:
    """The limit on calls to GenAIPro for all processes together, at most so many in any 60 seconds.

    Args:
        per_minute: Calls in any 60 seconds, at least 1.
        database: A PostgreSQL.
        sleep: Waits some seconds.
    """

    def __init__(self, per_minute: int, database: Database, sleep: Sleep) -> None:
        self._per_minute = per_minute
        self._database = database
        self._sleep = sleep
        self._held_until = 0.0

    async def wait(self) -> None:
        """Return when the call may be made; it is counted at that moment."""
        loop = asyncio.get_running_loop()
        while True:
            held = self._held_until - loop.time()
            if held > 0:
                await self._sleep(held)
                continue
            pause = await self._try()
            if pause is None:
                return
            await self._sleep(pause)

    async def hold(self, seconds: float) -> None:
        """Let no call of any process through for so long; never shortens an earlier hold.

        Where the database does not answer, this process alone holds back.

        Args:
            seconds: From now; 0 or less does nothing.
        """
        if seconds <= 0:
            return
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)
        try:
            async with asyncio.timeout(HOLD_SECONDS), self._database.old_write() as session:
                until = await _now(session) + timedelta(seconds=seconds)
                row = insert(ApiHoldRow).values(service=SERVICE, held_until=until)
                longest = func.greatest(ApiHoldRow.held_until, row.excluded.held_until)
                await session.execute(
                    row.on_conflict_do_update(index_elements=["service"], set_={"held_until": longest})
                )
        except (SQLAlchemyError, OSError) as error:
            log.warning("hold_not_shared", error=type(error).__name__)

    async def _try(self) -> float | None:
        """Count a call and return None, or return the seconds until there may be room."""
        async with self._database.old_write() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PACE_LOCK})
            now = await _now(session)
            held_until = await session.scalar(select(ApiHoldRow.held_until).where(ApiHoldRow.service == SERVICE))
            if held_until is not None and held_until > now:
                return max(0.05, (held_until - now).total_seconds())
            await session.execute(delete(ApiCallRow).where(ApiCallRow.called_at <= now - WINDOW))
            calls = (await session.scalars(select(ApiCallRow.called_at).order_by(ApiCallRow.called_at))).all()
            if len(calls) < self._per_minute:
                session.add(ApiCallRow(called_at=now))
                return None
            return max(0.05, (calls[-self._per_minute] + WINDOW - now).total_seconds())


async def _now(session: AsyncSession) -> datetime:
    moment = await session.scalar(select(func.clock_timestamp()))
    assert isinstance(moment, datetime)
    return moment

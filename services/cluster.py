"""Several processes on one PostgreSQL: who is alive, whose generations are orphans, and one limit on calls for all.

Liveness is a lease in the database, told by the database's clock: a process that is frozen counts as dead, and when
it wakes the epochs of its generations have moved on, so that it changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

from services.store.database import Database
from services.store.schema import ApiCallRow, WorkerRow

HEARTBEAT_SECONDS = 3.0
LEASE = timedelta(seconds=15)
"""A process not heard of for so long is dead; with the search every few seconds, orphans wait less than 30 s."""

WINDOW = timedelta(seconds=60)
PACE_LOCK = 7205759403792795
"""PostgreSQL's advisory lock for the shared limit on calls."""

log = get_logger(__name__)
Sleep = Callable[[float], Awaitable[None]]


class Membership:
    """This process among its like.

    Args:
        database: A PostgreSQL.
        executor_id: This process; unique.
        sleep: Waits some seconds.
    """

    def __init__(self, database: Database, executor_id: str, sleep: Sleep) -> None:
        self._database = database
        self._executor_id = executor_id
        self._sleep = sleep
        self._unbroken_since: datetime | None = None
        self._last: datetime | None = None

    async def join(self) -> None:
        """Be heard of for the first time."""
        await self._beat()

    async def run(self) -> None:
        """Be heard of until cancelled; a database that does not answer is told again."""
        while True:
            await self._sleep(HEARTBEAT_SECONDS)
            try:
                await self._beat()
            except (SQLAlchemyError, OSError) as error:
                log.warning("heartbeat_failed", error=type(error).__name__)

    async def leave(self) -> None:
        """Let the others take over at once."""
        async with self._database.write() as session:
            await session.execute(delete(WorkerRow).where(WorkerRow.executor_id == self._executor_id))

    async def living(self) -> set[str] | None:
        """The processes that are alive; None while nobody may be declared dead.

        After an outage of the database everybody looks dead for a moment: this process must have been heard of for
        most of a lease without a gap before it judges.
        """
        watched = self._last - self._unbroken_since if self._last and self._unbroken_since else timedelta()
        if watched < LEASE - 2 * timedelta(seconds=HEARTBEAT_SECONDS):
            return None
        async with self._database.read() as session:
            now = await _now(session)
            return set(await session.scalars(select(WorkerRow.executor_id).where(WorkerRow.seen_at > now - LEASE)))

    async def _beat(self) -> None:
        async with self._database.write() as session:
            now = await _now(session)
            row = insert(WorkerRow).values(executor_id=self._executor_id, seen_at=now)
            await session.execute(row.on_conflict_do_update(index_elements=["executor_id"], set_={"seen_at": now}))
            await session.execute(delete(WorkerRow).where(WorkerRow.seen_at < now - 40 * LEASE))
        if self._last is None or self._unbroken_since is None or now - self._last >= LEASE:
            self._unbroken_since = now
        self._last = now


class Alone:
    """The only process: everything that is not its own was a dead one's.

    Args:
        executor_id: This process.
    """

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

    def hold(self, seconds: float) -> None:
        """Let no call of this process through for so long; never shortens an earlier hold."""
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)

    async def _try(self) -> float | None:
        """Count a call and return None, or return the seconds until there may be room."""
        async with self._database.write() as session:
            await session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PACE_LOCK})
            now = await _now(session)
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

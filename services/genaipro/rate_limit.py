"""The bot's own limit on its calls to GenAIPro: never more than so many in any minute, of one process or of several."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session
from structlog import get_logger

from services.clock import Clock, Sleep
from services.cluster import database_now
from services.retries import OUTAGE
from services.store.database import Database
from services.store.schema import ApiCallRow, ApiHoldRow

WINDOW = 60.0
"""Seconds in which the limit counts."""

PACE_LOCK = 7205759403792795
"""PostgreSQL's advisory lock for the shared limit."""

HOLD_SECONDS = 2.0
"""What the database is given to pass a hold on: the answer that asked for it must not wait for an outage to end."""

SERVICE = "genaipro"
"""What is held, in the table of holds."""

LEAST_TO_SPARE = 20
"""With a smaller limit, no call can be done without."""

SHORTEST_PAUSE = 0.05
"""Seconds before the shared limit is asked again, at least."""

log = get_logger(__name__)


@dataclass(slots=True)
class ProcessRateLimit:
    """Lets calls of this process through, at most so many in any 60 seconds, in the order they came.

    A call that is cancelled while it waits takes nothing and holds nobody up.
    """

    per_minute: int
    """Calls in any 60 seconds, at least 1."""
    clock: Clock
    """Its monotonic time is what counts."""
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _let_through: deque[float] = field(default_factory=deque, init=False)
    _held_until: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        if self.per_minute < 1:
            raise ValueError("at least one call a minute")

    async def wait(self) -> None:
        """Returns when the call may be made; it is counted at that moment."""
        async with self._turn:
            while (now := self.clock.monotonic()) < (free := self._free_at(now)):
                await self.clock.sleep(free - now)
            self._let_through.append(now)

    async def spare(self) -> bool:
        """Counts a call that can be done without, if it may be made now and half of the limit is free after it."""
        now = self.clock.monotonic()
        if (
            self.per_minute < LEAST_TO_SPARE
            or self._turn.locked()
            or now < self._free_at(now)
            or len(self._let_through) >= self.per_minute // 2
        ):
            return False
        self._let_through.append(now)
        return True

    async def hold(self, seconds: float) -> None:
        """Lets no call through for so long, those that wait already included; never shortens an earlier hold."""
        self._held_until = max(self._held_until, self.clock.monotonic() + seconds)

    def _free_at(self, now: float) -> float:
        while self._let_through and self._let_through[0] + WINDOW <= now:
            self._let_through.popleft()
        full = len(self._let_through) >= self.per_minute
        return max(self._held_until, self._let_through[0] + WINDOW if full else float("-inf"))


@dataclass(slots=True)
class SharedRateLimit:
    """The limit on calls for all processes together, at most so many in any 60 seconds."""

    per_minute: int
    """Calls in any 60 seconds, at least 1."""
    database: Database
    """A PostgreSQL."""
    sleep: Sleep
    _held_until: float = field(default=0.0, init=False)

    async def wait(self) -> None:
        """Returns when the call may be made; it is counted at that moment."""
        loop = asyncio.get_running_loop()
        while True:
            held = self._held_until - loop.time()
            if held > 0:
                await self.sleep(held)
                continue
            pause = await self.database.write(_count_call, self.per_minute, self.per_minute)
            if pause is None:
                return
            await self.sleep(pause)

    async def spare(self) -> bool:
        """Counts a call that can be done without, if it may be made now and half of the limit is free after it."""
        if self.per_minute < LEAST_TO_SPARE or self._held_until > asyncio.get_running_loop().time():
            return False
        try:
            return await self.database.write(_count_call, self.per_minute, self.per_minute // 2) is None
        except OUTAGE:
            return False

    async def hold(self, seconds: float) -> None:
        """Lets no call of any process through for so long; never shortens an earlier hold.

        Where the database does not answer, this process alone holds back.
        """
        self._held_until = max(self._held_until, asyncio.get_running_loop().time() + seconds)
        try:
            async with asyncio.timeout(HOLD_SECONDS):
                await self.database.write(_share_hold, seconds)
        except OUTAGE as error:
            log.warning("hold_not_shared", error=type(error).__name__)


def _count_call(session: Session, per_minute: int, most: int) -> float | None:
    """Counts a call if fewer than ``most`` are counted; else returns seconds until one is free."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": PACE_LOCK})
    now, window = database_now(session), timedelta(seconds=WINDOW)
    held_until = session.scalar(select(ApiHoldRow.held_until).where(ApiHoldRow.service == SERVICE))
    if held_until is not None and held_until > now:
        return max(SHORTEST_PAUSE, (held_until - now).total_seconds())
    session.execute(delete(ApiCallRow).where(ApiCallRow.called_at <= now - window))
    calls = session.scalars(select(ApiCallRow.called_at).order_by(ApiCallRow.called_at)).all()
    if len(calls) < most:
        session.add(ApiCallRow(called_at=now))
        return None
    free_at = calls[-per_minute] + window if len(calls) >= per_minute else now
    return max(SHORTEST_PAUSE, (free_at - now).total_seconds())


def _share_hold(session: Session, seconds: float) -> None:
    until = database_now(session) + timedelta(seconds=seconds)
    row = insert(ApiHoldRow).values(service=SERVICE, held_until=until)
    longest = func.greatest(ApiHoldRow.held_until, row.excluded.held_until)
    session.execute(row.on_conflict_do_update(index_elements=["service"], set_={"held_until": longest}))

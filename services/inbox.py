"""Updates of Telegram between their arrival and their handling, so that none is lost and none is handled twice.

An update is committed here before Telegram is told that it arrived; a repeated one meets its own key. What a dead
process left is taken over by its successor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from services.clock import Clock
from services.store.database import Database
from services.store.schema import InboxRow

KEEP_HANDLED = timedelta(days=2)
"""How long the number of a handled update is remembered; Telegram keeps updates for 24 hours."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An update as it arrived.

    Attributes:
        update_id: Telegram's number.
        lane: Updates of one lane are handled one after the other.
        payload: The update as JSON.
    """

    update_id: int
    lane: str
    payload: str


class Inbox:
    """The updates that this process, or any other, still has to handle.

    Args:
        database: Where the rows are.
        clock: Tells the time.
        owner: This process; unique among those that live.
        lease: How long a process may be silent before another takes its updates over.
    """

    def __init__(self, database: Database, clock: Clock, owner: str, lease: timedelta) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._lease = lease

    async def store(self, arrived: Sequence[Arrived]) -> list[Arrived]:
        """Commit updates.

        Returns:
            Those that are new, in their order; this process is to handle them.
        """
        if not arrived:
            return []
        now = self._clock.now()
        rows = [
            {
                "update_id": item.update_id,
                "lane": item.lane,
                "payload": item.payload,
                "received_at": now,
                "taken_by": self._owner,
                "taken_until": now + self._lease,
            }
            for item in arrived
        ]
        insert = sqlite_insert if self._database.is_sqlite else postgresql_insert
        async with self._database.write() as session:
            statement = insert(InboxRow).values(rows).on_conflict_do_nothing().returning(InboxRow.update_id)
            new = set(await session.scalars(statement))
        return [item for item in arrived if item.update_id in new]

    async def take_over(self) -> list[Arrived]:
        """Take what no living process handles, oldest first."""
        now = self._clock.now()
        async with self._database.write() as session:
            left = InboxRow.payload.is_not(None) & (InboxRow.taken_by.is_(None) | (InboxRow.taken_until < now))
            query = select(InboxRow).where(left).order_by(InboxRow.update_id).limit(1000)
            rows = (await session.scalars(query.with_for_update(skip_locked=True))).all()
            for row in rows:
                row.taken_by = self._owner
                row.taken_until = now + self._lease
            return [Arrived(row.update_id, row.lane, row.payload or "") for row in rows]

    async def take_all_back(self) -> list[Arrived]:
        """At the start of the only process: whatever is there is left over, whoever took it."""
        async with self._database.write() as session:
            await session.execute(update(InboxRow).where(InboxRow.payload.is_not(None)).values(taken_by=None))
        return await self.take_over()

    async def renew(self) -> None:
        """Say that this process lives and still has its updates."""
        async with self._database.write() as session:
            own = update(InboxRow).where(InboxRow.taken_by == self._owner, InboxRow.payload.is_not(None))
            await session.execute(own.values(taken_until=self._clock.now() + self._lease))

    async def handled(self, update_id: int) -> None:
        """Forget an update's content; its number stays for a while."""
        async with self._database.write() as session:
            own = update(InboxRow).where(InboxRow.update_id == update_id)
            await session.execute(own.values(payload=None, taken_by=None, taken_until=None))

    async def prune(self, before: datetime) -> None:
        """Forget the numbers of updates that were handled long ago."""
        async with self._database.write() as session:
            old = delete(InboxRow).where(InboxRow.payload.is_(None), InboxRow.received_at < before)
            await session.execute(old)

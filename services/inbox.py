"""Updates of Telegram between their arrival and their handling, so that none is lost and none is handled twice.

An update is committed here before Telegram is told that it arrived; a repeated one meets its own key. What a dead
process left is taken over by another one, and updates of one lane are handled in their order, whichever processes
hold them. On SQLite a loss of power may take what came in its last moment: a photo or a tap, which is sent again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from sqlalchemy import delete, or_, select, true, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.sql.elements import ColumnElement

from services.clock import Clock
from services.store.database import Database
from services.store.schema import InboxRow

KEEP_HANDLED = timedelta(days=2)
"""How long the number of a handled update is remembered; Telegram keeps updates for 24 hours."""

TAKEN_AT_ONCE = 1000


def lane_name(chat_id: int, user_id: int) -> str:
    """The lane of a person's updates in a chat."""
    return f"{chat_id}:{user_id}"


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


class Turn(Enum):
    """Whether an update may be handled."""

    NOW = auto()
    LATER = auto()
    """An earlier one of its lane is still to be handled, by this process or another one."""
    LOST = auto()
    """It was handled, or another process took it over: this one was silent for too long."""


class Inbox:
    """The updates that this process, or any other, still has to handle.

    Args:
        database: Where the rows are.
        clock: Tells the time.
        bot_id: Whose updates.
        owner: This process; unique among those that live.
    """

    def __init__(self, database: Database, clock: Clock, bot_id: int, owner: str) -> None:
        self._database = database
        self._clock = clock
        self._bot_id = bot_id
        self._owner = owner

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
                "bot_id": self._bot_id,
                "update_id": item.update_id,
                "lane": item.lane,
                "payload": item.payload,
                "received_at": now,
                "taken_by": self._owner,
            }
            for item in arrived
        ]
        insert = sqlite_insert if self._database.is_sqlite else postgresql_insert
        # Telegram waits for this commit; and rows beside the statement let its text be made once.
        async with self._database.old_write(hurry=True, durable=False) as session:
            statement = insert(InboxRow).on_conflict_do_nothing().returning(InboxRow.update_id)
            new = set(await session.scalars(statement, rows))
        # A batch may itself hold an update twice.
        unique = {item.update_id: item for item in arrived if item.update_id in new}
        return list(unique.values())

    async def turn(self, arrived: Arrived) -> Turn:
        """Whether an update of this process may be handled now."""
        if self._database.is_sqlite:
            # The only process keeps the order of its lanes by itself, and nobody takes anything over.
            return Turn.NOW
        lane = self._left() & (InboxRow.lane == arrived.lane) & (InboxRow.update_id <= arrived.update_id)
        async with self._database.look() as connection:
            query = select(InboxRow.update_id, InboxRow.taken_by).where(lane).order_by(InboxRow.update_id)
            left = (await connection.execute(query)).all()
        if (arrived.update_id, self._owner) not in [(row.update_id, row.taken_by) for row in left]:
            return Turn.LOST
        return Turn.NOW if left[0].update_id == arrived.update_id else Turn.LATER

    async def take_over(self, living: Collection[str] | None) -> list[Arrived]:
        """Take what no living process handles, oldest first.

        Args:
            living: The processes that are alive; None while nobody may be declared dead, and then only what was
                given back is taken.
        """
        free: ColumnElement[bool] = InboxRow.taken_by.is_(None)
        if living is not None:
            free = or_(free, InboxRow.taken_by.not_in(living)) if living else true()
        query = select(InboxRow).where(self._left(), free).order_by(InboxRow.update_id).limit(TAKEN_AT_ONCE)
        async with self._database.old_write() as session:
            rows = (await session.scalars(query.with_for_update(skip_locked=True))).all()
            for row in rows:
                row.taken_by = self._owner
            return [Arrived(row.update_id, row.lane, row.payload or "") for row in rows]

    async def give_back(self) -> None:
        """At the end of this process: let others handle what it could not."""
        async with self._database.old_write() as session:
            own = update(InboxRow).where(self._left(), InboxRow.taken_by == self._owner)
            await session.execute(own.values(taken_by=None))

    async def handled(self, update_ids: Sequence[int]) -> None:
        """Forget the content of updates; their numbers stay for a while."""
        async with self._database.old_write(durable=False) as session:
            own = update(InboxRow).where(InboxRow.bot_id == self._bot_id, InboxRow.update_id.in_(update_ids))
            await session.execute(own.values(payload=None, taken_by=None))

    async def prune(self, before: datetime) -> None:
        """Forget the numbers of updates that came long ago, and what nobody will handle any more."""
        async with self._database.old_write() as session:
            await session.execute(delete(InboxRow).where(InboxRow.received_at < before))

    def _left(self) -> ColumnElement[bool]:
        return (InboxRow.bot_id == self._bot_id) & InboxRow.payload.is_not(None)


class Arrivals:
    """Knows whose updates have arrived and are still to be handled.

    Args:
        database: Holds the inbox.
        bot_id: Whose updates.
    """

    def __init__(self, database: Database, bot_id: int) -> None:
        self._database = database
        self._bot_id = bot_id

    async def are_left(self, chat_id: int, user_id: int) -> bool:
        """Whether some of a person's updates in a chat wait, or are being handled."""
        lane = (InboxRow.bot_id == self._bot_id) & (InboxRow.lane == lane_name(chat_id, user_id))
        async with self._database.look() as connection:
            query = select(InboxRow.update_id).where(lane, InboxRow.payload.is_not(None)).limit(1)
            return await connection.scalar(query) is not None

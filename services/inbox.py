"""Updates of Telegram between their arrival and their handling, so that none is lost and none is handled twice.

An update is committed here before Telegram is told that it arrived; a repeated one meets its own key. What a dead
process left is taken over by another one, and updates of one lane are handled in their order, whichever processes
hold them. On SQLite a loss of power may take what came in its last moment: a photo or a tap, which is sent again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, auto

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session
from sqlalchemy.sql.elements import ColumnElement
from telegram import Update

from services.clock import Clock
from services.store.base import insert_into, table_of
from services.store.database import Database
from services.store.schema import InboxRow

TAKEN_AT_ONCE = 1000

OTHER = "other"
"""The kind of an update that was not asked for, or not parsed yet."""

OVERHEARD = "overheard"
"""The kind of messages in groups that are not for the bot: confirmed, counted and forgotten."""

_INBOX = table_of(InboxRow)
# Made once, for making a statement takes longer than the database takes over it.
_BOTS = _INBOX.c.bot_id == bindparam("bot")
_LEFT = _BOTS & _INBOX.c.payload.is_not(None)
_OF_LANE = _LEFT & (_INBOX.c.lane == bindparam("of_lane"))
_ONE = _BOTS & (_INBOX.c.update_id == bindparam("number"))

_HANDLED = update(_INBOX).where(_ONE).values(payload=None, lane="", taken_by=None)
_TIME = select(_INBOX.c.received_at).where(_ONE)
_WAITING = select(_INBOX.c.update_id).where(_OF_LANE).limit(1)
_UP_TO = (
    select(_INBOX.c.update_id, _INBOX.c.taken_by)
    .where(_OF_LANE, _INBOX.c.update_id <= bindparam("number"))
    .order_by(_INBOX.c.update_id)
)


def lane_name(chat_id: int, user_id: int) -> str:
    """The lane of a person's updates in a chat."""
    return f"{chat_id}:{user_id}"


@dataclass(frozen=True, slots=True)
class Arrived:
    """An update as it arrived."""

    update_id: int
    lane: str
    """Updates of one lane are handled one after the other."""
    payload: str
    """The update as JSON."""
    kind: str = OTHER
    """One of those that can be wanted, ``other``, or ``overheard``."""
    update: Update | None = None
    """None where it was not parsed yet, or cannot be."""


class Turn(Enum):
    """Whether an update may be handled."""

    NOW = auto()
    LATER = auto()
    """An earlier one of its lane is still to be handled, by this process or another one."""
    LOST = auto()
    """It was handled, or another process took it over: this one was silent for too long."""


@dataclass(slots=True)
class Inbox:
    """The updates that this process, or any other, still has to handle."""

    database: Database
    clock: Clock
    bot_id: int
    owner: str
    """This process; unique among those that live."""
    fetched: bool = False
    """Whether what waited at Telegram while the bot was away has come, as far as that can be known."""
    cut_short: set[int] = field(default_factory=set)
    """The updates whose last attempt an outage of the database ended; each is handled again."""

    async def store(self, arrived: Sequence[Arrived]) -> list[Arrived]:
        """Commit updates, and return those that are new, in their order: this process is to handle them."""
        if not arrived:
            return []
        now = self.clock.now()
        rows = [
            {
                "bot_id": self.bot_id,
                "update_id": item.update_id,
                "lane": item.lane,
                "payload": item.payload,
                "received_at": now,
                "taken_by": self.owner,
            }
            for item in arrived
        ]
        new = await self.database.write(_store, rows, durable=False, urgent=True)
        # A batch may itself hold an update twice.
        unique = {item.update_id: item for item in arrived if item.update_id in new}
        return list(unique.values())

    async def turn(self, arrived: Arrived) -> Turn:
        """Whether an update of this process may be handled now."""
        if self.database.is_sqlite:
            # The only process keeps the order of its lanes by itself, and nobody takes anything over.
            return Turn.NOW
        up_to = {"bot": self.bot_id, "of_lane": arrived.lane, "number": arrived.update_id}
        left = await self.database.read(_owners, up_to)
        if (arrived.update_id, self.owner) not in left:
            return Turn.LOST
        return Turn.NOW if left[0][0] == arrived.update_id else Turn.LATER

    async def take_abandoned(self, living: Collection[str] | None) -> list[Arrived]:
        """Take what no living process handles, oldest first.

        Args:
            living: The processes that are alive; None while nobody may be declared dead, and then only what was
                given back is taken.
        """
        free: ColumnElement[bool] = InboxRow.taken_by.is_(None)
        if living is not None:
            free |= InboxRow.taken_by.not_in(living)
        return await self.database.write(_take_abandoned, self.bot_id, free, self.owner)

    async def give_back(self) -> None:
        """At the end of this process: let others handle what it could not."""
        own = update(_INBOX).where(_LEFT, _INBOX.c.taken_by == self.owner).values(taken_by=None)
        await self.database.write(Session.execute, own, {"bot": self.bot_id})

    async def handled(self, update_id: int) -> None:
        """Forget the content of an update, and whose it was; its number stays for a while."""
        await self.database.write(Session.execute, _HANDLED, self._one(update_id), durable=False)

    async def holds(self, chat_id: int, user_id: int) -> bool:
        """Whether some of a person's updates in a chat wait, or are being handled; or may wait at Telegram still."""
        if not self.fetched:
            return True
        lane = {"bot": self.bot_id, "of_lane": lane_name(chat_id, user_id)}
        return await self.database.read(Session.scalar, _WAITING, lane) is not None

    async def time_of(self, update_id: int) -> datetime | None:
        """When an update arrived, which may be long before it is handled; None for one that was not stored."""
        return await self.database.read(Session.scalar, _TIME, self._one(update_id))

    def _one(self, update_id: int) -> dict[str, object]:
        return {"bot": self.bot_id, "number": update_id}


def prune_inbox(session: Session, before: datetime) -> None:
    """Forget the numbers of updates that came long ago, and what nobody will handle any more."""
    session.execute(delete(InboxRow).where(InboxRow.received_at < before))


def _store(session: Session, rows: list[dict[str, object]]) -> set[int]:
    # Rows beside the statement let its text be made once.
    statement = insert_into(session, _INBOX).on_conflict_do_nothing().returning(_INBOX.c.update_id)
    return set(session.scalars(statement, rows))


def _owners(session: Session, up_to: dict[str, object]) -> list[tuple[int, str | None]]:
    return [(row.update_id, row.taken_by) for row in session.execute(_UP_TO, up_to)]


def _take_abandoned(session: Session, bot_id: int, free: ColumnElement[bool], owner: str) -> list[Arrived]:
    query = select(InboxRow).where(_LEFT, free).order_by(InboxRow.update_id).limit(TAKEN_AT_ONCE)
    rows = session.scalars(query.with_for_update(skip_locked=True), {"bot": bot_id}).all()
    for row in rows:
        row.taken_by = owner
    return [Arrived(row.update_id, row.lane, row.payload or "") for row in rows]

"""Things that are done or told at most once in a while, however many updates or processes call for them."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from services.clock import Clock
from services.store.base import affected, insert_new
from services.store.database import Database
from services.store.schema import NoticeRow


def person_key(what: str, user_id: int, *details: str | int) -> str:
    """A key about a person, of a kind without a colon; ``/forget`` finds it by its form."""
    return ":".join([what, f"u{user_id}", *map(str, details)])


def chat_key(what: str, chat_id: int, *details: str | int) -> str:
    """A key about a chat."""
    return ":".join([what, f"c{chat_id}", *map(str, details)])


@dataclass(slots=True)
class Throttle:
    """Remembers what was allowed when."""

    database: Database
    clock: Clock

    async def allows(self, key: str, every: timedelta) -> bool:
        """Whether it may be done now; true is said once, and then not before ``every`` has gone by.

        The claim comes before the deed: a notice may be lost with the process, and is never given twice.
        """
        now = self.clock.now()
        # A flood of updates that are told nothing must cost no writes.
        told_at = await self.database.read(Session.scalar, select(NoticeRow.told_at).where(NoticeRow.key == key))
        if told_at is not None and told_at > now - every:
            return False
        return await self.database.write(_claim, key, now, every)


def forget_throttled(session: Session, user_id: int) -> int:
    """Delete all keys about a person; the number that was deleted."""
    exact = f"u{user_id}"
    about = or_(NoticeRow.key.like(f"%:{exact}"), NoticeRow.key.like(f"%:{exact}:%"))
    return affected(session, delete(NoticeRow).where(about))


def _claim(session: Session, key: str, now: datetime, every: timedelta) -> bool:
    if insert_new(session, NoticeRow, key=key, told_at=now):
        return True
    again = update(NoticeRow).where(NoticeRow.key == key, NoticeRow.told_at <= now - every).values(told_at=now)
    return affected(session, again) == 1


def prune_throttled(session: Session, before: datetime) -> int:
    """Drop what is older than any of it is remembered for; the number that was dropped."""
    return affected(session, delete(NoticeRow).where(NoticeRow.told_at < before))

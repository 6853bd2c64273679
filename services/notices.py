"""Notices that are given at most once in a while, whatever the number of updates or processes that call for them."""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.clock import Clock
from services.store.database import Database
from services.store.old_dialects import affected, insert_new
from services.store.schema import NoticeRow


def person_key(what: str, user_id: int, *details: str | int) -> str:
    """The key of a notice to a person; ``/forget`` finds it by its form.

    Args:
        what: The kind of notice, without a colon.
        user_id: The person.
        details: What sets it apart from others of its kind.
    """
    return ":".join([what, f"u{user_id}", *map(str, details)])


def chat_key(what: str, chat_id: int, *details: str | int) -> str:
    """The key of a notice to a chat."""
    return ":".join([what, f"c{chat_id}", *map(str, details)])


class Notices:
    """Remembers what was told when.

    Args:
        database: Holds the rows.
        clock: Says when it is.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def is_due(self, key: str, every: timedelta) -> bool:
        """Whether the notice may be given now; True is said once, and then not before ``every`` has gone by.

        The claim comes before the sending: a notice may be lost with the process, and is never given twice.
        """
        now = self._clock.now()
        # A flood of updates that are told nothing must cost no writes.
        async with self._database.old_read() as session:
            told_at = await session.scalar(select(NoticeRow.told_at).where(NoticeRow.key == key))
        if told_at is not None and told_at > now - every:
            return False
        async with self._database.old_write() as session:
            return await self._claim(session, key, now, every)

    async def prune(self, older_than: timedelta) -> int:
        """Drop notices given longer ago than any of them is remembered for.

        Returns:
            How many were dropped.
        """
        async with self._database.old_write() as session:
            old = NoticeRow.told_at < self._clock.now() - older_than
            return await affected(session, delete(NoticeRow).where(old))

    @staticmethod
    async def _claim(session: AsyncSession, key: str, now: datetime, every: timedelta) -> bool:
        if await insert_new(session, NoticeRow, key=key, told_at=now):
            return True
        again = update(NoticeRow).where(NoticeRow.key == key, NoticeRow.told_at <= now - every).values(told_at=now)
        return await affected(session, again) == 1


async def forget_notices(session: AsyncSession, user_id: int) -> int:
    """Delete the notices given to a person, in the caller's transaction.

    Returns:
        How many were deleted.
    """
    exact = f"u{user_id}"
    whose = or_(NoticeRow.key.like(f"%:{exact}"), NoticeRow.key.like(f"%:{exact}:%"))
    return await affected(session, delete(NoticeRow).where(whose))

"""``/forget``: deletes all that is kept of a person, in every table, in one transaction.

A rule that shuts the person out stays, as do the numbers of worked-through updates, which name nobody.
"""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import delete, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.access import forget_access
from services.changes import Changes
from services.clock import Clock
from services.drafts.upkeep import forget_drafts
from services.generations.model import FINAL
from services.notices import forget_notices
from services.people import People, forget_person
from services.rulebook import Rulebook
from services.store.schema import GenerationRow, InboxRow

UNTOLD_GRACE = timedelta(minutes=2)
"""How long a generation that ended keeps its row so that its end can still be told."""


class ForgetOutcome(StrEnum):
    """What came of the wish to be forgotten."""

    FORGOTTEN = "forgotten"
    BUSY = "busy"
    """Something of theirs is waiting or running: it may have been paid for, and its row is what knows."""


class Forgetting:
    """Deletes people.

    Args:
        rulebook: Opens the transaction, for rules about the person go as well.
        people: Drops its memory of the person.
        changes: Tells other processes.
        clock: Says when it is.
    """

    def __init__(self, rulebook: Rulebook, people: People, changes: Changes, clock: Clock) -> None:
        self._rulebook = rulebook
        self._people = people
        self._changes = changes
        self._clock = clock

    async def forget(self, user_id: int) -> ForgetOutcome:
        """Delete everything kept of somebody, or nothing when they must wait; repeating it changes nothing."""
        async with self._rulebook.writing() as session:
            if await self._is_busy(session, user_id):
                return ForgetOutcome.BUSY
            await forget_drafts(session, user_id)
            # Photos, videos and result claims go with their generation, by the foreign keys.
            await session.execute(delete(GenerationRow).where(GenerationRow.user_id == user_id))
            await _clear_lanes(session, user_id)
            await forget_notices(session, user_id)
            await forget_access(session, user_id)
            await forget_person(session, self._changes, user_id)
        self._people.forgotten(user_id)
        return ForgetOutcome.FORGOTTEN

    async def _is_busy(self, session: AsyncSession, user_id: int) -> bool:
        goes_on = GenerationRow.state.not_in([state.value for state in FINAL])
        is_untold = GenerationRow.final_shown_at.is_(None) & (
            GenerationRow.finished_at > self._clock.now() - UNTOLD_GRACE
        )
        query = select(GenerationRow.id).where(GenerationRow.user_id == user_id, or_(goes_on, is_untold)).limit(1)
        return await session.scalar(query) is not None


async def _clear_lanes(session: AsyncSession, user_id: int) -> None:
    # The number of a worked-through update stays, so that a repeated one is known; its lane names the person.
    theirs = or_(InboxRow.lane == str(user_id), InboxRow.lane.like(f"%:{user_id}"))
    await session.execute(update(InboxRow).where(InboxRow.payload.is_(None), theirs).values(lane=""))

"""``/forget``: deletes all that is kept of a person, in every table, in one transaction.

A rule that shuts the person out stays, as do the numbers of worked-through updates, which name nobody, and the bare
record of what they paid.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from services.access import forget_access
from services.clock import Clock
from services.drafts.store import forget_drafts
from services.generations.model import FINAL
from services.payments.ledger import give_up_free_videos
from services.payments.returns import settle_all_of
from services.people import forget_person
from services.store.database import Database
from services.store.schema import GenerationRow, InboxRow
from services.throttle import forget_throttled

UNTOLD_GRACE = timedelta(minutes=2)
"""How long a generation that ended keeps its row so that its end can still be told."""


class ForgetOutcome(StrEnum):
    """What came of the wish to be forgotten."""

    FORGOTTEN = "forgotten"
    BUSY = "busy"
    """Something of theirs is waiting or running: it may have been paid for, and its row is what knows."""


async def forget_everything(database: Database, clock: Clock, user_id: int, *, sells: bool) -> ForgetOutcome:
    """Delete everything kept of somebody, or nothing when they must wait; repeating it changes nothing.

    Args:
        sells: Whether people have free videos to give up.
    """
    return await database.write(_forget, user_id, clock.now(), sells)


def _forget(session: Session, user_id: int, now: datetime, sells: bool) -> ForgetOutcome:
    if _is_busy(session, user_id, now):
        return ForgetOutcome.BUSY
    forget_drafts(session, user_id)
    # What was paid must have become a video, or be on its way back, before the request is gone.
    settle_all_of(session, user_id, now)
    if sells:
        give_up_free_videos(session, user_id, now)
    # Photos, videos and result claims go with their generation, by the foreign keys.
    session.execute(delete(GenerationRow).where(GenerationRow.user_id == user_id))
    _clear_lanes(session, user_id)
    forget_throttled(session, user_id)
    forget_access(session, user_id)
    forget_person(session, user_id)
    return ForgetOutcome.FORGOTTEN


def _is_busy(session: Session, user_id: int, now: datetime) -> bool:
    goes_on = GenerationRow.state.not_in([state.value for state in FINAL])
    is_untold = GenerationRow.final_shown_at.is_(None) & (GenerationRow.finished_at > now - UNTOLD_GRACE)
    query = select(GenerationRow.id).where(GenerationRow.user_id == user_id, or_(goes_on, is_untold)).limit(1)
    return session.scalar(query) is not None


def _clear_lanes(session: Session, user_id: int) -> None:
    # The number of a worked-through update stays, so that a repeated one is known; its lane names the person.
    theirs = or_(InboxRow.lane == str(user_id), InboxRow.lane.like(f"%:{user_id}"))
    session.execute(update(InboxRow).where(InboxRow.payload.is_(None), theirs).values(lane=""))

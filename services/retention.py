"""How long things are kept: until they are old, or their person says ``/forget``; also where a group became another.

``/forget`` works on every table in one transaction. A rule that shuts the person out stays, as do the numbers of
worked-through updates, which name nobody, and the bare record of what they paid.
"""

from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session
from structlog import get_logger

from services.access import Access, forget_access
from services.clock import Clock
from services.drafts.drafts import prune_seen
from services.drafts.store import forget_drafts, move_drafts, prune_drafts
from services.generations.model import FINAL
from services.generations.results import prune_claims
from services.generations.store import move_generations, prune_generations
from services.inbox import prune_inbox
from services.payments.ledger import give_up_free_videos
from services.payments.purchases import settle_all_of
from services.people import forget_person
from services.retries import OUTAGE
from services.store.database import Database
from services.store.schema import GenerationRow, InboxRow
from services.throttle import forget_throttled, prune_throttled

EVERY_SECONDS = 3600.0
KEEP_DRAFTS = timedelta(days=7)
KEEP_SEEN_PHOTOS = timedelta(days=3)
KEEP_NOTICES = timedelta(days=2)
KEEP_GENERATIONS = timedelta(days=180)
KEEP_CLAIMS = timedelta(days=7)
KEEP_HANDLED = timedelta(days=2)
"""How long the number of a handled update is remembered; Telegram keeps updates for 24 hours."""
UNTOLD_GRACE = timedelta(minutes=2)
"""How long a generation that ended keeps its row so that its end can still be told."""

log = get_logger(__name__)


async def prune_hourly(database: Database, clock: Clock) -> None:
    """Delete what is old, now and every hour, until cancelled; during an outage it is left for the next hour."""
    while True:
        try:
            await _prune(database, clock.now())
        except OUTAGE as error:
            log.warning("housekeeping_met_an_outage", error=type(error).__name__)
        await clock.sleep(EVERY_SECONDS)


async def _prune(database: Database, now: datetime) -> None:
    drafts = await database.write(prune_drafts, now - KEEP_DRAFTS)
    photos = await database.write(prune_seen, now - KEEP_SEEN_PHOTOS)
    generations = await database.write(prune_generations, now - KEEP_GENERATIONS)
    await database.write(prune_claims, now - KEEP_CLAIMS)
    await database.write(prune_inbox, now - KEEP_HANDLED)
    await database.write(prune_throttled, now - KEEP_NOTICES)
    log.info("pruned", drafts=drafts, photos=photos, generations=generations)


async def move_chat(database: Database, access: Access, old_chat_id: int, new_chat_id: int) -> tuple[str, ...]:
    """Keep what is kept of a group for the supergroup that it became, and return the open drafts; may be repeated.

    Sources: Bot API pages of ``Message`` (``migrate_to_chat_id``) and ``ResponseParameters``.
    """
    if old_chat_id == new_chat_id:
        return ()
    await access.migrate(old_chat_id, new_chat_id)
    await database.write(move_generations, old_chat_id, new_chat_id)
    return await database.write(move_drafts, old_chat_id, new_chat_id)


def forget_everything(session: Session, user_id: int, now: datetime, sells: bool) -> bool:
    """Delete everything kept of somebody, free videos included where the bot sells; repeating it changes nothing.

    Nothing is deleted, and False returned, while something of theirs is waiting or running: it may have been paid for,
    and its row is what knows.
    """
    if _is_busy(session, user_id, now):
        return False
    forget_drafts(session, user_id)
    # What was paid must have become a video, or be on its way back, before the request is gone.
    settle_all_of(session, user_id, now)
    if sells:
        give_up_free_videos(session, user_id, now)
    # Photos, videos and purchases go with their generation, by the foreign keys; result claims are hashes, and stay.
    session.execute(delete(GenerationRow).where(GenerationRow.user_id == user_id))
    _clear_lanes(session, user_id)
    forget_throttled(session, user_id)
    forget_access(session, user_id)
    forget_person(session, user_id)
    return True


def _is_busy(session: Session, user_id: int, now: datetime) -> bool:
    goes_on = GenerationRow.state.not_in([state.value for state in FINAL])
    is_untold = GenerationRow.final_shown_at.is_(None) & (GenerationRow.finished_at > now - UNTOLD_GRACE)
    query = select(GenerationRow.id).where(GenerationRow.user_id == user_id, or_(goes_on, is_untold)).limit(1)
    return session.scalar(query) is not None


def _clear_lanes(session: Session, user_id: int) -> None:
    # The number of a worked-through update stays, so that a repeated one is known; its lane names the person.
    theirs = or_(InboxRow.lane == str(user_id), InboxRow.lane.like(f"%:{user_id}"))
    session.execute(update(InboxRow).where(InboxRow.payload.is_(None), theirs).values(lane=""))

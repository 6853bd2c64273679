"""Drafts over time: old ones go, people are forgotten, groups become supergroups."""

from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.drafts.model import DraftState
from services.drafts.rows import COLLECTING_STATES, lock_open, owner_of
from services.store.database import Database
from services.store.dialects import affected
from services.store.schema import DraftItemRow, DraftRow, SeenPhotoRow

MOVED = -(2**61)
"""Added to message ids of a chat that is no more: they keep their order, and no message of the new chat has them."""


async def prune_drafts(database: Database, before: datetime) -> int:
    """Drop drafts, of any state, that have not changed since a moment.

    Returns:
        How many were dropped.
    """
    return await database.write(_prune, before)


def _prune(session: Session, before: datetime) -> int:
    old = select(DraftRow.id).where(DraftRow.updated_at < before)
    session.execute(delete(DraftItemRow).where(DraftItemRow.draft_id.in_(old)))
    return affected(session, delete(DraftRow).where(DraftRow.updated_at < before))


def forget_drafts(session: Session, user_id: int) -> None:
    """Delete a person's drafts and the photos seen of them, in the caller's transaction."""
    whose = select(DraftRow.id).where(DraftRow.user_id == user_id)
    session.execute(delete(DraftItemRow).where(DraftItemRow.draft_id.in_(whose)))
    session.execute(delete(DraftRow).where(DraftRow.user_id == user_id))
    session.execute(delete(SeenPhotoRow).where(SeenPhotoRow.user_id == user_id))


def move_drafts(session: Session, old_chat_id: int, new_chat_id: int) -> tuple[str, ...]:
    """Let drafts and seen photos of a group live on in the supergroup it became, in the caller's transaction.

    Message ids of the old group mean nothing in the new one: cards are sent anew, and the new card, not an old
    message, is what the videos reply to. Repeating it changes nothing.

    Returns:
        The drafts that still collect, whose cards are to be shown.
    """
    rows = list(session.scalars(select(DraftRow).where(DraftRow.chat_id == old_chat_id).with_for_update()))
    moved = [row.id for row in rows]
    for row in rows:
        _move_row(session, row, new_chat_id)
    session.flush()
    if moved:
        own = DraftItemRow.draft_id.in_(moved) & (DraftItemRow.message_id > 0)
        session.execute(update(DraftItemRow).where(own).values(message_id=DraftItemRow.message_id + MOVED))
    seen = (SeenPhotoRow.chat_id == old_chat_id) & (SeenPhotoRow.message_id > 0)
    session.execute(
        update(SeenPhotoRow).where(seen).values(chat_id=new_chat_id, message_id=SeenPhotoRow.message_id + MOVED)
    )
    return tuple(row.id for row in rows if row.state in COLLECTING_STATES)


def _move_row(session: Session, row: DraftRow, new_chat_id: int) -> None:
    row.chat_id = new_chat_id
    if row.state == DraftState.OPEN.value:
        with session.no_autoflush:
            other = lock_open(session, owner_of(row))
        if other is not None and other.id != row.id:
            # What was begun in the supergroup already is the newer one.
            row.state = DraftState.CANCELLED.value
    row.card_message_id = row.card_claimed_at = row.request_message_id = None
    row.card_version = 0
    row.version += 1

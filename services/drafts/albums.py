"""Albums: the parts the bot has seen, and the ones that start by themselves.

Telegram sends every part of an album as an update of its own, in any order, with no end marker; a reply to one part
names that part alone. So the parts are remembered as they go by.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.drafts import Added, AddOutcome
from services.drafts.model import DraftItem, DraftState, Owner, Wanted
from services.drafts.store import (
    COLLECTING_STATES,
    draft_of_album,
    drafts_of_messages,
    lock,
    lock_open,
    new_values,
    put,
    touch,
    with_items,
)
from services.people import Preferences
from services.photos.model import PhotoRef
from services.store.base import affected, insert_new
from services.store.database import Database
from services.store.schema import DraftItemRow, DraftRow, SeenPhotoRow, photo_columns, photo_of


@dataclass(frozen=True, slots=True)
class SeenPhoto:
    """A part of an album: its message and its photo."""

    message_id: int
    photo: PhotoRef


@dataclass(slots=True)
class Albums:
    """The parts of albums that went by, and albums captioned ``/video``, on the way to their start."""

    database: Database
    clock: Clock

    async def remember(self, chat_id: int, user_id: int, media_group_id: str, part: SeenPhoto) -> None:
        """Keep a part; keeping it twice changes nothing."""
        now = self.clock.now()
        await self.database.write(_remember, chat_id, user_id, media_group_id, part, now, durable=False)

    async def parts(self, chat_id: int, media_group_id: str) -> tuple[SeenPhoto, ...]:
        """The parts seen so far, in message order."""
        return await self.database.read(_parts, chat_id, media_group_id)

    async def start(
        self, owner: Owner, defaults: Preferences, media_group_id: str, items: Sequence[DraftItem], wanted: Wanted
    ) -> Added:
        """Let an album start by itself: its parts leave the owner's open draft for a draft of their own."""
        return await self.database.write(_start, owner, defaults, media_group_id, items, wanted, self.clock.now())


def prune_seen(session: Session, before: datetime) -> int:
    """Drop what was seen before a moment; how many parts."""
    return affected(session, delete(SeenPhotoRow).where(SeenPhotoRow.seen_at < before))


def _remember(
    session: Session, chat_id: int, user_id: int, media_group_id: str, part: SeenPhoto, now: datetime
) -> None:
    insert_new(
        session,
        SeenPhotoRow,
        chat_id=chat_id,
        message_id=part.message_id,
        user_id=user_id,
        media_group_id=media_group_id,
        seen_at=now,
        **photo_columns(part.photo),
    )


def _parts(session: Session, chat_id: int, media_group_id: str) -> tuple[SeenPhoto, ...]:
    query = select(SeenPhotoRow).where(SeenPhotoRow.chat_id == chat_id, SeenPhotoRow.media_group_id == media_group_id)
    photos = [(row.message_id, photo_of(row)) for row in session.scalars(query.order_by(SeenPhotoRow.message_id))]
    return tuple(SeenPhoto(message_id, photo) for message_id, photo in photos if photo is not None)


def album_draft_id(chat_id: int, media_group_id: str) -> str:
    """The id of the draft of an album that starts by itself: the same for every part, in every process.

    It is never shown on a button, so that it may be guessed.
    """
    return hashlib.sha256(f"{chat_id}:{media_group_id}".encode()).hexdigest()[:16]


def _start(
    session: Session,
    owner: Owner,
    defaults: Preferences,
    media_group_id: str,
    items: Sequence[DraftItem],
    wanted: Wanted,
    now: datetime,
) -> Added:
    draft_id = album_draft_id(owner.chat_id, media_group_id)
    row = lock(session, draft_id)
    if row is None:
        earlier = draft_of_album(session, owner, media_group_id)
        if earlier is not None and earlier.state not in COLLECTING_STATES:
            is_repeated = len(drafts_of_messages(session, owner.chat_id, items)) == len(items)
            return Added(AddOutcome.REPEATED if is_repeated else AddOutcome.TOO_LATE, earlier.id)
        insert_new(session, DraftRow, **new_values(draft_id, owner, defaults, DraftState.STARTING, now))
        row = lock(session, draft_id)
        assert row is not None
        _take_parts(session, owner, row, media_group_id, now)
    present = {item.message_id for item in with_items(session, row).items}
    fresh = [item for item in items if item.message_id not in present]
    if not fresh:
        return Added(AddOutcome.REPEATED, row.id)
    if row.state not in COLLECTING_STATES:
        return Added(AddOutcome.TOO_LATE, row.id)
    put(session, row, fresh, wanted, now)
    row.starts_itself = True
    return Added(AddOutcome.ADDED, row.id)


def _take_parts(session: Session, owner: Owner, row: DraftRow, media_group_id: str, now: datetime) -> None:
    source = lock_open(session, owner)
    if source is None:
        return
    parts = DraftItemRow.media_group_id == media_group_id
    move = update(DraftItemRow).where(DraftItemRow.draft_id == source.id, parts).values(draft_id=row.id)
    if not affected(session, move):
        return
    touch(source, now)
    if not with_items(session, source).items:
        # The card that an early part called for becomes the status message.
        row.card_message_id = source.card_message_id
        session.delete(source)

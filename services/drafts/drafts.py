"""Messages into drafts, each step in one transaction; doing it twice is doing it once.

Telegram sends every part of an album as an update of its own, in any order, with no end marker; a reply to one part
names that part alone. So the parts are remembered as they go by. The draft's card follows by the card timers
(``services/cards/``).
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.model import COLLECTING, DraftItem, DraftState, Owner
from services.drafts.store import (
    draft_of_album,
    drafts_of_messages,
    lock,
    lock_open,
    new_row,
    of_album,
    open_of,
    open_row,
    put,
    touch,
    want,
    with_items,
)
from services.options import NOTHING_WANTED, Wanted
from services.people import Preferences
from services.photos.model import PhotoRef
from services.store.base import affected, insert_new
from services.store.database import Database
from services.store.schema import DraftItemRow, DraftRow, SeenPhotoRow, photo_columns, photo_of


class NotAdded(Enum):
    """Why messages are in no draft."""

    TOO_LATE = auto()
    """They are parts of an album whose request has gone off already."""
    NO_DRAFT = auto()
    """There is none that takes them: their album's was cancelled, or none was to be made."""


@dataclass(frozen=True, slots=True)
class NewItems:
    """Messages on their way into a draft."""

    owner: Owner
    items: Sequence[DraftItem]
    """Not empty; of one album at most."""
    defaults: Preferences
    """How a new draft begins."""
    wanted: Wanted = NOTHING_WANTED
    separate_request_id: int | None = None
    """The message that is the request, where that is none of the items."""
    opens: bool = True
    """Whether a draft is made where there is none."""


@dataclass(slots=True)
class Drafts:
    """What messages do to drafts; ``new_id`` makes ids that nobody can guess."""

    database: Database
    clock: Clock
    new_id: Callable[[], str]

    async def has_open(self, owner: Owner) -> bool:
        """Whether an owner has an open draft."""
        return await self.database.read(Session.scalar, open_of(owner)) is not None

    async def knows_album(self, owner: Owner, media_group_id: str) -> bool:
        """Whether parts of this album are in a draft of the owner's, of any state."""
        return await self.database.read(Session.scalar, of_album(owner, media_group_id).limit(1)) is not None

    async def add(self, incoming: NewItems) -> str | NotAdded:
        """Add messages to the draft of their album, or else to the owner's open one; the draft they are in."""
        return await self.database.write(_add, incoming, self.new_id, self.clock.now(), durable=False)

    async def start_album(self, media_group_id: str, incoming: NewItems) -> str | NotAdded:
        """Let an album start by itself: its parts leave the owner's open draft for a draft of their own."""
        return await self.database.write(_start_album, media_group_id, incoming, self.clock.now())

    async def remember(self, owner: Owner, media_group_id: str, message_id: int, photo: PhotoRef) -> None:
        """Keep a part of an album that went by; keeping it twice changes nothing."""
        now = self.clock.now()
        await self.database.write(_remember, owner, media_group_id, message_id, photo, now, durable=False)

    async def change_message(
        self, chat_id: int, user_id: int, edited: DraftItem, wanted: Wanted = NOTHING_WANTED
    ) -> str | None:
        """Take over an edited message of a draft that still collects; the draft, or None when nothing changed.

        A message without a photo keeps the one that it had.
        """
        # Most edited messages of a group are none of ours, and must cost no write.
        if not await self.database.read(drafts_of_messages, chat_id, [edited.message_id]):
            return None
        now = self.clock.now()
        return await self.database.write(_change_message, chat_id, user_id, edited, wanted, now, durable=False)


def prune_seen(session: Session, before: datetime) -> int:
    """Drop the parts of albums that were seen before a moment; how many."""
    return affected(session, delete(SeenPhotoRow).where(SeenPhotoRow.seen_at < before))


def album_draft_id(chat_id: int, media_group_id: str) -> str:
    """The id of the draft of an album that starts by itself: the same for every part, in every process.

    It is never shown on a button, so that it may be guessed.
    """
    return hashlib.sha256(f"{chat_id}:{media_group_id}".encode()).hexdigest()[:16]


def _add(session: Session, incoming: NewItems, new_id: Callable[[], str], now: datetime) -> str | NotAdded:
    owner = incoming.owner
    known = drafts_of_messages(session, owner.chat_id, [item.message_id for item in incoming.items])
    fresh = [item for item in incoming.items if item.message_id not in known]
    if not fresh:
        return next(iter(known.values()))
    album = next((item.media_group_id for item in fresh if item.media_group_id is not None), None)
    row = None if album is None else draft_of_album(session, owner, album)
    if row is not None and row.state not in COLLECTING:
        return NotAdded.NO_DRAFT if row.state == DraftState.CANCELLED.value else NotAdded.TOO_LATE
    if row is None and incoming.opens:
        row = open_row(session, owner, incoming.defaults, new_id, now)
    elif row is None and album is None:
        row = lock_open(session, owner)
    if row is None:
        return NotAdded.NO_DRAFT
    put(session, row, fresh, incoming.wanted, now)
    if incoming.separate_request_id is not None:
        row.request_message_id = incoming.separate_request_id
    return row.id


def _start_album(session: Session, media_group_id: str, incoming: NewItems, now: datetime) -> str | NotAdded:
    owner, items = incoming.owner, incoming.items
    draft_id = album_draft_id(owner.chat_id, media_group_id)
    row = lock(session, draft_id)
    if row is None:
        earlier = draft_of_album(session, owner, media_group_id)
        if earlier is not None and earlier.state not in COLLECTING:
            known = drafts_of_messages(session, owner.chat_id, [item.message_id for item in items])
            return earlier.id if len(known) == len(items) else NotAdded.TOO_LATE
        row = new_row(session, draft_id, owner, incoming.defaults, DraftState.GATHERING, now) or lock(session, draft_id)
        assert row is not None
        _take_parts(session, owner, row, media_group_id, now)
    present = {item.message_id for item in with_items(session, row).items}
    fresh = [item for item in items if item.message_id not in present]
    if not fresh:
        return row.id
    if row.state not in COLLECTING:
        return NotAdded.TOO_LATE
    put(session, row, fresh, incoming.wanted, now)
    row.starts_itself = True
    return row.id


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


def _remember(
    session: Session, owner: Owner, media_group_id: str, message_id: int, photo: PhotoRef, now: datetime
) -> None:
    insert_new(
        session,
        SeenPhotoRow,
        chat_id=owner.chat_id,
        message_id=message_id,
        user_id=owner.user_id,
        media_group_id=media_group_id,
        seen_at=now,
        **photo_columns(photo),
    )


def album_parts(session: Session, chat_id: int, media_group_id: str) -> dict[int, PhotoRef]:
    """The photos of an album that were seen so far by their messages, in the order of these."""
    query = select(SeenPhotoRow).where(SeenPhotoRow.chat_id == chat_id, SeenPhotoRow.media_group_id == media_group_id)
    rows = session.scalars(query.order_by(SeenPhotoRow.message_id))
    return {row.message_id: photo for row in rows if (photo := photo_of(row)) is not None}


def _change_message(
    session: Session, chat_id: int, user_id: int, edited: DraftItem, wanted: Wanted, now: datetime
) -> str | None:
    query = select(DraftItemRow, DraftRow).join(DraftRow, DraftRow.id == DraftItemRow.draft_id)
    query = query.where(DraftItemRow.message_id == edited.message_id, DraftRow.chat_id == chat_id)
    query = query.where(DraftRow.user_id == user_id, DraftRow.state.in_(COLLECTING))
    found = session.execute(query.with_for_update()).first()
    if found is None:
        return None
    item, row = found
    is_changed = (item.text or "") != edited.text
    item.text = edited.text or None
    if edited.photo is not None and item.file_id is not None and item.file_unique_id != edited.photo.unique_id:
        for column, value in photo_columns(edited.photo).items():
            setattr(item, column, value)
        is_changed = True
    if not want(row, wanted) and not is_changed:
        return None
    touch(row, now)
    return row.id

"""Messages into drafts, each step in one transaction; doing it twice is doing it once."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.model import NOTHING_WANTED, Draft, DraftItem, DraftState, Owner, Wanted
from services.drafts.store import (
    COLLECTING_STATES,
    draft_of_album,
    drafts_of_messages,
    load,
    lock_open,
    of_album,
    of_owner,
    open_row,
    put,
    touch,
    want,
    with_items,
)
from services.people import Preferences
from services.photos.model import PhotoRef
from services.store.database import Database
from services.store.schema import DraftItemRow, DraftRow, photo_columns

HOLD = timedelta(seconds=60)
"""How long the check of a photo keeps drafts from starting by themselves, should the process die in the middle."""


class AddOutcome(StrEnum):
    """What became of messages for a draft."""

    ADDED = "added"
    REPEATED = "repeated"
    """They had been taken before."""
    TOO_LATE = "too-late"
    """They are parts of an album whose request has gone off already."""
    DROPPED = "dropped"
    """They are parts of an album whose draft was cancelled."""
    NO_DRAFT = "no-draft"
    """There is no draft that they belong to, and none was to be made."""


@dataclass(frozen=True, slots=True)
class Added:
    """What became of messages, and the draft they are in, or None."""

    outcome: AddOutcome
    draft_id: str | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """A message as its writer has edited it."""

    message_id: int
    text: str
    """Its text or caption now, or empty."""
    photo: PhotoRef | None = None
    """Its photo now, where that is known to be usable; None: the photo stays as it was."""
    wanted: Wanted = NOTHING_WANTED


@dataclass(frozen=True, slots=True)
class NewItems:
    """Messages on their way into a draft."""

    owner: Owner
    items: Sequence[DraftItem]
    """Not empty; of one album at most."""
    defaults: Preferences | None
    """How a new draft begins; None: none is made."""
    wanted: Wanted = NOTHING_WANTED
    request_message_id: int | None = None
    """The message that is the request, where that is none of the items."""


@dataclass(slots=True)
class Drafts:
    """Drafts in the database; ``new_id`` makes ids that nobody can guess."""

    database: Database
    clock: Clock
    new_id: Callable[[], str]

    async def get(self, draft_id: str) -> Draft | None:
        """Read a draft, or None."""
        return await self.database.read(load, draft_id)

    async def open_of(self, owner: Owner) -> Draft | None:
        """Read an owner's open draft, or None."""
        return await self.database.read(_open_of, owner)

    async def knows_album(self, owner: Owner, media_group_id: str) -> bool:
        """Whether parts of this album are in a draft of the owner's, of any state."""
        return await self.database.read(_knows_album, owner, media_group_id)

    async def known_messages(self, chat_id: int, items: Sequence[DraftItem]) -> frozenset[int]:
        """Those of these messages that were taken before."""
        return frozenset(await self.database.read(drafts_of_messages, chat_id, items))

    async def add(self, incoming: NewItems) -> Added:
        """Add messages to the draft of their album, or else to the owner's open one."""
        return await self.database.write(_add, incoming, self.new_id, self.clock.now(), durable=False)

    async def change_message(self, chat_id: int, user_id: int, edition: Edition) -> str | None:
        """Take over an edited message of a draft that still collects; the draft, or None when nothing changed."""
        # Most edited messages of a group are none of ours, and must cost no write.
        if not await self.known_messages(chat_id, [DraftItem(edition.message_id)]):
            return None
        now = self.clock.now()
        return await self.database.write(_change_message, chat_id, user_id, edition, now, durable=False)

    async def hold(self, chat_id: int, user_id: int) -> None:
        """Keep what a person has in the making from starting by itself while a photo is checked."""
        await self.database.write(_hold, chat_id, user_id, self.clock.now() + HOLD, durable=False)

    async def release(self, chat_id: int, user_id: int) -> None:
        """Undo :meth:`hold`."""
        await self.database.write(_hold, chat_id, user_id, None, durable=False)


def _open_of(session: Session, owner: Owner) -> Draft | None:
    row = session.scalar(of_owner(owner).where(DraftRow.state == DraftState.OPEN.value))
    return None if row is None else with_items(session, row)


def _knows_album(session: Session, owner: Owner, media_group_id: str) -> bool:
    return session.scalar(of_album(owner, media_group_id).limit(1)) is not None


def _add(session: Session, incoming: NewItems, new_id: Callable[[], str], now: datetime) -> Added:
    owner, defaults = incoming.owner, incoming.defaults
    known = drafts_of_messages(session, owner.chat_id, incoming.items)
    fresh = [item for item in incoming.items if item.message_id not in known]
    if not fresh:
        return Added(AddOutcome.REPEATED, next(iter(known.values())))
    album = next((item.media_group_id for item in fresh if item.media_group_id is not None), None)
    row = None if album is None else draft_of_album(session, owner, album)
    if row is not None and row.state not in COLLECTING_STATES:
        is_cancelled = row.state == DraftState.CANCELLED.value
        return Added(AddOutcome.DROPPED if is_cancelled else AddOutcome.TOO_LATE, row.id)
    if row is None and defaults is None:
        row = lock_open(session, owner)
        if row is None or album is not None:
            return Added(AddOutcome.NO_DRAFT)
    if row is None:
        assert defaults is not None
        row = open_row(session, owner, defaults, new_id, now)
    put(session, row, fresh, incoming.wanted, now)
    if incoming.request_message_id is not None:
        row.request_message_id = incoming.request_message_id
    return Added(AddOutcome.ADDED, row.id)


def _change_message(session: Session, chat_id: int, user_id: int, edition: Edition, now: datetime) -> str | None:
    query = (
        select(DraftItemRow, DraftRow)
        .join(DraftRow, DraftRow.id == DraftItemRow.draft_id)
        .where(DraftItemRow.message_id == edition.message_id, DraftRow.chat_id == chat_id)
        .where(DraftRow.user_id == user_id, DraftRow.state.in_(COLLECTING_STATES))
        .with_for_update()
    )
    found = session.execute(query).first()
    if found is None:
        return None
    item, row = found
    if not _apply(item, row, edition):
        return None
    touch(row, now)
    return row.id


def _hold(session: Session, chat_id: int, user_id: int, until: datetime | None) -> None:
    whose = (DraftRow.chat_id == chat_id) & (DraftRow.user_id == user_id)
    session.execute(update(DraftRow).where(whose, DraftRow.state.in_(COLLECTING_STATES)).values(held_until=until))


def _apply(item: DraftItemRow, row: DraftRow, edition: Edition) -> bool:
    is_changed = (item.text or "") != edition.text
    item.text = edition.text or None
    if edition.photo is not None and item.file_id is not None and item.file_unique_id != edition.photo.unique_id:
        for column, value in photo_columns(edition.photo).items():
            setattr(item, column, value)
        is_changed = True
    return want(row, edition.wanted) or is_changed

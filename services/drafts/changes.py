"""The steps that changes of drafts are made of, within a transaction of the caller's."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from services.drafts.model import Defaults, DraftItem, DraftState, NewId, Owner, is_count
from services.drafts.rows import COLLECTING_STATES, item_row, lock_open
from services.store.dialects import insert_new
from services.store.schema import NO_THREAD, DraftItemRow, DraftRow

_OPEN_ATTEMPTS = 10


def touch(row: DraftRow, now: datetime) -> None:
    """Note that a draft is not what its card shows any more."""
    row.version += 1
    row.updated_at = now


def close(row: DraftRow, now: datetime) -> None:
    """Give a draft up."""
    row.state = DraftState.CANCELLED.value
    touch(row, now)


def adopt(row: DraftRow, card: int | None) -> None:
    """Learn from a press which message is the card, where the answer of Telegram's that tells it is still awaited.

    Args:
        row: The draft.
        card: The message that was pressed; None when none was.
    """
    if row.card_message_id is None and card is not None:
        row.card_message_id = card
        row.card_claimed_at = None


def put(session: Session, row: DraftRow, items: Sequence[DraftItem], count: int | None, now: datetime) -> None:
    """Add messages that a draft does not have, and the number of videos they ask for (None: none)."""
    if row.extra_told and _are_sent_anew(session, row, items):
        row.extra_told = False
    session.add_all(item_row(row.id, item) for item in items)
    if count is not None and is_count(count):
        row.count = count
    touch(row, now)


def _are_sent_anew(session: Session, row: DraftRow, items: Sequence[DraftItem]) -> bool:
    """Whether there are photos among messages that are no further parts of an album that the draft has parts of."""
    albums = {item.media_group_id for item in items if item.photo is not None}
    if not albums or None in albums:
        return bool(albums)
    known = select(DraftItemRow.media_group_id).where(DraftItemRow.draft_id == row.id)
    return not albums <= set(session.scalars(known))


def new_values(draft_id: str, owner: Owner, defaults: Defaults, state: DraftState, now: datetime) -> dict[str, object]:
    """The columns of a new draft."""
    return {
        "id": draft_id,
        "chat_id": owner.chat_id,
        "thread_id": owner.thread_id or NO_THREAD,
        "user_id": owner.user_id,
        "state": state.value,
        "language": defaults.language,
        "count": defaults.count,
        "starts_itself": defaults.starts_itself,
        "version": 0,
        "created_at": now,
        "updated_at": now,
    }


def open_row(session: Session, owner: Owner, defaults: Defaults, new_id: NewId, now: datetime) -> DraftRow:
    """The owner's open draft, which is made if there is none."""
    # Another process may open it, or send it off, between any two of these statements.
    for _ in range(_OPEN_ATTEMPTS):
        row = lock_open(session, owner)
        if row is not None:
            return row
        insert_new(session, DraftRow, **new_values(new_id(), owner, defaults, DraftState.OPEN, now))
    raise RuntimeError("the open draft of one person changes faster than it can be read")


def drafts_of_messages(session: Session, chat_id: int, items: Iterable[DraftItem]) -> dict[int, str]:
    """The draft of each of these messages that was taken before, whatever became of the draft."""
    query = (
        select(DraftItemRow.message_id, DraftItemRow.draft_id)
        .join(DraftRow, DraftRow.id == DraftItemRow.draft_id)
        .where(DraftRow.chat_id == chat_id, DraftItemRow.message_id.in_([item.message_id for item in items]))
    )
    return dict((session.execute(query)).all())


def draft_of_album(session: Session, owner: Owner, media_group_id: str) -> DraftRow | None:
    """The draft that has parts of this album, or None; one that still collects comes first."""
    has_parts = select(DraftItemRow.draft_id).where(DraftItemRow.media_group_id == media_group_id)
    query = (
        select(DraftRow)
        .where(DraftRow.chat_id == owner.chat_id, DraftRow.user_id == owner.user_id, DraftRow.id.in_(has_parts))
        .order_by(case((DraftRow.state.in_(COLLECTING_STATES), 0), else_=1), DraftRow.updated_at.desc())
        .limit(1)
        .with_for_update()
    )
    return session.scalar(query)

"""The tables of drafts: rows to values, and the steps that changes are made of, in a transaction of the caller's."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import Select, case, delete, select, update
from sqlalchemy.orm import Session

from services.drafts.model import (
    COLLECTING,
    Draft,
    DraftItem,
    DraftState,
    Owner,
    read_ideas,
)
from services.options import Wanted
from services.people import Preferences
from services.store.base import affected, insert_into
from services.store.schema import (
    NO_THREAD,
    DraftItemRow,
    DraftRow,
    SeenPhotoRow,
    option_columns,
    options_of,
    photo_columns,
    photo_of,
)

MOVED = -(2**61)
"""Added to message ids of a chat that is no more: they keep their order, and no message of the new chat has them."""


def owner_of(row: DraftRow) -> Owner:
    """Whose draft a row is, and where."""
    return Owner(row.chat_id, row.thread_id or None, row.user_id)


def lock(session: Session, draft_id: str) -> DraftRow | None:
    """A draft's row, kept from others until the transaction ends; None when there is no such draft."""
    query = select(DraftRow).where(DraftRow.id == draft_id).with_for_update()
    row: DraftRow | None = session.scalar(query.execution_options(populate_existing=True))
    return row


def open_of(owner: Owner) -> Select[DraftRow]:
    """An owner's open draft, of which there is one at most."""
    return select(DraftRow).where(
        DraftRow.chat_id == owner.chat_id,
        DraftRow.thread_id == (owner.thread_id or NO_THREAD),
        DraftRow.user_id == owner.user_id,
        DraftRow.state == DraftState.OPEN.value,
    )


def lock_open(session: Session, owner: Owner) -> DraftRow | None:
    """The row of an owner's open draft, kept from others until the transaction ends; None when there is none."""
    return session.scalar(open_of(owner).with_for_update())


def load(session: Session, draft_id: str) -> Draft | None:
    """Read one draft, or None."""
    row = session.get(DraftRow, draft_id)
    return None if row is None else with_items(session, row)


def with_items(session: Session, row: DraftRow) -> Draft:
    """A draft from its row; its messages are read."""
    session.flush()
    query = select(DraftItemRow).where(DraftItemRow.draft_id == row.id).order_by(DraftItemRow.message_id)
    return Draft(
        id=row.id,
        owner=owner_of(row),
        state=DraftState(row.state),
        language=row.language,
        items=tuple(
            DraftItem(item.message_id, item.text or "", photo_of(item), item.media_group_id)
            for item in session.scalars(query)
        ),
        version=row.version,
        card_version=row.card_version,
        card_message_id=row.card_message_id,
        starts_itself=row.starts_itself,
        extra_told=row.extra_told,
        separate_request_id=row.request_message_id,
        updated_at=row.updated_at,
        asked=options_of(row),
        shape_chosen=row.shape_chosen,
        ideas=read_ideas(row.ideas),
        shows_ideas=row.shows_ideas,
    )


def touch(row: DraftRow, now: datetime) -> None:
    """Note that a draft is not what its card shows any more."""
    row.version += 1
    row.updated_at = now


def close(row: DraftRow, now: datetime) -> None:
    """Give a draft up."""
    row.state = DraftState.CANCELLED.value
    touch(row, now)


def put(session: Session, row: DraftRow, items: Sequence[DraftItem], wanted: Wanted, now: datetime) -> None:
    """Add messages that a draft does not have, and what else they ask for."""
    if row.ideas and any(item.text and item.photo is None and item.media_group_id is None for item in items):
        # Beside ideas, a new text takes the place of the words before it.
        session.execute(update(DraftItemRow).where(DraftItemRow.draft_id == row.id).values(text=None))
    if row.extra_told and _are_sent_anew(session, row, items):
        row.extra_told = False
    session.add_all(
        DraftItemRow(
            draft_id=row.id,
            message_id=item.message_id,
            media_group_id=item.media_group_id,
            text=item.text or None,
            **photo_columns(item.photo),
        )
        for item in items
    )
    want(row, wanted)
    touch(row, now)


def drop_photos(session: Session, row: DraftRow, *, after: int) -> None:
    """Leave out the photos of messages after this one; their words stay."""
    later = (DraftItemRow.draft_id == row.id) & (DraftItemRow.message_id > after)
    session.execute(update(DraftItemRow).where(later).values(**photo_columns(None)))


def want(row: DraftRow, wanted: Wanted) -> bool:
    """Take over what a message asks for; whether that is anything new."""
    before = (options_of(row), row.shape_chosen)
    for column, value in option_columns(wanted).items():
        if value is not None:
            setattr(row, column, value)
    row.shape_chosen = row.shape_chosen or wanted.shape is not None
    return before != (options_of(row), row.shape_chosen)


def _are_sent_anew(session: Session, row: DraftRow, items: Sequence[DraftItem]) -> bool:
    """Whether there are photos among messages that are no further parts of an album that the draft has parts of."""
    albums = {item.media_group_id for item in items if item.photo is not None}
    if not albums or None in albums:
        return bool(albums)
    known = select(DraftItemRow.media_group_id).where(DraftItemRow.draft_id == row.id)
    return not albums <= set(session.scalars(known))


def new_row(
    session: Session, draft_id: str, owner: Owner, chosen: Preferences, state: DraftState, now: datetime
) -> DraftRow | None:
    """A new draft; None where there is one of this id, or where this one would be the owner's second open one."""
    statement = insert_into(session, DraftRow).values(
        id=draft_id,
        chat_id=owner.chat_id,
        thread_id=owner.thread_id or NO_THREAD,
        user_id=owner.user_id,
        state=state.value,
        language=chosen.language,
        starts_itself=chosen.starts_at_once,
        **option_columns(chosen.usual),
        version=0,
        created_at=now,
        updated_at=now,
    )
    row: DraftRow | None = session.scalar(statement.on_conflict_do_nothing().returning(DraftRow))
    return row


def open_row(session: Session, owner: Owner, chosen: Preferences, new_id: Callable[[], str], now: datetime) -> DraftRow:
    """The owner's open draft, which is made if there is none."""
    for _ in range(10):
        # Another process may open it, or send it off, between any two of these statements.
        row = lock_open(session, owner) or new_row(session, new_id(), owner, chosen, DraftState.OPEN, now)
        if row is not None:
            return row
    raise RuntimeError("no draft can be opened")


def drafts_of_messages(session: Session, chat_id: int, message_ids: Sequence[int]) -> dict[int, str]:
    """The draft of each of these messages that was taken before, whatever became of the draft."""
    query = (
        select(DraftItemRow.message_id, DraftItemRow.draft_id)
        .join(DraftRow, DraftRow.id == DraftItemRow.draft_id)
        .where(DraftRow.chat_id == chat_id, DraftItemRow.message_id.in_(message_ids))
    )
    return dict(session.execute(query).all())


def of_album(owner: Owner, media_group_id: str) -> Select[DraftRow]:
    """All drafts of an owner's in this chat that have parts of this album."""
    has_parts = select(DraftItemRow.draft_id).where(DraftItemRow.media_group_id == media_group_id)
    return select(DraftRow).where(
        DraftRow.chat_id == owner.chat_id, DraftRow.user_id == owner.user_id, DraftRow.id.in_(has_parts)
    )


def draft_of_album(session: Session, owner: Owner, media_group_id: str) -> DraftRow | None:
    """The draft that has parts of this album, or None; one that still collects comes first."""
    still_first = case((DraftRow.state.in_(COLLECTING), 0), else_=1)
    query = of_album(owner, media_group_id).order_by(still_first, DraftRow.updated_at.desc()).limit(1)
    return session.scalar(query.with_for_update())


def prune_drafts(session: Session, before: datetime) -> int:
    """Drop drafts, of any state, that have not changed since a moment; how many.

    Their messages go with them, by the foreign key.
    """
    return affected(session, delete(DraftRow).where(DraftRow.updated_at < before))


def forget_drafts(session: Session, user_id: int) -> None:
    """Delete a person's drafts, with their messages, and the photos seen of them, in the caller's transaction."""
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
    for row in rows:
        _move_row(session, row, new_chat_id)
    session.flush()
    own = DraftItemRow.draft_id.in_([row.id for row in rows]) & (DraftItemRow.message_id > 0)
    session.execute(update(DraftItemRow).where(own).values(message_id=DraftItemRow.message_id + MOVED))
    seen = update(SeenPhotoRow).where(SeenPhotoRow.chat_id == old_chat_id, SeenPhotoRow.message_id > 0)
    session.execute(seen.values(chat_id=new_chat_id, message_id=SeenPhotoRow.message_id + MOVED))
    return tuple(row.id for row in rows if row.state in COLLECTING)


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

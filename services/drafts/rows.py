"""Between rows and values: drafts and their messages as the tables hold them."""

from collections.abc import Iterable

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.drafts.model import COLLECTING, Draft, DraftItem, DraftState, Owner, in_order
from services.photos.model import PhotoKind, PhotoRef
from services.store.schema import NO_THREAD, DraftItemRow, DraftRow, SeenPhotoRow

COLLECTING_STATES = tuple(state.value for state in COLLECTING)


def photo_of(row: DraftItemRow | SeenPhotoRow) -> PhotoRef | None:
    """The photo in a row, or None."""
    if row.file_id is None or row.file_kind is None:
        return None
    return PhotoRef(
        file_id=row.file_id,
        unique_id=row.file_unique_id or "",
        kind=PhotoKind(row.file_kind),
        size=row.file_size,
        mime_type=row.mime_type or "",
        file_name=row.file_name or "",
    )


def photo_columns(photo: PhotoRef | None) -> dict[str, str | int | None]:
    """The columns that hold a photo, in every table that has them."""
    return {
        "file_id": photo.file_id if photo else None,
        "file_unique_id": photo.unique_id if photo else None,
        "file_kind": photo.kind.value if photo else None,
        "file_size": photo.size if photo else None,
        "mime_type": photo.mime_type if photo else None,
        "file_name": photo.file_name if photo else None,
    }


def item_row(draft_id: str, item: DraftItem) -> DraftItemRow:
    """A new row for a message."""
    return DraftItemRow(
        draft_id=draft_id,
        message_id=item.message_id,
        media_group_id=item.media_group_id,
        text=item.text or None,
        **photo_columns(item.photo),
    )


def owner_of(row: DraftRow) -> Owner:
    """Whose draft a row is, and where."""
    return Owner(row.chat_id, row.thread_id or None, row.user_id)


def draft_of(row: DraftRow, items: Iterable[DraftItemRow]) -> Draft:
    """A draft from its rows."""
    return Draft(
        id=row.id,
        owner=owner_of(row),
        state=DraftState(row.state),
        language=row.language,
        count=row.count,
        items=in_order(
            DraftItem(item.message_id, item.text or "", photo_of(item), item.media_group_id) for item in items
        ),
        version=row.version,
        card_version=row.card_version,
        card_message_id=row.card_message_id,
        starts_itself=row.starts_itself,
        extra_told=row.extra_told,
        request_message_id=row.request_message_id,
        edited_from=row.edited_from,
        held_until=row.held_until,
        updated_at=row.updated_at,
    )


def lock(session: Session, draft_id: str) -> DraftRow | None:
    """A draft's row, kept from others until the transaction ends; None when there is no such draft."""
    query = select(DraftRow).where(DraftRow.id == draft_id).with_for_update()
    row: DraftRow | None = session.scalar(query.execution_options(populate_existing=True))
    return row


def lock_open(session: Session, owner: Owner) -> DraftRow | None:
    """The row of an owner's open draft, kept from others until the transaction ends; None when there is none."""
    return session.scalar(of_owner(owner).where(DraftRow.state == DraftState.OPEN.value).with_for_update())


def of_owner(owner: Owner) -> Select[DraftRow]:
    """All drafts of an owner."""
    return select(DraftRow).where(
        DraftRow.chat_id == owner.chat_id,
        DraftRow.thread_id == (owner.thread_id or NO_THREAD),
        DraftRow.user_id == owner.user_id,
    )


def load(session: Session, draft_id: str, *, locked: bool = False) -> Draft | None:
    """Read one draft, or None."""
    row = lock(session, draft_id) if locked else session.get(DraftRow, draft_id, populate_existing=True)
    return None if row is None else with_items(session, row)


def with_items(session: Session, row: DraftRow) -> Draft:
    """A draft from its row; its messages are read."""
    session.flush()
    query = select(DraftItemRow).where(DraftItemRow.draft_id == row.id)
    return draft_of(row, session.scalars(query))

"""Photos as every table that has them holds them."""

from typing import Any

from sqlalchemy import Row

from services.photos.model import PhotoKind, PhotoRef
from services.store.schema import DraftItemRow, SeenPhotoRow


def photo_columns(photo: PhotoRef | None) -> dict[str, str | int | None]:
    """The columns that hold a photo, or hold none."""
    return {
        "file_id": photo.file_id if photo else None,
        "file_unique_id": photo.unique_id if photo else None,
        "file_kind": photo.kind.value if photo else None,
        "file_size": photo.size if photo else None,
        "mime_type": photo.mime_type if photo else None,
        "file_name": photo.file_name if photo else None,
    }


def photo_of(row: DraftItemRow | SeenPhotoRow | Row[Any]) -> PhotoRef | None:
    """The photo in a row with those columns, or None."""
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

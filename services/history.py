"""Earlier generations of a person, newest first: those that gave videos which can be shown again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from services.generations.model import WERE_LINKED
from services.store.schema import GenerationRow, VideoRow

PAGE_SIZE = 5


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One earlier generation."""

    generation_id: str
    prompt: str
    asked_at: datetime
    file_ids: tuple[str, ...] = ()
    """Telegram's ids of the videos that were sent."""
    links: tuple[str, ...] = ()
    """Addresses of the videos that could only be given as a link; a secret of the requester's chat."""

    @property
    def count(self) -> int:
        """How many videos there are to show."""
        return len(self.file_ids) + len(self.links)


@dataclass(frozen=True, slots=True)
class HistoryPage:
    """A page of the list."""

    entries: tuple[HistoryEntry, ...]
    """At most :data:`PAGE_SIZE`."""
    number: int
    """0 for the newest ones."""
    pages: int
    """How many there are, 0 for an empty history."""


def history_page(session: Session, user_id: int, number: int, chat_id: int | None = None) -> HistoryPage:
    """A page of somebody's history.

    Args:
        number: Which page, 0 for the newest; past the last one, the last is given.
        chat_id: Only what was made in this chat (in a group, a private prompt is nobody's business), or None.
    """
    shown = _shown(user_id, chat_id)
    total = session.scalar(select(func.count()).select_from(GenerationRow).where(shown)) or 0
    pages = -(-total // PAGE_SIZE)
    number = max(0, min(number, pages - 1))
    query = select(GenerationRow).where(shown).order_by(GenerationRow.queued_at.desc(), GenerationRow.id)
    rows = session.scalars(query.limit(PAGE_SIZE).offset(number * PAGE_SIZE)).all()
    return HistoryPage(tuple(_entry(session, row) for row in rows), number, pages)


def history_entry(
    session: Session, generation_id: str, user_id: int, chat_id: int | None = None
) -> HistoryEntry | None:
    """One of somebody's earlier generations, or None when it is not theirs or has nothing to show."""
    query = select(GenerationRow).where(GenerationRow.id == generation_id, _shown(user_id, chat_id))
    row = session.scalar(query)
    return None if row is None else _entry(session, row)


def _shown(user_id: int, chat_id: int | None) -> ColumnElement[bool]:
    was_linked = VideoRow.state.in_(WERE_LINKED) & (VideoRow.url != "")
    has_video = (
        select(VideoRow.position)
        .where(VideoRow.generation_id == GenerationRow.id, or_(VideoRow.file_id.is_not(None), was_linked))
        .exists()
    )
    whose = (GenerationRow.user_id == user_id) & has_video
    return whose if chat_id is None else whose & (GenerationRow.chat_id == chat_id)


def _entry(session: Session, row: GenerationRow) -> HistoryEntry:
    query = select(VideoRow).where(VideoRow.generation_id == row.id).order_by(VideoRow.position)
    videos = (session.scalars(query)).all()
    return HistoryEntry(
        generation_id=row.id,
        prompt=row.prompt,
        asked_at=row.queued_at,
        file_ids=tuple(video.file_id for video in videos if video.file_id is not None),
        links=tuple(
            video.url for video in videos if video.file_id is None and video.state in WERE_LINKED and video.url
        ),
    )

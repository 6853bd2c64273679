"""A person's own videos: their earlier requests in pages, and what a query finds to be sent to any chat.

Nobody is offered anybody else's: every look is bounded by the person who asks, whatever the query says.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from services.access import Access
from services.generations.model import WERE_LINKED
from services.store.database import Database
from services.store.schema import GenerationRow, VideoRow

PAGE_SIZE = 5
"""Requests on a page of the list."""
SHARED_SIZE = 50
"""Results of one answer (Bot API page of ``answerInlineQuery``)."""

_MARKS = re.compile("[\u0300-\u036f]+")


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


@dataclass(frozen=True, slots=True)
class SharedVideo:
    """A video that can be sent by its file id."""

    generation_id: str
    position: int
    """Its number in its request, from 0."""
    count: int
    """How many videos of that request can be sent."""
    prompt: str
    file_id: str

    @property
    def id(self) -> str:
        """Its name among the results, at most 64 bytes."""
        return f"{self.generation_id}-{self.position}"


@dataclass(frozen=True, slots=True)
class SharePage:
    """Some of the videos that a query finds."""

    videos: tuple[SharedVideo, ...] = ()
    """At most :data:`SHARED_SIZE`, newest first."""
    next_offset: str = ""
    """Where the next page begins; empty at the end."""


def history_page(session: Session, user_id: int, chat_id: int, number: int) -> HistoryPage:
    """A page of somebody's history as it may be shown in a chat: in a group, a private prompt is nobody's business.

    Args:
        number: Which page, 0 for the newest; past the last one, the last is given.
    """
    shown = _shown(user_id, chat_id)
    total = session.scalar(select(func.count()).select_from(GenerationRow).where(shown)) or 0
    pages = -(-total // PAGE_SIZE)
    number = max(0, min(number, pages - 1))
    query = select(GenerationRow).where(shown).order_by(GenerationRow.queued_at.desc(), GenerationRow.id)
    rows = session.scalars(query.limit(PAGE_SIZE).offset(number * PAGE_SIZE)).all()
    return HistoryPage(tuple(_entry(session, row) for row in rows), number, pages)


def history_entry(session: Session, user_id: int, chat_id: int, generation_id: str) -> HistoryEntry | None:
    """One of somebody's earlier generations, or None when it is not theirs or has nothing to show there."""
    row = session.scalar(select(GenerationRow).where(GenerationRow.id == generation_id, _shown(user_id, chat_id)))
    return None if row is None else _entry(session, row)


def _shown(user_id: int, chat_id: int) -> ColumnElement[bool]:
    was_linked = VideoRow.state.in_(WERE_LINKED) & (VideoRow.url != "")
    has_video = (
        select(VideoRow.position)
        .where(VideoRow.generation_id == GenerationRow.id, or_(VideoRow.file_id.is_not(None), was_linked))
        .exists()
    )
    whose = (GenerationRow.user_id == user_id) & has_video
    return whose if chat_id > 0 else whose & (GenerationRow.chat_id == chat_id)


def _entry(session: Session, row: GenerationRow) -> HistoryEntry:
    query = select(VideoRow).where(VideoRow.generation_id == row.id).order_by(VideoRow.position)
    videos = session.scalars(query).all()
    return HistoryEntry(
        generation_id=row.id,
        prompt=row.prompt,
        asked_at=row.queued_at,
        file_ids=tuple(video.file_id for video in videos if video.file_id is not None),
        links=tuple(
            video.url for video in videos if video.file_id is None and video.state in WERE_LINKED and video.url
        ),
    )


def share_query(generation_id: str) -> str:
    """The query that finds the videos of one request, and no others, for the person who made it."""
    return f"#{generation_id}"


def fold(text: str) -> str:
    """The text as it is compared: without case and accents, and with ``d`` for the Vietnamese ``đ``."""
    if text.isascii():
        return text.lower()
    return _MARKS.sub("", unicodedata.normalize("NFKD", text)).casefold().replace("đ", "d")


async def find_shared(database: Database, access: Access, user_id: int, text: str, offset: str) -> SharePage:
    """A page of what somebody's query finds among their own videos; nothing for those who may not use the bot.

    Args:
        text: What they typed: words of a prompt in any order, all of which must be there; or a :func:`share_query`.
        offset: ``next_offset`` of the page before, or empty.
    """
    places = None
    if not (await access.decide(user_id, user_id)).may_use:
        # Groups where somebody may use the bot who may not elsewhere, and has used it.
        groups = await database.read(_groups, user_id)
        places = [group for group in groups if (await access.decide(user_id, group)).may_use]
        if not places:
            return SharePage()
    return await database.read(_found_page, user_id, places, text, offset)


def _sent(user_id: int) -> ColumnElement[bool]:
    return (GenerationRow.user_id == user_id) & VideoRow.file_id.is_not(None) & (VideoRow.file_id != "")


def _groups(session: Session, user_id: int) -> list[int]:
    joined = select(GenerationRow.chat_id).join(VideoRow, VideoRow.generation_id == GenerationRow.id)
    return list(session.scalars(joined.where(_sent(user_id), GenerationRow.chat_id < 0).distinct()))


def _found_page(session: Session, user_id: int, places: Collection[int] | None, text: str, offset: str) -> SharePage:
    found = _found(_videos(session, user_id, places), text)
    begin = 0
    if offset:
        begin = next((at + 1 for at, video in enumerate(found) if video.id == offset), len(found))
    videos = tuple(found[begin : begin + SHARED_SIZE])
    return SharePage(videos, videos[-1].id if begin + SHARED_SIZE < len(found) else "")


def _videos(session: Session, user_id: int, places: Collection[int] | None) -> list[SharedVideo]:
    columns = (GenerationRow.id, VideoRow.position, GenerationRow.prompt, VideoRow.file_id)
    query = select(*columns).join(VideoRow, VideoRow.generation_id == GenerationRow.id).where(_sent(user_id))
    if places is not None:
        query = query.where(GenerationRow.chat_id.in_(places))
    order = (GenerationRow.queued_at.desc(), GenerationRow.id, VideoRow.position)
    rows = session.execute(query.order_by(*order)).all()
    counts = Counter(row[0] for row in rows)
    return [SharedVideo(key, position, counts[key], prompt, file_id or "") for key, position, prompt, file_id in rows]


def _found(videos: list[SharedVideo], text: str) -> list[SharedVideo]:
    one = [video for video in videos if share_query(video.generation_id) == text.strip()]
    words = fold(text).split()
    if one or not words:
        return one or videos
    prompts = {video.generation_id: video.prompt for video in videos}
    folded = {generation_id: fold(prompt) for generation_id, prompt in prompts.items()}
    return [video for video in videos if all(word in folded[video.generation_id] for word in words)]

"""A person's own videos, to be sent to any chat: found by the words of their prompts, a page at a time.

Nobody is offered anybody else's: every look is bounded by the person who asks, whatever the query says.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from services.access import Access
from services.store.database import Database
from services.store.schema import GenerationRow, VideoRow

PAGE = 50
"""Results of one answer (Bot API page of ``answerInlineQuery``)."""

_MARKS = re.compile("[\u0300-\u036f]+")


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
    """Telegram's."""

    @property
    def id(self) -> str:
        """Its name among the results, at most 64 bytes."""
        return f"{self.generation_id}-{self.position}"


@dataclass(frozen=True, slots=True)
class SharePage:
    """Some of the videos that a query finds."""

    videos: tuple[SharedVideo, ...] = ()
    """At most :data:`PAGE`, newest first."""
    next_offset: str = ""
    """Where the next page begins; empty at the end."""


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
    return await database.read(_page, user_id, places, text, offset)


def _sent(user_id: int) -> ColumnElement[bool]:
    return (GenerationRow.user_id == user_id) & VideoRow.file_id.is_not(None) & (VideoRow.file_id != "")


def _groups(session: Session, user_id: int) -> list[int]:
    joined = select(GenerationRow.chat_id).join(VideoRow, VideoRow.generation_id == GenerationRow.id)
    return list(session.scalars(joined.where(_sent(user_id), GenerationRow.chat_id < 0).distinct()))


def _page(session: Session, user_id: int, places: Collection[int] | None, text: str, offset: str) -> SharePage:
    found = _found(_videos(session, user_id, places), text)
    begin = 0
    if offset:
        begin = next((at + 1 for at, video in enumerate(found) if video.id == offset), len(found))
    videos = tuple(found[begin : begin + PAGE])
    return SharePage(videos, videos[-1].id if begin + PAGE < len(found) else "")


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
    fits: dict[str, bool] = {}
    for video in videos:
        if video.generation_id not in fits:
            prompt = fold(video.prompt)
            fits[video.generation_id] = all(word in prompt for word in words)
    return [video for video in videos if fits[video.generation_id]]

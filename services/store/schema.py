"""The tables. One row of ``generations`` is the truth about one request and its money.

Times are aware UTC. Ids of Telegram are 64-bit integers. Rows that belong to a person carry ``user_id``, so that
``/forget`` can find them all.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, Row, Text, false, text
from sqlalchemy.orm import Mapped, mapped_column

from services.options import Shape, VideoOptions, Wanted
from services.photos.model import PhotoKind, PhotoRef
from services.store.base import Base

NO_THREAD = 0
"""``thread_id`` of a chat without topics, and of General; a number, because NULL is never equal in a unique index."""

NO_MESSAGE = 0
"""``request_message_id`` where there is none to reply to: the message stayed behind in a group that moved on."""


def _partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    return Index(name, *columns, unique=unique, sqlite_where=text(where), postgresql_where=text(where))


class PersonRow(Base):
    """A person who wrote to the bot, and what they chose in ``/settings``."""

    __tablename__ = "people"

    user_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    language: Mapped[str | None]
    usual_count: Mapped[int] = mapped_column(default=1)
    starts_at_once: Mapped[bool] = mapped_column(default=False)
    usual_shape: Mapped[str] = mapped_column(default="wide", server_default="wide")
    created_at: Mapped[datetime]


class AccessRow(Base):
    """Somebody let in, shut out, or made admin (``kind``: user, chat; ``verdict``: allow, deny, admin)."""

    __tablename__ = "access"

    kind: Mapped[str] = mapped_column(primary_key=True)
    subject_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    verdict: Mapped[str]
    created_at: Mapped[datetime]


class ClaimCodeRow(Base):
    """The one-time code of the admin's claim link, as a hash; gone once used."""

    __tablename__ = "claim_codes"

    code_hash: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]


class DraftRow(Base):
    """A request in the making: at most one open for each (chat, thread, person).

    ``state``: open, starting (an album captioned ``/video``, whose parts are still coming), submitted, cancelled.
    ``shape_chosen`` tells a shape that was asked for from the usual one. ``ideas`` are those chosen, with their words,
    as :mod:`services.drafts.model` writes them; ``shows_ideas`` is the page that the card shows.
    ``version`` grows with every change that a person sees, ``card_version`` is the one that the card shows.
    """

    __tablename__ = "drafts"
    __table_args__ = (
        _partial_index("one_open_draft", "chat_id", "thread_id", "user_id", where="state = 'open'", unique=True),
        Index("drafts_by_age", "updated_at"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int] = mapped_column(BigInteger, default=NO_THREAD)
    user_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(default="open")
    language: Mapped[str]
    count: Mapped[int] = mapped_column(default=1)
    shape: Mapped[str] = mapped_column(default="wide", server_default="wide")
    shape_chosen: Mapped[bool] = mapped_column(default=False, server_default=false())
    ideas: Mapped[str] = mapped_column(Text, default="", server_default="")
    shows_ideas: Mapped[bool] = mapped_column(default=False, server_default=false())
    version: Mapped[int] = mapped_column(default=1)
    card_message_id: Mapped[int | None] = mapped_column(BigInteger)
    card_claimed_at: Mapped[datetime | None]
    card_version: Mapped[int] = mapped_column(default=0)
    extra_told: Mapped[bool] = mapped_column(default=False)
    starts_itself: Mapped[bool] = mapped_column(default=False)
    request_message_id: Mapped[int | None] = mapped_column(BigInteger)
    edited_from: Mapped[str | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


class DraftItemRow(Base):
    """One message of a draft: a photo, a text, or a photo with its caption. Its order is the message's.

    Photos that come from elsewhere (another's message, an earlier request) have negative ids.
    """

    __tablename__ = "draft_items"
    __table_args__ = (
        Index("draft_items_by_message", "message_id"),
        Index("draft_items_by_album", "media_group_id"),
    )

    draft_id: Mapped[str] = mapped_column(ForeignKey("drafts.id", ondelete="CASCADE"), primary_key=True)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    media_group_id: Mapped[str | None]
    text: Mapped[str | None] = mapped_column(Text)
    file_id: Mapped[str | None]
    file_unique_id: Mapped[str | None]
    file_kind: Mapped[str | None]
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    mime_type: Mapped[str | None]
    file_name: Mapped[str | None]


class SeenPhotoRow(Base):
    """A photo message the bot has seen, so that a reply to one photo of an album means the whole album."""

    __tablename__ = "seen_photos"
    __table_args__ = (
        Index("seen_photos_by_album", "chat_id", "media_group_id"),
        Index("seen_photos_by_age", "seen_at"),
    )

    chat_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    message_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    user_id: Mapped[int] = mapped_column(BigInteger)
    media_group_id: Mapped[str]
    file_id: Mapped[str]
    file_unique_id: Mapped[str]
    file_kind: Mapped[str]
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    mime_type: Mapped[str | None]
    file_name: Mapped[str | None]
    seen_at: Mapped[datetime]


class GenerationRow(Base):
    """One confirmed request: its state, its money, its messages.

    ``armed_at`` is set and committed before the paid POST and never unset once the POST may have been accepted: a
    row that is armed by a run other than the one that looks at it may have been charged and is only looked up.
    ``epoch`` counts the runs that took the row; a run whose epoch is not the row's any more has lost it.
    ``taken_by`` is the process that works on it, or that did last. ``prompt`` holds the words of the ``ideas`` as
    well. ``receipt`` is the reaction that the request's message was last given.
    """

    __tablename__ = "generations"
    __table_args__ = (
        Index("generations_by_state", "state", "queued_at"),
        Index("generations_by_person", "user_id", "queued_at"),
        Index("generations_by_chat", "chat_id", "status_message_id"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    request_key: Mapped[str] = mapped_column(unique=True)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    thread_id: Mapped[int] = mapped_column(BigInteger, default=NO_THREAD)
    user_id: Mapped[int] = mapped_column(BigInteger)
    language: Mapped[str]
    request_message_id: Mapped[int] = mapped_column(BigInteger)
    status_message_id: Mapped[int | None] = mapped_column(BigInteger)
    prompt: Mapped[str] = mapped_column(Text)
    count: Mapped[int]
    shape: Mapped[str] = mapped_column(default="wide", server_default="wide")
    ideas: Mapped[str] = mapped_column(Text, default="", server_default="")
    receipt: Mapped[str] = mapped_column(default="", server_default="")
    stars: Mapped[int] = mapped_column(default=0, server_default="0")
    """Stars that its requester is asked for; see ``PurchaseRow``."""
    prepaid: Mapped[int] = mapped_column(default=0, server_default="0")
    """How many of its videos were paid for by free videos and credit."""

    state: Mapped[str] = mapped_column(default="queued")
    note: Mapped[str] = mapped_column(default="")
    epoch: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    taken_by: Mapped[str | None]
    armed_at: Mapped[datetime | None]
    history_before: Mapped[str | None] = mapped_column(Text)
    """What the API's history held before the POST; see ``services.generations.matching.HistoryBefore``."""
    attempts: Mapped[int] = mapped_column(default=0)
    reconciling_since: Mapped[datetime | None]
    server_error: Mapped[bool] = mapped_column(default=False)
    cancel_requested_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    final_shown_at: Mapped[datetime | None]

    failure_kind: Mapped[str | None]
    failure_reason: Mapped[str] = mapped_column(default="")
    charged: Mapped[str] = mapped_column(default="no")


class GenerationPhotoRow(Base):
    """A photo of a request, by its id at Telegram."""

    __tablename__ = "generation_photos"

    generation_id: Mapped[str] = mapped_column(ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    file_id: Mapped[str]
    file_unique_id: Mapped[str]
    file_kind: Mapped[str]
    file_size: Mapped[int | None] = mapped_column(BigInteger)
    mime_type: Mapped[str | None]
    file_name: Mapped[str | None]


class VideoRow(Base):
    """One video of a request, from its address to the message that carries it.

    ``state`` is a :class:`~services.generations.model.VideoState`. ``send_attempts`` counts sends whose outcome is not
    known to have been a refusal: it is raised and committed before each send.
    """

    __tablename__ = "videos"

    generation_id: Mapped[str] = mapped_column(ForeignKey("generations.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(default="ready")
    send_attempts: Mapped[int] = mapped_column(default=0)
    message_id: Mapped[int | None] = mapped_column(BigInteger)
    file_id: Mapped[str | None]


class ResultClaimRow(Base):
    """An object of the API's history, or one of its addresses, that belongs to a generation and to no other.

    The key is a hash, and the row outlives its generation: what was once somebody's never becomes somebody else's,
    also after ``/forget``.
    """

    __tablename__ = "result_claims"
    __table_args__ = (Index("result_claims_by_age", "created_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    generation_id: Mapped[str]
    created_at: Mapped[datetime]


class InboxRow(Base):
    """An update of Telegram that was taken and not yet worked through; the key makes a repeated one harmless.

    Numbers of updates are a bot's own: with another token they begin elsewhere.
    """

    __tablename__ = "inbox"
    __table_args__ = (
        _partial_index("inbox_by_lane", "bot_id", "lane", "update_id", where="payload IS NOT NULL"),
        Index("inbox_by_age", "received_at"),
    )

    bot_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    lane: Mapped[str]
    payload: Mapped[str | None] = mapped_column(Text)
    received_at: Mapped[datetime]
    taken_by: Mapped[str | None]


class NoticeRow(Base):
    """A notice that is given at most once in a while (``key`` names whom and what)."""

    __tablename__ = "notices"

    key: Mapped[str] = mapped_column(primary_key=True)
    told_at: Mapped[datetime]


class MemberRow(Base):
    """A process of the bot, whether it works on generations, and when it was last heard of; only on PostgreSQL."""

    __tablename__ = "members"

    process_id: Mapped[str] = mapped_column("executor_id", key="process_id", primary_key=True)
    works: Mapped[bool]
    seen_at: Mapped[datetime]


class ApiCallRow(Base):
    """A call to GenAIPro within the last minute, for the limit that all processes share."""

    __tablename__ = "api_calls"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    called_at: Mapped[datetime]


class ApiHoldRow(Base):
    """Until when no process calls a service, because it asked one of them to wait; only on PostgreSQL."""

    __tablename__ = "api_holds"

    service: Mapped[str] = mapped_column(primary_key=True)
    held_until: Mapped[datetime]


def option_columns(wanted: Wanted, prefix: str = "") -> dict[str, str | int | None]:
    """The columns that hold the options of a request; ``usual_`` stands before those of ``people``."""
    return {f"{prefix}count": wanted.count, f"{prefix}shape": wanted.shape and wanted.shape.value}


def options_of(row: PersonRow | DraftRow | GenerationRow | Row[Any], prefix: str = "") -> VideoOptions:
    """The options in a row with those columns."""
    # A ``Row`` has a method of the name ``count``.
    count = row._mapping[f"{prefix}count"] if isinstance(row, Row) else getattr(row, f"{prefix}count")
    return VideoOptions(count, Shape(getattr(row, f"{prefix}shape")))


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

"""Which message is a draft's card, what it shows, and who may send it: one card, whatever the number of processes.

Transactions that need not wait for the disk: a card that is shown twice does no harm.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, case, or_, select, update
from sqlalchemy.orm import Session

from services.drafts.model import COLLECTING, DraftState
from services.drafts.store import lock, open_of, owner_of
from services.store.base import affected, table_of
from services.store.schema import DraftItemRow, DraftRow

CLAIM_LASTS = timedelta(seconds=60)
"""How long the right to send the card lasts: a send whose answer got lost is not repeated before."""


_DRAFTS = table_of(DraftRow)
_ONE = _DRAFTS.c.id == bindparam("draft")
_SHOWN_VERSION = bindparam("shown", type_=_DRAFTS.c.card_version.type)
_AT_LEAST = case((_DRAFTS.c.card_version < _SHOWN_VERSION, _SHOWN_VERSION), else_=_DRAFTS.c.card_version)

# Made once, for making a statement takes longer than the database takes over it.
_CLAIM = (
    update(_DRAFTS)
    .where(_ONE, _DRAFTS.c.state == DraftState.OPEN.value, _DRAFTS.c.card_message_id.is_(None))
    .where(_DRAFTS.c.card_claimed_at.is_(None) | (_DRAFTS.c.card_claimed_at <= bindparam("long_ago")))
    .values(card_claimed_at=bindparam("now"))
    .returning(_DRAFTS.c.version)
)
_SENT = (
    update(_DRAFTS)
    .where(_ONE, _DRAFTS.c.state != DraftState.SUBMITTED.value)
    .values(card_message_id=bindparam("message"), card_version=_AT_LEAST, card_claimed_at=None)
    .returning(_DRAFTS.c.version)
)
_SHOWN = update(_DRAFTS).where(_ONE).values(card_version=_AT_LEAST).returning(_DRAFTS.c.version)


def claim(session: Session, draft_id: str, now: datetime) -> int | None:
    """Ask for the right to send the card of a draft that has none; the draft's version then, or None."""
    version: int | None = session.scalar(_CLAIM, {"draft": draft_id, "now": now, "long_ago": now - CLAIM_LASTS})
    return version


def release(session: Session, draft_id: str) -> None:
    """Give the right back: the card was provably not sent."""
    session.execute(update(DraftRow).where(DraftRow.id == draft_id).values(card_claimed_at=None))


def release_all(session: Session) -> None:
    """At the start of the only process: nobody else sends a card, whoever said so.

    A card that the process before sent with its last breath is sent once more: better two than none.
    """
    session.execute(update(DraftRow).where(DraftRow.card_claimed_at.is_not(None)).values(card_claimed_at=None))


def sent(session: Session, draft_id: str, message_id: int, version: int) -> int | None:
    """Note that the card was sent and shows a version; the draft's own by now.

    None when the draft was sent off or deleted meanwhile, and knows nothing of the message.
    """
    found: int | None = session.scalar(_SENT, {"draft": draft_id, "message": message_id, "shown": version})
    card_of = select(DraftRow.card_message_id).where(DraftRow.id == draft_id)
    if found is None and session.scalar(card_of) == message_id:
        # Whoever pressed its button was faster than this.
        return version
    return found


def shown(session: Session, draft_id: str, version: int) -> int:
    """Note that the card shows a version, or cannot be made to; the draft's own by now."""
    return session.scalar(_SHOWN, {"draft": draft_id, "shown": version}) or version


def lost(session: Session, draft_id: str, message_id: int) -> None:
    """Note that the person deleted the card: the next one is a new message."""
    statement = update(DraftRow).where(DraftRow.id == draft_id, DraftRow.card_message_id == message_id)
    session.execute(statement.values(card_message_id=None, card_claimed_at=None))


def tell_extra(session: Session, draft_id: str) -> bool:
    """Ask for the right to say that photos do not fit; True once for each burst of photos."""
    untold = update(DraftRow).where(DraftRow.id == draft_id, DraftRow.extra_told.is_(False))
    return affected(session, untold.values(extra_told=True)) == 1


def ask_first(session: Session, draft_id: str) -> None:
    """Let a draft that could not start by itself wait for its button; an album's becomes an open one or ends."""
    row = lock(session, draft_id)
    if row is None or row.state not in COLLECTING:
        return
    row.starts_itself = False
    row.version += 1
    if row.state == DraftState.GATHERING.value:
        other = session.scalar(open_of(owner_of(row)))
        row.state = (DraftState.OPEN if other is None else DraftState.CANCELLED).value


def unfinished(session: Session) -> tuple[str, ...]:
    """The drafts whose card is behind, or that are to start by themselves."""
    has_items = select(DraftItemRow.draft_id).where(DraftItemRow.draft_id == DraftRow.id).exists()
    is_behind = DraftRow.card_version < DraftRow.version
    is_open = (DraftRow.state == DraftState.OPEN.value) & (is_behind | DraftRow.starts_itself) & has_items
    is_gathering = DraftRow.state == DraftState.GATHERING.value
    is_closed = (DraftRow.state == DraftState.CANCELLED.value) & is_behind & DraftRow.card_message_id.is_not(None)
    return tuple(session.scalars(select(DraftRow.id).where(or_(is_open, is_gathering, is_closed))))


def is_sent_off(session: Session, draft_id: str) -> bool:
    """Whether a draft's card is a status message by now."""
    return session.scalar(select(DraftRow.state).where(DraftRow.id == draft_id)) == DraftState.SUBMITTED.value

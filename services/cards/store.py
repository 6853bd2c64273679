"""Which message is a draft's card, what it shows, and who may send it: one card, whatever the number of processes."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Case, case, or_, select, update
from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.model import DraftState
from services.drafts.store import COLLECTING_STATES, lock, of_owner, owner_of
from services.retries import OUTAGE
from services.store.base import affected
from services.store.database import Database
from services.store.schema import DraftItemRow, DraftRow

CLAIM = timedelta(seconds=60)
"""How long the right to send the card lasts: a send whose answer got lost is not repeated before."""


class SentOutcome(StrEnum):
    """What became of a draft while its card was on the way."""

    CARD = "card"
    """The message is the card, and shows the draft as it is."""
    BEHIND = "behind"
    """The message is the card, and the draft has changed since."""
    ORPHAN = "orphan"
    """The draft was sent off or deleted meanwhile, and knows nothing of the message."""


class SubmittedElsewhereError(Exception):
    """The draft was sent off, by this process or another one: it has no card any more."""


@dataclass(slots=True)
class CardStore:
    """Keeps the books on cards; none of its writes waits for the disk, for a card that is shown twice does no harm."""

    database: Database
    clock: Clock

    async def claim(self, draft_id: str) -> int | None:
        """Ask for the right to send the card of a draft that has none; the draft's version then, or None."""
        return await self.database.write(_claim, draft_id, self.clock.now(), durable=False)

    async def release(self, draft_id: str) -> None:
        """Give the right back: the card was provably not sent."""
        await self.database.write(_release, draft_id, durable=False)

    async def release_all(self) -> None:
        """At the start of the only process: nobody else sends a card, whoever said so.

        A card that the process before sent with its last breath is sent once more: better two than none.
        """
        await self.database.write(_release, None, durable=False)

    async def sent(self, draft_id: str, message_id: int, version: int) -> SentOutcome:
        """Note that the card was sent and shows a version."""
        return await self.database.write(_sent, draft_id, message_id, version, durable=False)

    async def shown(self, draft_id: str, version: int) -> bool:
        """Note that the card shows a version, or cannot be made to; whether that is the newest."""
        return await self.database.write(_shown, draft_id, version, durable=False)

    async def lost(self, draft_id: str, message_id: int) -> None:
        """Note that the person deleted the card: the next one is a new message."""
        await self.database.write(_lost, draft_id, message_id, durable=False)

    async def tell_extra(self, draft_id: str) -> bool:
        """Ask for the right to say that photos past the third are left out; True once for each burst of photos."""
        return await self.database.write(_tell_extra, draft_id, durable=False)

    async def ask_first(self, draft_id: str) -> None:
        """Let a draft that could not start by itself wait for its button; an album's becomes an open one or ends."""
        await self.database.write(_ask_first, draft_id, durable=False)

    async def unfinished(self) -> tuple[str, ...]:
        """The drafts whose card is behind, or that are to start by themselves."""
        return await self.database.read(_unfinished)

    async def still_a_card(self, draft_id: str) -> None:
        """Look once more before a card is edited; where nobody can tell, it is.

        Of one process, the outbox keeps card and status in their order.

        Raises:
            SubmittedElsewhereError: Another process has sent the draft off: its card is a status message by now.
        """
        if self.database.is_sqlite:
            return
        try:
            state = await self.database.read(_state, draft_id)
        except OUTAGE:
            return
        if state == DraftState.SUBMITTED.value:
            raise SubmittedElsewhereError


def _claim(session: Session, draft_id: str, now: datetime) -> int | None:
    is_free = or_(DraftRow.card_claimed_at.is_(None), DraftRow.card_claimed_at <= now - CLAIM)
    statement = (
        update(DraftRow)
        .where(DraftRow.id == draft_id, DraftRow.state == DraftState.OPEN.value, is_free)
        .where(DraftRow.card_message_id.is_(None))
        .values(card_claimed_at=now)
        .returning(DraftRow.version)
    )
    version: int | None = session.scalar(statement)
    return version


def _release(session: Session, draft_id: str | None) -> None:
    claimed = update(DraftRow).where(DraftRow.card_claimed_at.is_not(None))
    which = claimed if draft_id is None else claimed.where(DraftRow.id == draft_id)
    session.execute(which.values(card_claimed_at=None))


def _sent(session: Session, draft_id: str, message_id: int, version: int) -> SentOutcome:
    statement = update(DraftRow).where(DraftRow.id == draft_id, DraftRow.state != DraftState.SUBMITTED.value)
    card = {"card_message_id": message_id, "card_version": _at_least(version), "card_claimed_at": None}
    found = session.scalar(statement.values(card).returning(DraftRow.version))
    if found is None:
        # Deleted, or whoever pressed its button was faster than this.
        card_of = select(DraftRow.card_message_id).where(DraftRow.id == draft_id)
        return SentOutcome.CARD if session.scalar(card_of) == message_id else SentOutcome.ORPHAN
    return SentOutcome.CARD if found <= version else SentOutcome.BEHIND


def _at_least(version: int) -> Case[int]:
    return case((DraftRow.card_version < version, version), else_=DraftRow.card_version)


def _shown(session: Session, draft_id: str, version: int) -> bool:
    statement = update(DraftRow).where(DraftRow.id == draft_id).values(card_version=_at_least(version))
    found = session.scalar(statement.returning(DraftRow.version))
    return found is None or found <= version


def _lost(session: Session, draft_id: str, message_id: int) -> None:
    statement = update(DraftRow).where(DraftRow.id == draft_id, DraftRow.card_message_id == message_id)
    session.execute(statement.values(card_message_id=None, card_claimed_at=None))


def _tell_extra(session: Session, draft_id: str) -> bool:
    untold = update(DraftRow).where(DraftRow.id == draft_id, DraftRow.extra_told.is_(False))
    return affected(session, untold.values(extra_told=True)) == 1


def _ask_first(session: Session, draft_id: str) -> None:
    row = lock(session, draft_id)
    if row is None or row.state not in COLLECTING_STATES:
        return
    row.starts_itself = False
    row.version += 1
    if row.state == DraftState.STARTING.value:
        other = session.scalar(of_owner(owner_of(row)).where(DraftRow.state == DraftState.OPEN.value).limit(1))
        row.state = (DraftState.OPEN if other is None else DraftState.CANCELLED).value


def _unfinished(session: Session) -> tuple[str, ...]:
    has_items = select(DraftItemRow.draft_id).where(DraftItemRow.draft_id == DraftRow.id).exists()
    is_behind = DraftRow.card_version < DraftRow.version
    is_open = (DraftRow.state == DraftState.OPEN.value) & (is_behind | DraftRow.starts_itself) & has_items
    is_starting = DraftRow.state == DraftState.STARTING.value
    is_closed = (DraftRow.state == DraftState.CANCELLED.value) & is_behind & DraftRow.card_message_id.is_not(None)
    return tuple(session.scalars(select(DraftRow.id).where(or_(is_open, is_starting, is_closed))))


def _state(session: Session, draft_id: str) -> str | None:
    return session.scalar(select(DraftRow.state).where(DraftRow.id == draft_id))

"""Which message is a draft's card, what it shows, and who may send it: one card, whatever the number of processes."""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.model import DraftState
from services.drafts.rows import COLLECTING_STATES, lock
from services.store.database import Database
from services.store.dialects import affected
from services.store.schema import DraftItemRow, DraftRow

CLAIM = timedelta(seconds=60)
"""How long the right to send the card lasts: a send whose answer got lost is not repeated before."""


class SentOutcome(StrEnum):
    """What became of a draft while its card was on the way."""

    CARD = "card"
    """The message is the card."""
    ORPHAN = "orphan"
    """The draft was sent off or deleted meanwhile, and knows nothing of the message."""


class CardLedger:
    """Keeps the books on cards.

    Args:
        database: Holds them.
        clock: Says when it is.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def claim(self, draft_id: str) -> bool:
        """Ask for the right to send the card of a draft that has none."""
        now = self._clock.now()
        is_free = or_(DraftRow.card_claimed_at.is_(None), DraftRow.card_claimed_at <= now - CLAIM)
        statement = (
            update(DraftRow)
            .where(DraftRow.id == draft_id, DraftRow.state == DraftState.OPEN.value, is_free)
            .where(DraftRow.card_message_id.is_(None))
            .values(card_claimed_at=now)
        )
        return await self._database.write(affected, statement, durable=False) == 1

    async def release(self, draft_id: str) -> None:
        """Give the right back: the card was provably not sent."""
        free = update(DraftRow).where(DraftRow.id == draft_id).values(card_claimed_at=None)
        await self._database.write(affected, free, durable=False)

    async def release_all(self) -> None:
        """At the start of the only process: nobody else sends a card, whoever said so.

        A card that the process before sent with its last breath is sent once more: better two than none.
        """
        claimed = update(DraftRow).where(DraftRow.card_claimed_at.is_not(None))
        await self._database.write(affected, claimed.values(card_claimed_at=None), durable=False)

    async def sent(self, draft_id: str, message_id: int, version: int) -> SentOutcome:
        """Note that the card was sent and shows a version."""
        return await self._database.write(_sent, draft_id, message_id, version, durable=False)

    async def shown(self, draft_id: str, version: int) -> None:
        """Note that the card shows a version, or cannot be made to."""
        statement = update(DraftRow).where(DraftRow.id == draft_id, DraftRow.card_version < version)
        await self._database.write(affected, statement.values(card_version=version), durable=False)

    async def lost(self, draft_id: str, message_id: int) -> None:
        """Note that the person deleted the card: the next one is a new message."""
        statement = update(DraftRow).where(DraftRow.id == draft_id, DraftRow.card_message_id == message_id)
        lost = statement.values(card_message_id=None, card_claimed_at=None)
        await self._database.write(affected, lost, durable=False)

    async def tell_extra(self, draft_id: str) -> bool:
        """Ask for the right to say that photos past the third are left out; True once for each burst of photos."""
        statement = (
            update(DraftRow).where(DraftRow.id == draft_id, DraftRow.extra_told.is_(False)).values(extra_told=True)
        )
        return await self._database.write(affected, statement, durable=False) == 1

    async def ask_first(self, draft_id: str) -> None:
        """Let a draft that could not start by itself wait for its button; an album's becomes an open one or ends."""
        await self._database.write(_ask_first, draft_id, durable=False)

    async def unfinished(self) -> tuple[str, ...]:
        """The drafts whose card is behind, or that are to start by themselves."""
        has_items = select(DraftItemRow.draft_id).where(DraftItemRow.draft_id == DraftRow.id).exists()
        is_behind = DraftRow.card_version < DraftRow.version
        is_open = (DraftRow.state == DraftState.OPEN.value) & (is_behind | DraftRow.starts_itself) & has_items
        is_starting = DraftRow.state == DraftState.STARTING.value
        is_closed = (DraftRow.state == DraftState.CANCELLED.value) & is_behind & DraftRow.card_message_id.is_not(None)
        query = select(DraftRow.id).where(or_(is_open, is_starting, is_closed))
        return await self._database.read(lambda session: tuple(session.scalars(query)))


def _sent(session: Session, draft_id: str, message_id: int, version: int) -> SentOutcome:
    row = lock(session, draft_id)
    if row is None:
        return SentOutcome.ORPHAN
    if row.state == DraftState.SUBMITTED.value:
        # Whoever pressed its button was faster than this.
        return SentOutcome.CARD if row.card_message_id == message_id else SentOutcome.ORPHAN
    row.card_message_id = message_id
    row.card_version = max(row.card_version, version)
    row.card_claimed_at = None
    return SentOutcome.CARD


def _ask_first(session: Session, draft_id: str) -> None:
    row = lock(session, draft_id)
    if row is None or row.state not in COLLECTING_STATES:
        return
    row.starts_itself = False
    row.version += 1
    if row.state == DraftState.STARTING.value:
        others = select(DraftRow.id).where(
            DraftRow.chat_id == row.chat_id,
            DraftRow.thread_id == row.thread_id,
            DraftRow.user_id == row.user_id,
            DraftRow.state == DraftState.OPEN.value,
        )
        has_other = session.scalar(others.limit(1)) is not None
        row.state = DraftState.CANCELLED.value if has_other else DraftState.OPEN.value

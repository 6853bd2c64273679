"""What the buttons do to drafts, each press in one transaction."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.changes import adopt, close, open_row, put, touch
from services.drafts.model import COLLECTING, Defaults, DraftState, NewId, Owner, borrow, is_count
from services.drafts.rows import lock, lock_open
from services.generations.model import Order
from services.store.database import Database
from services.store.schema import DraftRow


class PressOutcome(StrEnum):
    """What a press of a button on a card met."""

    DONE = "done"
    NOT_YOURS = "not-yours"
    SUBMITTED = "submitted"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    INCOMPLETE = "incomplete"


def judge_press(row: DraftRow | None, user_id: int) -> PressOutcome:
    """Whether a person may change a draft now (``DONE``), or why not."""
    if row is None:
        return PressOutcome.UNKNOWN
    if row.user_id != user_id:
        return PressOutcome.NOT_YOURS
    if row.state == DraftState.CANCELLED.value:
        return PressOutcome.CANCELLED
    return PressOutcome.DONE if DraftState(row.state) in COLLECTING else PressOutcome.SUBMITTED


class DraftPresses:
    """Changes drafts as the buttons say.

    Args:
        database: Holds the drafts.
        clock: Says when it is.
        new_id: Makes their ids.
    """

    def __init__(self, database: Database, clock: Clock, new_id: NewId) -> None:
        self._database = database
        self._clock = clock
        self._new_id = new_id

    async def set_count(self, draft_id: str, user_id: int, count: int, card: int | None = None) -> PressOutcome:
        """Ask for another number of videos, 1 to 4; ``card`` is the message that was pressed."""
        return await self._database.write(_set_count, draft_id, user_id, count, card, self._clock.now())

    async def cancel(self, draft_id: str, user_id: int, card: int | None = None) -> PressOutcome:
        """Give a draft up; ``card`` is the message that was pressed."""
        return await self._database.write(_cancel, draft_id, user_id, card, self._clock.now())

    async def cancel_open(self, owner: Owner) -> str | None:
        """Give an owner's open draft up.

        Returns:
            The draft, whose card is to be shown anew, or None when none was open.
        """
        return await self._database.write(_cancel_open, owner, self._clock.now())

    async def edit_again(self, owner: Owner, defaults: Defaults, generation_id: str, order: Order) -> tuple[str, ...]:
        """Open a draft with the photos and the number of videos of an earlier request, waiting for a new prompt.

        A draft that the owner has open gives way, unless it is this very one.

        Returns:
            The drafts whose cards are to be shown anew, the new one last.
        """
        now = self._clock.now()

        def edit(session: Session) -> tuple[str, ...]:
            old = lock_open(session, owner)
            if old is not None and old.edited_from == generation_id:
                # A card that the person deleted comes back.
                touch(old, now)
                return (old.id,)
            if old is not None:
                close(old, now)
                session.flush()
            new = open_row(session, owner, defaults, self._new_id, now)
            new.edited_from = generation_id
            new.request_message_id = order.request_message_id
            put(session, new, borrow(order.photos), order.count, now)
            return (new.id,) if old is None else (old.id, new.id)

        return await self._database.write(edit)


def _set_count(
    session: Session, draft_id: str, user_id: int, count: int, card: int | None, now: datetime
) -> PressOutcome:
    row = lock(session, draft_id)
    outcome = judge_press(row, user_id)
    if row is not None and outcome is PressOutcome.DONE:
        adopt(row, card)
        if is_count(count) and row.count != count:
            row.count = count
            touch(row, now)
    return outcome


def _cancel(session: Session, draft_id: str, user_id: int, card: int | None, now: datetime) -> PressOutcome:
    row = lock(session, draft_id)
    outcome = judge_press(row, user_id)
    if row is not None and outcome is PressOutcome.DONE:
        adopt(row, card)
        close(row, now)
    return outcome


def _cancel_open(session: Session, owner: Owner, now: datetime) -> str | None:
    row = lock_open(session, owner)
    if row is None:
        return None
    close(row, now)
    return row.id

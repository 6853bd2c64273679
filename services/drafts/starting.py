"""From a draft to a generation: one transaction decides that it exists, however often it is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.buttons import PressOutcome, judge_press
from services.drafts.model import DraftState, Owner, order_of
from services.drafts.store import adopt, lock, lock_open, with_items
from services.generations.model import FINAL, DailyLimitReached, Order, Placed, PlaceOutcome, State, TooManyWaiting
from services.photos.model import PhotoRef
from services.screens import Screen
from services.store.database import Database
from services.store.schema import DraftRow, GenerationRow
from services.texts import Phrases


class Placing(Protocol):
    """Takes confirmed requests (``services.orders.Generations``)."""

    def place(self, session: Session, order: Order) -> PlaceOutcome:
        """Make the generation, in the caller's transaction that writes; idempotent by the request key."""
        ...

    async def placed(self, generation_id: str, *, has_message: bool = False) -> None:
        """Show it, unless a card does, and wake the queue, after the commit; idempotent."""
        ...


DOUBLE_TAP = timedelta(seconds=3)
"""A second press of Again within this time is the same wish, even if the first one's generation has ended by then."""


@dataclass(frozen=True, slots=True)
class Started:
    """The generation stands.

    Attributes:
        generation_id: Its id.
        created: False when the same had been asked for before: nothing new happens.
        has_message: Whether a card is its status message, as far as is known.
    """

    generation_id: str
    created: bool
    has_message: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """The request is complete, and the person has used up what they may ask for."""

    why: TooManyWaiting | DailyLimitReached


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The draft cannot be started by this person, or not now."""

    why: PressOutcome


StartOutcome = Started | Refused | NotStarted


def refusal(refused: Refused, phrases: Phrases) -> str:
    """Why a request is not taken, in one plain sentence."""
    match refused.why:
        case TooManyWaiting(limit):
            return phrases.plain("draft-too-many-waiting", limit=limit)
        case DailyLimitReached(limit, left):
            return phrases.plain("draft-daily-limit", limit=limit, left=left)


def refusal_screen(refused: Refused, phrases: Phrases) -> Screen:
    """The same as a message; the texts hold no markup."""
    return Screen(refusal(refused, phrases))


class Starter:
    """Starts generations.

    Args:
        database: Holds drafts and generations.
        generations: Takes the confirmed requests.
        clock: Says when it is.
    """

    def __init__(self, database: Database, generations: Placing, clock: Clock) -> None:
        self._database = database
        self._generations = generations
        self._clock = clock

    async def show(self, outcome: StartOutcome) -> None:
        """Show what was started; to be called after each of the methods below, whatever came of it.

        Also when it stood before: the process that made it may have died between the commit and this.
        """
        if isinstance(outcome, Started):
            await self._generations.placed(outcome.generation_id, has_message=outcome.has_message)

    async def start(self, draft_id: str, user_id: int, card: int | None = None) -> StartOutcome:
        """Send a draft off, exactly once; it stays open when it is refused.

        Args:
            draft_id: The draft.
            user_id: Who wants it.
            card: The message whose button was pressed, if one was.
        """
        return await self._database.write(self._start, draft_id, user_id, card)

    def _start(self, session: Session, draft_id: str, user_id: int, card: int | None) -> StartOutcome:
        row = lock(session, draft_id)
        verdict = judge_press(row, user_id)
        if row is None or verdict is not PressOutcome.DONE:
            return NotStarted(verdict)
        adopt(row, card)
        draft = with_items(session, row)
        if not draft.is_ready:
            return NotStarted(PressOutcome.INCOMPLETE)
        outcome = self._generations.place(session, order_of(draft))
        if not isinstance(outcome, Placed):
            return Refused(outcome)
        row.state = DraftState.SUBMITTED.value
        return Started(outcome.generation_id, outcome.created, outcome.created and row.card_message_id is not None)

    async def order(self, order: Order) -> StartOutcome:
        """Start a request that needs no draft.

        An open draft of the same person and place that holds no photo but these ends with it, and its card becomes
        the status message.
        """
        return await self._database.write(self._order, order)

    def _order(self, session: Session, order: Order) -> StartOutcome:
        row = _overtaken(session, Owner(order.chat_id, order.thread_id, order.user_id), order.photos)
        if row is not None:
            order = replace(order, status_message_id=row.card_message_id)
        outcome = self._generations.place(session, order)
        if not isinstance(outcome, Placed):
            return Refused(outcome)
        if row is not None and outcome.created:
            row.state = DraftState.SUBMITTED.value
        has_message = outcome.created and order.status_message_id is not None
        return Started(outcome.generation_id, outcome.created, has_message)

    async def again(self, generation_id: str, order: Order) -> StartOutcome:
        """Start an earlier request once more; while that runs, asking again is the same wish.

        Args:
            generation_id: The earlier one.
            order: What it asked for; its request key and status message are replaced.
        """
        return await self._database.write(self._again, generation_id, order)

    def _again(self, session: Session, generation_id: str, order: Order) -> StartOutcome:
        key = self._again_key(session, generation_id)
        outcome = self._generations.place(session, replace(order, request_key=key, status_message_id=None))
        if not isinstance(outcome, Placed):
            return Refused(outcome)
        return Started(outcome.generation_id, outcome.created)

    def _again_key(self, session: Session, generation_id: str) -> str:
        prefix = f"again:{generation_id}:"
        query = (
            select(GenerationRow)
            .where(GenerationRow.request_key.startswith(prefix, autoescape=True))
            .order_by(GenerationRow.queued_at.desc(), GenerationRow.request_key.desc())
            .limit(1)
        )
        newest = session.scalar(query)
        if newest is None:
            return f"{prefix}1"
        is_same_wish = newest.queued_at > self._clock.now() - DOUBLE_TAP or State(newest.state) not in FINAL
        return newest.request_key if is_same_wish else f"{prefix}{int(newest.request_key.removeprefix(prefix)) + 1}"


def _overtaken(session: Session, owner: Owner, photos: Sequence[PhotoRef]) -> DraftRow | None:
    row = lock_open(session, owner)
    if row is None:
        return None
    used = {photo.unique_id for photo in photos}
    mine = {photo.unique_id for photo in with_items(session, row).all_photos}
    return row if mine and mine <= used else None

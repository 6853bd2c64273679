"""Orders: started from drafts or without one, asked for again, shown, cancelled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog import get_logger
from telegram.error import TelegramError

from services.clock import Clock
from services.drafts.model import DraftState, Owner, order_of
from services.drafts.presses import PressOutcome, pressed
from services.drafts.store import lock_open, with_items
from services.generations.cancelling import CancelScopes
from services.generations.model import (
    FINAL,
    PAST_CANCEL,
    WAITING,
    DailyLimitReached,
    Generation,
    LimitReached,
    Order,
    Placed,
    PlaceOutcome,
    State,
    TooManyWaiting,
    draft_request_key,
)
from services.generations.queue import Queue, lock_queue
from services.generations.store import load
from services.messenger import ChatClosedError
from services.payments.sales import Invoices
from services.photos.model import PhotoRef
from services.status.messages import StatusMessages
from services.store.database import Database
from services.store.schema import NO_THREAD, DraftRow, GenerationRow
from services.texts import Phrases

log = get_logger(__name__)

DOUBLE_TAP = timedelta(seconds=3)
"""A second press of Again that arrives within this time is the same wish, even if the first one's generation has
ended when it is handled."""

StartOutcome = Placed | LimitReached | PressOutcome
"""What stands now, which limit the person has reached, or why this draft cannot be started by them, or not now."""


def refusal(reached: LimitReached, phrases: Phrases) -> str:
    """Why a request is not taken, in one plain sentence without markup."""
    match reached:
        case TooManyWaiting(limit):
            return phrases.plain("draft-too-many-waiting", limit=limit)
        case DailyLimitReached(limit, left):
            return phrases.plain("draft-daily-limit", limit=limit, left=left)


@dataclass(slots=True)
class Orders:
    """What becomes of an order once it was placed: shown, paid for, cancelled."""

    database: Database
    queue: Queue
    scopes: CancelScopes
    status: StatusMessages
    clock: Clock
    taken: Callable[[Generation], object] = lambda _generation: None
    """Told of every generation that was placed."""
    invoices: Invoices | None = None
    """None where nothing is sold."""

    async def show_started(self, outcome: StartOutcome) -> None:
        """Show what was started; to be called after each of :class:`Starter`'s methods, whatever came of it.

        Also when it stood before: the process that made it may have died between the commit and this.
        """
        if not isinstance(outcome, Placed):
            return
        if outcome.needs_showing or self.invoices is not None:
            await self.show(outcome.generation_id)
        else:
            # Its card is its status message: the run shows itself there, or the worker its place.
            self.queue.changed.set()

    async def show(self, generation_id: str) -> None:
        """Show the status message of what was placed, and ask for the payment or give the turn; idempotent."""
        generation = await self.database.read(load, generation_id)
        if generation is None:
            return
        is_unpaid = generation.state is State.UNPAID
        if not is_unpaid:
            self.taken(generation)
        untold = generation.status_message_id is None and generation.state not in FINAL
        if generation.state in WAITING or untold:
            position = None if is_unpaid else (await self.queue.positions()).get(generation_id)
            try:
                await self.status.first(generation, position)
                # Another process may have begun and ended meanwhile.
                await self.status.correct(generation_id)
            except (TelegramError, ChatClosedError) as error:
                log.info("first_status_not_shown", generation=generation_id, error=type(error).__name__)
        # In a group a button leads to the invoice: it is shown in the private chat alone.
        if is_unpaid and not generation.is_in_group and self.invoices is not None:
            await self.invoices.send_first(generation_id)
        self.queue.changed.set()

    async def tell_end(self, generation_id: str) -> None:
        """Tell the end of a request that nobody runs: cancelled, or not paid in time."""
        generation = await self.database.read(load, generation_id)
        if generation is None or generation.state not in FINAL:
            return
        try:
            await self.status.end(generation)
        except TelegramError as error:
            # The worker finds ends that were not told.
            log.info("end_not_told_yet", generation=generation_id, error=type(error).__name__)

    async def show_end_again(self, generation_id: str) -> None:
        """Show the end of a request once more: its money has moved.

        One that was not told yet is left to whoever tells it, in this process or another: they look at the money
        once more afterwards.
        """
        generation = await self.database.read(load, generation_id)
        if generation is not None and generation.final_shown:
            await self.status.endings.renew(generation_id)

    async def cancel(self, generation_id: str) -> bool:
        """Cancel a generation: one that waits ends at once, one that runs is stopped within a second.

        Whether the person may is judged before.

        Returns:
            Whether it is cancelled, or will be.
        """
        after = await self.database.write(self.scopes.request, generation_id, self.clock.now())
        if after is None or after.state in PAST_CANCEL - {State.CANCELLED}:
            return False
        log.info("cancel_requested", generation=generation_id, state=after.state.value)
        if after.state is State.CANCELLED:
            await self.tell_end(generation_id)
        elif self.scopes.cancel(generation_id):
            # Where another process runs it, that one shows it: two would overtake each other.
            self.status.progress(after)
        self.queue.changed.set()
        return True


def newest_running(session: Session, owner: Owner) -> str | None:
    """Somebody's newest generation in this place that can still be cancelled, or None."""
    query = select(GenerationRow.id).where(
        GenerationRow.chat_id == owner.chat_id,
        GenerationRow.thread_id == (owner.thread_id or NO_THREAD),
        GenerationRow.user_id == owner.user_id,
        GenerationRow.state.not_in([state.value for state in PAST_CANCEL]),
    )
    return session.scalar(query.order_by(GenerationRow.queued_at.desc()).limit(1))


def of_draft(session: Session, draft_id: str) -> str | None:
    """The generation that a draft has become, or None while it is a draft."""
    return session.scalar(select(GenerationRow.id).where(GenerationRow.request_key == draft_request_key(draft_id)))


@dataclass(slots=True)
class Starter:
    """Starts generations, from drafts or without one: one transaction decides that a generation exists."""

    database: Database
    place: Callable[[Session, Order], PlaceOutcome]
    """Makes an order a generation, in the caller's transaction (:meth:`Queue.place`)."""
    clock: Clock

    async def start(self, draft_id: str, user_id: int, card: int | None = None) -> StartOutcome:
        """Send a draft off, exactly once; it stays open when it is refused. ``card`` is the message with the button."""
        return await self.database.write(self._start, draft_id, user_id, card)

    def _start(self, session: Session, draft_id: str, user_id: int, card: int | None) -> StartOutcome:
        row = pressed(session, draft_id, user_id, card)
        if isinstance(row, PressOutcome):
            return row
        draft = with_items(session, row)
        if not draft.is_ready:
            return PressOutcome.INCOMPLETE
        outcome = self.place(session, order_of(draft))
        if not isinstance(outcome, Placed):
            return outcome
        row.state = DraftState.SUBMITTED.value
        is_shown = outcome.created and row.card_message_id is not None and not draft.owner.in_group
        return replace(outcome, needs_showing=not is_shown)

    async def order(self, order: Order) -> StartOutcome:
        """Start a request that needs no draft.

        An open draft of the same person and place that holds no photo but these ends with it, and its card becomes
        the status message.
        """
        return await self.database.write(self._order, order)

    def _order(self, session: Session, order: Order) -> StartOutcome:
        row = _overtaken(session, Owner(order.chat_id, order.thread_id, order.user_id), order.photos)
        if row is not None:
            order = replace(order, status_message_id=row.card_message_id)
        outcome = self.place(session, order)
        if row is not None and isinstance(outcome, Placed) and outcome.created:
            row.state = DraftState.SUBMITTED.value
        return outcome

    async def again(
        self, generation_id: str, order: Order, press: str, pressed_at: datetime | None = None
    ) -> StartOutcome:
        """Start an earlier request once more; while that runs, asking again is the same wish.

        Args:
            generation_id: The earlier one.
            order: What it asked for; its request key and status message are replaced.
            press: Telegram's id of the press. An update that comes twice is one wish, however long after.
            pressed_at: When the press arrived; None for now. What is before it in its lane may hold it up for long.
        """
        return await self.database.write(self._again, generation_id, order, press, pressed_at or self.clock.now())

    def _again(
        self, session: Session, generation_id: str, order: Order, press: str, pressed_at: datetime
    ) -> StartOutcome:
        # Before the look at earlier presses: what another one is placing at this moment is seen once it is committed.
        lock_queue(session)
        key = _again_key(session, generation_id, press, pressed_at)
        return self.place(session, replace(order, request_key=key, status_message_id=None))


def _again_key(session: Session, generation_id: str, press: str, pressed_at: datetime) -> str:
    prefix = f"again:{generation_id}:"
    own = f"{prefix}{press}"
    presses = select(GenerationRow).where(GenerationRow.request_key.startswith(prefix, autoescape=True))
    earlier = session.scalars(presses.order_by(GenerationRow.queued_at.desc())).all()
    if not earlier or any(row.request_key == own for row in earlier):
        return own
    newest = earlier[0]
    is_same_wish = newest.queued_at > pressed_at - DOUBLE_TAP or State(newest.state) not in FINAL
    return newest.request_key if is_same_wish else own


def _overtaken(session: Session, owner: Owner, photos: Sequence[PhotoRef]) -> DraftRow | None:
    row = lock_open(session, owner)
    if row is None:
        return None
    used = {photo.unique_id for photo in photos}
    mine = {photo.unique_id for photo in with_items(session, row).all_photos}
    return row if mine and mine <= used else None

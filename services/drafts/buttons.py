"""What the card's buttons do to a draft, each press in one transaction."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from functools import partial

from sqlalchemy.orm import Session

from services.clock import Clock
from services.drafts.model import (
    COLLECTING,
    MAX_PROMPT,
    MAX_TALL_PHOTOS,
    DraftState,
    Owner,
    Wanted,
    borrow,
    ideas_in,
    toggle,
    write_ideas,
)
from services.drafts.store import adopt, close, drop_photos, lock, lock_open, open_row, put, touch, want, with_items
from services.generations.model import Order, Shape
from services.people import Preferences
from services.store.database import Database
from services.store.schema import DraftRow
from services.texts import Texts


class PressOutcome(StrEnum):
    """What a press of a button on a card met."""

    DONE = "done"
    NOT_YOURS = "not-yours"
    SUBMITTED = "submitted"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"
    INCOMPLETE = "incomplete"
    TALL_PHOTOS = "tall-photos"
    """A tall video takes no third photo."""
    TOO_LONG = "too-long"
    """The prompt would be longer than Telegram shows."""


def judge_press(row: DraftRow | None, user_id: int) -> PressOutcome:
    """Whether a person may change a draft now (``DONE``), or why not."""
    if row is None:
        return PressOutcome.UNKNOWN
    if row.user_id != user_id:
        return PressOutcome.NOT_YOURS
    if row.state == DraftState.CANCELLED.value:
        return PressOutcome.CANCELLED
    return PressOutcome.DONE if DraftState(row.state) in COLLECTING else PressOutcome.SUBMITTED


Change = Callable[[Session, DraftRow], bool | PressOutcome]
"""Changes a draft; whether it is another one now, or why the press is refused."""


@dataclass(slots=True)
class DraftButtons:
    """Changes drafts as the buttons say; ``new_id`` makes ids that nobody can guess."""

    database: Database
    clock: Clock
    new_id: Callable[[], str]
    texts: Texts

    async def set_count(self, draft_id: str, user_id: int, count: int, card: int | None = None) -> PressOutcome:
        """Ask for another number of videos, 1 to 4; ``card`` is the message that was pressed."""
        return await self._press(draft_id, user_id, card, partial(_choose_count, count))

    async def set_shape(self, draft_id: str, user_id: int, shape: Shape, card: int | None = None) -> PressOutcome:
        """Ask for wide or tall videos; tall is refused while there are three photos."""
        return await self._press(draft_id, user_id, card, partial(_choose_shape, shape))

    async def show_ideas(self, draft_id: str, user_id: int, card: int | None = None, *, shown: bool) -> PressOutcome:
        """Open the card's page of ideas, or close it."""
        return await self._press(draft_id, user_id, card, partial(_turn_page, shown))

    async def toggle_idea(self, draft_id: str, user_id: int, key: str, card: int | None = None) -> PressOutcome:
        """Add an idea's words, in the draft's language, to the prompt, or take them away."""
        return await self._press(draft_id, user_id, card, partial(_toggle_idea, self.texts, key))

    async def cancel(self, draft_id: str, user_id: int, card: int | None = None) -> PressOutcome:
        """Give a draft up."""
        return await self._press(draft_id, user_id, card, _give_up)

    async def cancel_open(self, owner: Owner) -> str | None:
        """Give an owner's open draft up; the draft, whose card is to be shown anew, or None when none was open."""
        return await self.database.write(_cancel_open, owner, self.clock.now())

    async def edit_again(self, owner: Owner, chosen: Preferences, generation_id: str, order: Order) -> tuple[str, ...]:
        """Open a draft with the photos and the number of videos of an earlier request, waiting for a new prompt.

        A draft that the owner has open gives way, unless it is this very one.

        Returns:
            The drafts whose cards are to be shown anew, the new one last.
        """
        now = self.clock.now()
        return await self.database.write(_edit_again, owner, chosen, generation_id, order, self.new_id, now)

    async def _press(self, draft_id: str, user_id: int, card: int | None, change: Change) -> PressOutcome:
        return await self.database.write(_press, draft_id, user_id, card, change, self.clock.now())


def _press(
    session: Session, draft_id: str, user_id: int, card: int | None, change: Change, now: datetime
) -> PressOutcome:
    row = lock(session, draft_id)
    outcome = judge_press(row, user_id)
    if row is None or outcome is not PressOutcome.DONE:
        return outcome
    adopt(row, card)
    changed = change(session, row)
    if isinstance(changed, PressOutcome):
        return changed
    if changed:
        touch(row, now)
    return PressOutcome.DONE


def _choose_count(count: int, _session: Session, row: DraftRow) -> bool:
    return want(row, Wanted(count))


def _choose_shape(shape: Shape, session: Session, row: DraftRow) -> bool | PressOutcome:
    draft = with_items(session, row)
    if shape is Shape.TALL and len(draft.photos) > MAX_TALL_PHOTOS:
        return PressOutcome.TALL_PHOTOS
    if draft.has_too_many:
        # The tall draft did not take them, so that a wide one does not have them.
        drop_photos(session, row, after=draft.items_with_photo[MAX_TALL_PHOTOS - 1].message_id)
    return want(row, Wanted(shape=shape))


def _turn_page(shown: bool, _session: Session, row: DraftRow) -> bool:
    is_new = row.shows_ideas != shown
    row.shows_ideas = shown
    return is_new


def _toggle_idea(texts: Texts, key: str, session: Session, row: DraftRow) -> bool | PressOutcome:
    idea = next((one for one in ideas_in(texts.into(row.language)) if one.key == key), None)
    if idea is None:
        return PressOutcome.UNKNOWN
    draft = with_items(session, row)
    ideas = toggle(draft.ideas, idea)
    if len(ideas) > len(draft.ideas) and len(replace(draft, ideas=ideas).prompt) > MAX_PROMPT:
        return PressOutcome.TOO_LONG
    row.ideas = write_ideas(ideas)
    return True


def _give_up(_session: Session, row: DraftRow) -> bool:
    row.state = DraftState.CANCELLED.value
    return True


def _cancel_open(session: Session, owner: Owner, now: datetime) -> str | None:
    row = lock_open(session, owner)
    if row is None:
        return None
    close(row, now)
    return row.id


def _edit_again(
    session: Session,
    owner: Owner,
    chosen: Preferences,
    generation_id: str,
    order: Order,
    new_id: Callable[[], str],
    now: datetime,
) -> tuple[str, ...]:
    old = lock_open(session, owner)
    if old is not None and old.edited_from == generation_id:
        # A card that the person deleted comes back.
        touch(old, now)
        return (old.id,)
    if old is not None:
        close(old, now)
        session.flush()
    new = open_row(session, owner, chosen, new_id, now)
    new.edited_from = generation_id
    new.request_message_id = order.request_message_id
    new.ideas = order.ideas
    put(session, new, borrow(order.photos), Wanted(order.count, order.shape), now)
    return (new.id,) if old is None else (old.id, new.id)

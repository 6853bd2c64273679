"""What the buttons of a card are called, and what a press of one does to a draft; plain functions of a transaction."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Session

from services.drafts.model import COLLECTING, MAX_PROMPT, DraftState, Owner, borrow, ideas_in, write_ideas
from services.drafts.store import close, drop_photos, lock, lock_open, open_row, put, touch, want, with_items
from services.generations.model import Order
from services.options import OPTION_WORDS, Shape, Wanted
from services.people import Preferences
from services.store.schema import DraftRow
from services.texts import Texts


class CardButton(StrEnum):
    """The word that the data of a card's button ends with, but for options and ideas."""

    GENERATE = "go"
    CANCEL = "cancel"
    IDEAS = "ideas"
    BACK = "back"


IDEA = "i-"
"""Before the key of an idea, it gives the word of its button."""

_OPTIONS = {word: wanted for words in OPTION_WORDS.values() for word, wanted in words.items()}

WORD_PATTERN = "|".join([*CardButton, *_OPTIONS, f"{IDEA}[a-z0-9-]{{1,20}}"])
"""Regular expression of all words."""


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


def pressed(session: Session, draft_id: str, user_id: int, card: int | None) -> DraftRow | PressOutcome:
    """The row of a draft, kept from others, for whoever pressed a button of its card; or why they may change nothing.

    Args:
        card: The message that was pressed: the card, should the answer of Telegram's that tells so be still awaited.
    """
    row = lock(session, draft_id)
    if row is None:
        return PressOutcome.UNKNOWN
    if row.user_id != user_id:
        return PressOutcome.NOT_YOURS
    if row.state == DraftState.CANCELLED.value:
        return PressOutcome.CANCELLED
    if row.state not in COLLECTING:
        return PressOutcome.SUBMITTED
    if row.card_message_id is None and card is not None:
        row.card_message_id, row.card_claimed_at = card, None
    return row


def press(
    session: Session, draft_id: str, user_id: int, card: int | None, word: str, texts: Texts, now: datetime
) -> PressOutcome:
    """Do what a button of a card says, but for Generate.

    Args:
        card: The message that was pressed.
        word: What the button's data ends with.
    """
    row = pressed(session, draft_id, user_id, card)
    if isinstance(row, PressOutcome):
        return row
    changed = _change(session, row, word, texts)
    if isinstance(changed, PressOutcome):
        return changed
    if changed:
        touch(row, now)
    return PressOutcome.DONE


def _change(session: Session, row: DraftRow, word: str, texts: Texts) -> bool | PressOutcome:
    """Change a draft; whether it is another one now, or why the press is refused."""
    match word:
        case CardButton.CANCEL:
            row.state = DraftState.CANCELLED.value
            return True
        case CardButton.IDEAS | CardButton.BACK:
            was_shown, row.shows_ideas = row.shows_ideas, word == CardButton.IDEAS
            return row.shows_ideas != was_shown
        case idea if idea.startswith(IDEA):
            return _toggle_idea(session, row, idea.removeprefix(IDEA), texts)
        case option if option in _OPTIONS:
            return _choose(session, row, _OPTIONS[option])
    return PressOutcome.UNKNOWN


def _choose(session: Session, row: DraftRow, wanted: Wanted) -> bool | PressOutcome:
    if wanted.shape is not None:
        draft, limit = with_items(session, row), Shape.TALL.photo_limit
        if wanted.shape is Shape.TALL and len(draft.photos) > limit:
            return PressOutcome.TALL_PHOTOS
        if draft.has_too_many:
            # The tall draft did not take them, so that a wide one does not have them.
            drop_photos(session, row, after=draft.items_with_photo[limit - 1].message_id)
    return want(row, wanted)


def _toggle_idea(session: Session, row: DraftRow, key: str, texts: Texts) -> bool | PressOutcome:
    idea = next((one for one in ideas_in(texts.into(row.language)) if one.key == key), None)
    if idea is None:
        return PressOutcome.UNKNOWN
    draft = with_items(session, row)
    ideas = tuple(one for one in draft.ideas if one.key != key)
    if ideas == draft.ideas:
        ideas = (*ideas, idea)
        if len(replace(draft, ideas=ideas).prompt) > MAX_PROMPT:
            return PressOutcome.TOO_LONG
    row.ideas = write_ideas(ideas)
    return True


def cancel_open(session: Session, owner: Owner, now: datetime) -> str | None:
    """Give an owner's open draft up; the draft, whose card is to be shown anew, or None when none was open."""
    row = lock_open(session, owner)
    if row is None:
        return None
    close(row, now)
    return row.id


def edit_again(
    session: Session,
    owner: Owner,
    chosen: Preferences,
    generation_id: str,
    order: Order,
    new_id: Callable[[], str],
    now: datetime,
) -> tuple[str, ...]:
    """Open a draft with the photos and the options of an earlier request, waiting for a new prompt.

    A draft that the owner has open gives way, unless it is this very one.

    Returns:
        The drafts whose cards are to be shown anew, the new one last.
    """
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
    put(session, new, borrow(order.photos), order.options, now)
    return (new.id,) if old is None else (old.id, new.id)

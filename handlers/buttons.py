"""The buttons of cards (``d:…``) and of status messages (``g:…``): every press is answered once, and promptly."""

import re
from dataclasses import dataclass, replace

from telegram import CallbackQuery, Update
from telegram.ext import ContextTypes

from handlers.deps import Deps
from handlers.gathering import defaults_of, owner_of
from handlers.guard import Visitor
from services.drafts.buttons import PressOutcome
from services.drafts.starting import NotStarted, Refused, Started, StartOutcome, refusal
from services.generations.model import FINAL, Order, Shape, State

_CARD = re.compile(
    r"(?a:d:(?P<id>[0-9a-zA-Z_-]{1,40}):(?P<word>[1-4]|go|cancel|wide|tall|ideas|back|i-[a-z0-9-]{1,20}))"
)
_STATUS = re.compile(r"(?a:g:(?P<id>[0-9a-zA-Z_-]{1,40}):(?P<word>cancel|again|edit))")

_REFUSALS = {
    PressOutcome.NOT_YOURS: "draft-not-yours",
    PressOutcome.SUBMITTED: "draft-submitted",
    PressOutcome.CANCELLED: "draft-cancelled",
    PressOutcome.UNKNOWN: "draft-unknown",
    PressOutcome.INCOMPLETE: "draft-incomplete",
    PressOutcome.TALL_PHOTOS: "draft-tall-photos",
    PressOutcome.TOO_LONG: "draft-too-long",
}


@dataclass(frozen=True, slots=True)
class Pressed:
    """A button as it was made.

    Attributes:
        id: The draft or the generation.
        word: What it does.
    """

    id: str
    word: str


def read_card_button(data: str | None) -> Pressed | None:
    """What a button of a card says, or None for data that this bot never made."""
    match = _CARD.fullmatch(data or "")
    return None if match is None else Pressed(match["id"], match["word"])


def read_status_button(data: str | None) -> Pressed | None:
    """What a button of a status message says, or None for data that this bot never made."""
    match = _STATUS.fullmatch(data or "")
    return None if match is None else Pressed(match["id"], match["word"])


class Buttons:
    """Takes the presses.

    Args:
        deps: The collaborators.
    """

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def card(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """A button of a card: number, shape or ideas, Generate, or Cancel."""
        visitor = await self._deps.guard.admit(update)
        query = update.callback_query
        if visitor is None or query is None:
            return
        pressed = read_card_button(query.data)
        if pressed is None:
            await self._answer(query, visitor, "draft-unknown")
        elif pressed.word == "go":
            await self._generate(query, visitor, pressed.id)
        else:
            await self._change(query, visitor, pressed)

    async def status(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """A button of a status message, or of the history: Cancel, Again, or Edit."""
        visitor = await self._deps.guard.admit(update)
        query = update.callback_query
        if visitor is None or query is None:
            return
        pressed = read_status_button(query.data)
        if pressed is None:
            await self._answer(query, visitor, "draft-unknown")
        elif pressed.word == "cancel":
            await self._cancel_generation(query, visitor, pressed.id)
        else:
            await self._repeat(query, visitor, pressed)

    async def stale(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """A button that nothing else knows."""
        visitor = await self._deps.guard.admit(update)
        if visitor is not None and update.callback_query is not None:
            await self._answer(update.callback_query, visitor, "menu-stale")

    async def _change(self, query: CallbackQuery, visitor: Visitor, pressed: Pressed) -> None:
        outcome = await self._press(pressed, visitor.caller.user_id, _message_of(query))
        if pressed.word == "cancel":
            started = None if outcome is PressOutcome.DONE else await self._deps.generations.of_draft(pressed.id)
            if started is not None:
                # The card has not become the status message yet: what it cancels is the request.
                await self._cancel_generation(query, visitor, started)
                return
        if outcome is PressOutcome.DONE:
            self._deps.timers.now(pressed.id)
        await self._answer(query, visitor, _REFUSALS.get(outcome))

    async def _press(self, pressed: Pressed, user_id: int, card: int | None) -> PressOutcome:
        buttons = self._deps.buttons
        match pressed.word:
            case "cancel":
                return await buttons.cancel(pressed.id, user_id, card)
            case "wide" | "tall":
                return await buttons.set_shape(pressed.id, user_id, Shape(pressed.word), card)
            case "ideas" | "back":
                return await buttons.show_ideas(pressed.id, user_id, card, shown=pressed.word == "ideas")
            case word if word.startswith("i-"):
                return await buttons.toggle_idea(pressed.id, user_id, word.removeprefix("i-"), card)
            case number:
                return await buttons.set_count(pressed.id, user_id, int(number), card)

    async def _generate(self, query: CallbackQuery, visitor: Visitor, draft_id: str) -> None:
        outcome = await self._deps.starter.start(draft_id, visitor.caller.user_id, _message_of(query))
        await self._answer_start(query, visitor, outcome, started=None)

    async def _cancel_generation(self, query: CallbackQuery, visitor: Visitor, generation_id: str) -> None:
        generation = await self._deps.generations.find(generation_id)
        user_id = visitor.caller.user_id
        if generation is None:
            await self._answer(query, visitor, "draft-again-gone")
        elif generation.user_id != user_id and not visitor.is_admin:
            await self._answer(query, visitor, "draft-not-yours")
        elif generation.state in FINAL or generation.state is State.DELIVERING:
            await self._answer(query, visitor, "draft-already-finished")
        else:
            # Stopping the stream and showing it may take longer than a press waits for its answer.
            try:
                await self._answer(query, visitor, "draft-cancelling")
            finally:
                await self._deps.generations.cancel(generation_id, user_id, is_admin=visitor.is_admin)

    async def _repeat(self, query: CallbackQuery, visitor: Visitor, pressed: Pressed) -> None:
        order = await self._deps.generations.order_again(pressed.id)
        if order is None:
            await self._answer(query, visitor, "draft-again-gone")
        elif order.user_id != visitor.caller.user_id and not visitor.is_admin:
            await self._answer(query, visitor, "draft-not-yours")
        elif pressed.word == "again":
            outcome = await self._deps.starter.again(pressed.id, _here(order, visitor))
            await self._answer_start(query, visitor, outcome, started="draft-again-started")
        else:
            shown = await self._deps.buttons.edit_again(
                owner_of(visitor), defaults_of(visitor), pressed.id, _here(order, visitor)
            )
            for draft_id in shown:
                self._deps.timers.now(draft_id)
            await self._answer(query, visitor, None)

    async def _answer_start(
        self, query: CallbackQuery, visitor: Visitor, outcome: StartOutcome, *, started: str | None
    ) -> None:
        try:
            match outcome:
                case Started(_, created):
                    await self._answer(query, visitor, started if created else "draft-again-running")
                case NotStarted(why):
                    await self._answer(query, visitor, _REFUSALS[why])
                case Refused():
                    await self._deps.answers.close(query, refusal(outcome, visitor.phrases))
        finally:
            await self._deps.starter.show(outcome)

    async def _answer(self, query: CallbackQuery, visitor: Visitor, key: str | None) -> None:
        await self._deps.answers.close(query, None if key is None else visitor.phrases.plain(key))


def _message_of(query: CallbackQuery) -> int | None:
    return query.message.message_id if query.message is not None else None


def _here(order: Order, visitor: Visitor) -> Order:
    """The order of whoever pressed, in the place where they did (the history may be in another chat)."""
    caller = visitor.caller
    is_elsewhere = caller.chat_id != order.chat_id
    return replace(
        order,
        user_id=caller.user_id,
        language=visitor.preferences.language,
        chat_id=caller.chat_id,
        thread_id=caller.thread_id if is_elsewhere else order.thread_id,
        request_message_id=(caller.message_id or 0) if is_elsewhere else order.request_message_id,
    )

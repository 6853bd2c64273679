"""Presses of buttons: of cards (``d:…``) and of status messages (``g:…``).

Every press is answered once, and promptly.
"""

import asyncio
import re

from telegram import CallbackQuery, Update

from handlers.context import Context, Visitor, close
from handlers.visitors import for_visitors
from services.drafts.presses import WORD_PATTERN, CardButton, PressOutcome, edit_again, press
from services.generations.model import PAST_CANCEL, Generation, Order, Placed
from services.generations.store import load, photos_of
from services.orders import StartOutcome, of_draft, refusal
from services.photos.model import PhotoRef

_ID = "[0-9a-zA-Z_-]{1,40}"
_CARD = rf"d:(?P<draft>{_ID}):(?P<word>{WORD_PATTERN})"
_STATUS = rf"g:(?P<generation>{_ID}):(?P<wish>cancel|again|edit)"
_BUTTON = re.compile(f"{_CARD}|{_STATUS}")


@for_visitors
async def press_button(update: Update, context: Context) -> None:
    """A button of a card: number, shape or ideas, Generate, or Cancel; or one of a status message or the history."""
    query = update.callback_query
    if query is None:
        return
    pressed = _BUTTON.fullmatch(query.data or "")
    if pressed is None:
        await _close(query, context, "draft-unknown")
        return
    draft_id, word, generation_id, wish = pressed.groups()
    if word == CardButton.GENERATE:
        caller = context.visitor.caller
        outcome = await context.services.starter.start(draft_id, caller.user_id, caller.message_id)
        await _close_start(query, context, outcome, started=None)
    elif word is not None:
        await _change(query, context, draft_id, word, update.update_id)
    else:
        await _press_status(query, context, generation_id, wish, update.update_id)


@for_visitors
async def press_stale(update: Update, context: Context) -> None:
    """A button that nothing else knows."""
    if update.callback_query is not None:
        await _close(update.callback_query, context, "menu-stale")


async def _change(query: CallbackQuery, context: Context, draft_id: str, word: str, update_id: int) -> None:
    services, caller = context.services, context.visitor.caller
    outcome = await services.database.write(
        press, draft_id, caller.user_id, caller.message_id, word, services.texts, services.clock.now()
    )
    if outcome is PressOutcome.DONE:
        services.card_timers.now(draft_id)
        await close(query)
    elif word == CardButton.CANCEL and (started := await services.database.read(of_draft, draft_id)) is not None:
        # The card has not become the status message yet: what it cancels is the request.
        await _press_status(query, context, started, "cancel", update_id)
    else:
        await _close(query, context, f"draft-{outcome.value}")


async def _press_status(query: CallbackQuery, context: Context, generation_id: str, wish: str, update_id: int) -> None:
    services, visitor = context.services, context.visitor
    known = await services.database.read(load, generation_id)
    if known is None:
        await _close(query, context, "draft-again-gone")
    elif known.user_id != visitor.caller.user_id and not visitor.is_admin:
        await _close(query, context, "draft-not-yours")
    elif wish == "cancel":
        await _cancel(query, context, known)
    elif not (photos := await services.database.read(photos_of, generation_id)):
        await _close(query, context, "draft-again-gone")
    elif wish == "again":
        pressed_at = await services.inbox.time_of(update_id)
        outcome = await services.starter.again(generation_id, _here(known, photos, visitor), query.id, pressed_at)
        await _close_start(query, context, outcome, started="draft-again-started")
    else:
        owner, order = visitor.caller.owner, _here(known, photos, visitor)
        shown = await services.database.write(
            edit_again, owner, visitor.preferences, generation_id, order, services.drafts.new_id, services.clock.now()
        )
        for draft_id in shown:
            services.card_timers.now(draft_id)
        await close(query)


async def _cancel(query: CallbackQuery, context: Context, generation: Generation) -> None:
    if generation.state in PAST_CANCEL:
        await _close(query, context, "draft-already-finished")
        return
    # Neither waits for the other: stopping and showing it takes a while, and so may Telegram's answer.
    outcomes = await asyncio.gather(
        context.services.orders.cancel(generation.id),
        _close(query, context, "draft-cancelling"),
        return_exceptions=True,
    )
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


async def _close_start(query: CallbackQuery, context: Context, outcome: StartOutcome, *, started: str | None) -> None:
    try:
        match outcome:
            case Placed(_, created):
                await _close(query, context, started if created else "draft-again-running")
            case PressOutcome():
                await _close(query, context, f"draft-{outcome.value}")
            case _:
                await close(query, refusal(outcome, context.visitor.phrases))
    finally:
        await context.services.orders.show_started(outcome)


async def _close(query: CallbackQuery, context: Context, key: str | None) -> None:
    await close(query, None if key is None else context.visitor.phrases.plain(key))


def _here(known: Generation, photos: tuple[PhotoRef, ...], visitor: Visitor) -> Order:
    """The same request of whoever pressed, in the place where they did (the history may be in another chat)."""
    caller = visitor.caller
    is_elsewhere = caller.chat_id != known.chat_id
    return Order(
        request_key="",
        chat_id=caller.chat_id,
        thread_id=caller.thread_id if is_elsewhere else known.thread_id,
        user_id=caller.user_id,
        language=visitor.preferences.language,
        request_message_id=(caller.message_id or 0) if is_elsewhere else known.request_message_id,
        status_message_id=None,
        prompt=known.prompt,
        options=known.options,
        photos=photos,
        ideas=known.ideas,
    )

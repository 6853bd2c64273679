"""Presses of buttons: of cards (``d:…``) and of status messages (``g:…``).

Every press is answered once, and promptly.
"""

import asyncio
import re
from dataclasses import replace

from telegram import CallbackQuery, Update

from handlers.context import Context, Visitor, close
from handlers.visitors import for_visitors
from services.drafts.presses import WORD_PATTERN, CardButton, PressOutcome, edit_again, press
from services.generations.model import PAST_CANCEL, Order, Placed
from services.generations.store import load
from services.orders import StartOutcome, of_draft, order_again, refusal

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
        await _change(query, context, draft_id, word)
    elif wish == "cancel":
        await _cancel_generation(query, context, generation_id)
    else:
        await _repeat(query, context, generation_id, update.update_id, again=wish == "again")


@for_visitors
async def press_stale(update: Update, context: Context) -> None:
    """A button that nothing else knows."""
    if update.callback_query is not None:
        await _close(update.callback_query, context, "menu-stale")


async def _change(query: CallbackQuery, context: Context, draft_id: str, word: str) -> None:
    services, caller = context.services, context.visitor.caller
    outcome = await services.database.write(
        press, draft_id, caller.user_id, caller.message_id, word, services.texts, services.clock.now()
    )
    if outcome is PressOutcome.DONE:
        services.card_timers.now(draft_id)
        await close(query)
    elif word == CardButton.CANCEL and (started := await services.database.read(of_draft, draft_id)) is not None:
        # The card has not become the status message yet: what it cancels is the request.
        await _cancel_generation(query, context, started)
    else:
        await _close(query, context, f"draft-{outcome.value}")


async def _cancel_generation(query: CallbackQuery, context: Context, generation_id: str) -> None:
    services, visitor = context.services, context.visitor
    generation = await services.database.read(load, generation_id)
    if generation is None:
        await _close(query, context, "draft-again-gone")
    elif generation.user_id != visitor.caller.user_id and not visitor.is_admin:
        await _close(query, context, "draft-not-yours")
    elif generation.state in PAST_CANCEL:
        await _close(query, context, "draft-already-finished")
    else:
        # Neither waits for the other: stopping and showing it takes a while, and so may Telegram's answer.
        outcomes = await asyncio.gather(
            services.orders.cancel(generation_id),
            _close(query, context, "draft-cancelling"),
            return_exceptions=True,
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome


async def _repeat(query: CallbackQuery, context: Context, generation_id: str, update_id: int, *, again: bool) -> None:
    services, visitor = context.services, context.visitor
    order = await services.database.read(order_again, generation_id)
    if order is None:
        await _close(query, context, "draft-again-gone")
    elif order.user_id != visitor.caller.user_id and not visitor.is_admin:
        await _close(query, context, "draft-not-yours")
    elif again:
        pressed_at = await services.inbox.time_of(update_id)
        outcome = await services.starter.again(generation_id, _here(order, visitor), query.id, pressed_at)
        await _close_start(query, context, outcome, started="draft-again-started")
    else:
        owner, here, new_id = visitor.caller.owner, _here(order, visitor), services.drafts.new_id
        shown = await services.database.write(
            edit_again, owner, visitor.preferences, generation_id, here, new_id, services.clock.now()
        )
        for draft_id in shown:
            services.card_timers.now(draft_id)
        await close(query)


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

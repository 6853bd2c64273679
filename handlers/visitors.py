"""The checks in front of handlers: who is let in, whose menu it is, and what the others are told.

The refused get one sentence with their own id in private, and silence in groups.
"""

import re
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from functools import partial, wraps
from typing import Any, TypeVar

from telegram import CallbackQuery, Update

from handlers.context import Caller, Context, Visitor, caller_of, close
from services.access import Permission
from services.screens import Screen
from services.throttle import person_key

REFUSAL_EVERY = timedelta(minutes=1)
"""Photos and texts of somebody refused are answered once in this time: an album is many messages."""
COMMAND_REFUSAL_EVERY = timedelta(seconds=3)
"""A command asks for an answer each time; this only keeps a flood of them quiet."""

DATA_LIMIT = 64
"""Bytes of callback data (Bot API page of ``InlineKeyboardButton``)."""

MENU_DATA = re.compile(r"(?a:[a-z]:(?P<owner>[0-9]{1,19}):(?P<words>[a-z0-9]+(?::[a-z0-9]+){0,3}))")

Choice = TypeVar("Choice")
Handler = Callable[[Update, Context], Coroutine[Any, Any, None]]


def for_visitors(handler: Handler, *, as_person: bool = False) -> Handler:
    """Make a handler one that only those meet who are let in; it finds them as ``context.visitor``."""

    @wraps(handler)
    async def admitted(update: Update, context: Context) -> None:
        if await admit(update, context, as_person=as_person):
            await handler(update, context)

    return admitted


for_persons = partial(for_visitors, as_person=True)
"""Makes a handler one of what belongs to a person, which somebody anonymous is not."""


async def admit(update: Update, context: Context, *, as_person: bool = False) -> bool:
    """Let somebody in as ``context.visitor``, or tell them why not; for handlers that have to look at more first.

    The press of a button is answered when this refuses it, and only then; nothing more is to be done in that case.
    """
    caller, services = caller_of(update), context.services
    if caller is None:
        if update.callback_query is not None:
            await close(update.callback_query)
        return False
    verdict = await services.access.decide(caller.user_id, caller.chat_id)
    if not verdict.may_use:
        await _refuse(update, context, caller)
        return False
    if as_person and caller.is_anonymous:
        phrases = services.texts.into(services.texts.choose(caller.telegram_language))
        await context.say(caller.answer_place, Screen(phrases.html("access-anonymous")))
        return False
    preferences = await services.people.preferences(
        caller.user_id, caller.telegram_language, is_guest=caller.is_anonymous
    )
    phrases = services.texts.into(preferences.language)
    context.visitor = Visitor(caller, verdict is Permission.ADMIN, preferences, phrases)
    return True


def data_of(menu: str, owner_id: int, *words: str | int) -> str:
    """Callback data for a button.

    Args:
        menu: One lower-case letter.
        words: One to four, of lower-case letters and digits.

    Raises:
        ValueError: It would not be read back, or not be taken by Telegram.
    """
    data = ":".join([menu, str(owner_id), *map(str, words)])
    if len(data) > DATA_LIMIT or MENU_DATA.fullmatch(data) is None:
        raise ValueError(f"not fit for a button: {data!r}")
    return data


def for_menu_owner(
    understand: Callable[[str], Choice | None],
) -> Callable[[Callable[[Context, CallbackQuery, Choice], Awaitable[None]]], Handler]:
    """Make a handler of what a press does in somebody's own menu; others get a notice and nothing changes.

    The press is answered before the work is done, which may outlast Telegram's patience.

    Args:
        understand: What the words of the button mean, with colons between them; None for words that were never made.
    """

    def decorate(act: Callable[[Context, CallbackQuery, Choice], Awaitable[None]]) -> Handler:
        @for_visitors
        async def pressed(update: Update, context: Context) -> None:
            query = update.callback_query
            if query is None:
                return
            data = MENU_DATA.fullmatch(query.data or "")
            choice = understand(data["words"]) if data else None
            if data is None or choice is None:
                await close(query, context.visitor.phrases.plain("menu-stale"))
            elif int(data["owner"]) != context.visitor.caller.user_id:
                await close(query, context.visitor.phrases.plain("menu-not-yours"))
            else:
                await close(query)
                await act(context, query, choice)

        return pressed

    return decorate


async def _refuse(update: Update, context: Context, caller: Caller) -> None:
    """A press must be answered, with a notice that only they see; a group must not hear of it."""
    query, message, services = update.callback_query, update.effective_message, context.services
    if query is None and not caller.is_private:
        return
    guest = await services.people.preferences(caller.user_id, caller.telegram_language, is_guest=True)
    phrases, user_id = services.texts.into(guest.language), str(caller.user_id)
    if query is not None:
        await close(query, phrases.plain("access-refused-notice", id=user_id))
        return
    is_command = message is not None and (message.text or "").startswith("/")
    what, every = ("refused-command", COMMAND_REFUSAL_EVERY) if is_command else ("refused", REFUSAL_EVERY)
    if await services.throttle.allows(person_key(what, caller.user_id), every):
        await context.say(caller.answer_place, Screen(phrases.html("access-refused", id=user_id)))

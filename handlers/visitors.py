"""The check in front of everything: who is let in, and what the others are told.

The refused get one sentence with their own id in private, and silence in groups.
"""

from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial, wraps
from typing import Any

from telegram import Update

from handlers.context import Caller, Context, Visitor, caller_of, close
from services.access import Permission
from services.screens import Screen
from services.throttle import person_key

REFUSAL_EVERY = timedelta(minutes=1)
"""Photos and texts of somebody refused are answered once in this time: an album is many messages."""
COMMAND_REFUSAL_EVERY = timedelta(seconds=3)
"""A command asks for an answer each time; this only keeps a flood of them quiet."""

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

"""Commands of admins: ``/stats``, ``/allow``, ``/deny``. To everybody else they are commands that do not exist."""

import re
from collections.abc import Mapping
from functools import wraps

from structlog import get_logger
from telegram import MessageEntity, MessageOriginUser, Update, User

from handlers.addressing import replied_to
from handlers.commands import say_unknown
from handlers.context import Context
from handlers.visitors import Handler, for_visitors
from services.genaipro.events import GenAIProError
from services.generations.model import State
from services.screens import Screen
from services.statistics import Statistics, gather_statistics
from services.texts import Phrases

_ID = re.compile(r"-?[0-9]{1,16}")

log = get_logger(__name__)


def subject_of(update: Update, context: Context) -> int | None:
    """The id of the person or group that ``/allow`` or ``/deny`` is about, or None when it does not say.

    An id says it, or a mention of a person; then the person replied to; then the group it is written in. In private
    a forwarded message stands for the person who wrote it.
    """
    message, arguments = update.message, context.args or []
    if message is None:
        return None
    if mentioned := message.parse_entities([MessageEntity.TEXT_MENTION]):
        return _person(next(iter(mentioned)).user)
    if arguments:
        is_id = len(arguments) == 1 and _ID.fullmatch(arguments[0]) is not None
        return (int(arguments[0]) or None) if is_id else None
    in_private = message.chat.id > 0
    replied = replied_to(message)
    if replied is None:
        return None if in_private else message.chat.id
    if in_private and isinstance(replied.forward_origin, MessageOriginUser):
        return _person(replied.forward_origin.sender_user)
    # Somebody anonymous writes through an account that all anonymous people share.
    return None if replied.sender_chat is not None else _person(replied.from_user)


def _person(user: User | None) -> int | None:
    return None if user is None or user.is_bot else user.id


def statistics_screen(phrases: Phrases, statistics: Statistics, credits_left: int | None) -> Screen:
    """The bot in numbers, a line for each."""

    def by_state(key: str, counts: Mapping[State, int]) -> str:
        states = " · ".join(
            phrases.html("stats-state", state=state.value, count=counts[state]) for state in State if counts.get(state)
        )
        return phrases.html(key, count=sum(counts.values())) + (f"\n{states}" if states else "")

    say, took = phrases.html, statistics.median_seconds
    minutes, seconds = divmod(round(took or 0), 60)
    lines: list[str] = [
        by_state("stats-today", statistics.today),
        by_state("stats-in-all", statistics.in_all),
        say("stats-people", count=statistics.people),
        say("stats-credits-unknown") if credits_left is None else say("stats-credits", count=credits_left),
        say("stats-time-unknown") if took is None else say("stats-time", minutes=minutes, seconds=f"{seconds:02}"),
    ]
    if (stars := statistics.stars) is not None:
        lines.append(say("stats-stars", taken=stars.taken, returned=stars.returned))
        lines.append(say("stats-credit", count=stars.credit))
    return Screen("\n".join(lines))


def for_admins(handler: Handler) -> Handler:
    """Make a handler one of admins; to others its command does not exist."""

    @for_visitors
    @wraps(handler)
    async def admitted(update: Update, context: Context) -> None:
        if context.visitor.is_admin:
            await handler(update, context)
        else:
            await say_unknown(context)

    return admitted


@for_admins
async def stats(_update: Update, context: Context) -> None:
    """``/stats``: the bot in numbers."""
    services, credits_left = context.services, None
    statistics = await services.database.read(gather_statistics, services.clock.now(), services.sales.has_books)
    try:
        credits_left = await services.genaipro.credits_left()
    except GenAIProError as error:
        log.info("credits_not_known", kind=error.failure.kind.value)
    await context.answer(statistics_screen(context.visitor.phrases, statistics, credits_left))


@for_admins
async def allow(update: Update, context: Context) -> None:
    """``/allow``: let a person or a group in."""
    subject = subject_of(update, context)
    if subject is None:
        await context.answer_text("allow-usage")
        return
    await context.services.access.allow(subject)
    await _say(context, "allowed", subject)


@for_admins
async def deny(update: Update, context: Context) -> None:
    """``/deny``: shut a person or a group out, at once."""
    subject = subject_of(update, context)
    if subject is None:
        await context.answer_text("deny-usage")
    elif subject == context.visitor.caller.user_id:
        await context.answer_text("deny-self")
    elif await context.services.access.deny(subject):
        await _say(context, "denied", subject)
    else:
        await context.answer_text("deny-owner")


async def _say(context: Context, done: str, subject: int) -> None:
    # Ids are handed over as words: a number would get its thousands separated.
    await context.answer_text(f"{done}-{'user' if subject > 0 else 'chat'}", id=str(subject))

"""Commands of admins: ``/stats``, ``/allow``, ``/deny``. To everybody else they are commands that do not exist."""

import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import wraps

from structlog import get_logger
from telegram import Message, MessageEntity, MessageOriginUser, Update, User

from handlers.addressing import replied_to
from handlers.commands import say_unknown
from handlers.context import Context
from handlers.replies import answer, answer_text
from handlers.visitors import Handler, for_visitors
from services.genaipro.events import GenAIProError
from services.generations.model import State
from services.payments.ledger import Totals
from services.screens import Screen
from services.services import Services
from services.statistics import Statistics, gather_statistics
from services.texts import Phrases

_ID = re.compile(r"-?[0-9]{1,16}")

log = get_logger(__name__)


def subject_of(message: Message, arguments: list[str]) -> int | None:
    """The id of the person or group that ``/allow`` or ``/deny`` is about, or None when it does not say.

    An id says it, or a mention of a person; then the person replied to; then the group it is written in. In private
    a forwarded message stands for the person who wrote it.
    """
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

    def line(key: str, counts: Mapping[State, int]) -> str:
        states = " · ".join(
            phrases.html("stats-state", state=state.value, count=counts[state]) for state in State if counts.get(state)
        )
        return phrases.html(key, count=sum(counts.values())) + (f"\n{states}" if states else "")

    return Screen(
        "\n".join(
            [
                line("stats-today", statistics.today),
                line("stats-in-all", statistics.in_all),
                phrases.html("stats-people", count=statistics.people),
                phrases.html("stats-credits-unknown")
                if credits_left is None
                else phrases.html("stats-credits", count=credits_left),
                _time_line(phrases, statistics.median_time),
                *_star_lines(phrases, statistics.stars),
            ]
        )
    )


def _star_lines(phrases: Phrases, stars: Totals | None) -> list[str]:
    if stars is None:
        return []
    return [
        phrases.html("stats-stars", taken=stars.taken, returned=stars.returned),
        phrases.html("stats-credit", count=stars.credit),
    ]


def _time_line(phrases: Phrases, time: timedelta | None) -> str:
    if time is None:
        return phrases.html("stats-time-unknown")
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    return phrases.html("stats-time", minutes=minutes, seconds=f"{seconds:02}")


def for_admins(handler: Callable[[Update, Context], Awaitable[None]]) -> Handler:
    """Make a handler one of admins; to others its command does not exist."""

    @for_visitors()
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
    services = context.services
    statistics = await services.database.read(gather_statistics, services.clock.now(), services.sales.has_books)
    await answer(context, statistics_screen(context.visitor.phrases, statistics, await _credits_left(services)))


@for_admins
async def allow(update: Update, context: Context) -> None:
    """``/allow``: let a person or a group in."""
    subject = subject_of(update.message, context.args or []) if update.message is not None else None
    if subject is None:
        await answer_text(context, "allow-usage")
        return
    await context.services.access.allow(subject)
    await _say(context, "allowed", subject)


@for_admins
async def deny(update: Update, context: Context) -> None:
    """``/deny``: shut a person or a group out, at once."""
    subject = subject_of(update.message, context.args or []) if update.message is not None else None
    if subject is None:
        await answer_text(context, "deny-usage")
    elif subject == context.visitor.caller.user_id:
        await answer_text(context, "deny-self")
    elif await context.services.access.deny(subject):
        await _say(context, "denied", subject)
    else:
        await answer_text(context, "deny-owner")


async def _say(context: Context, done: str, subject: int) -> None:
    # Ids are handed over as words: a number would get its thousands separated.
    await answer_text(context, f"{done}-{'user' if subject > 0 else 'chat'}", id=str(subject))


async def _credits_left(services: Services) -> int | None:
    """Videos that the owner can still pay for, or None when the service does not say."""
    try:
        return await services.genaipro.credits_left()
    except GenAIProError as error:
        log.info("credits_not_known", kind=error.failure.kind.value)
        return None

"""Commands of admins: ``/stats``, ``/allow``, ``/deny``. To everybody else they are commands that do not exist."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Protocol

from telegram import Message, MessageEntity, MessageOriginUser, Update, User
from telegram.ext import ContextTypes

from handlers.answers import Answers
from handlers.guard import Guard, Visitor
from services.access import Access, DenyOutcome, Subject, SubjectKind
from services.generations.model import State
from services.screens import Screen
from services.statistics import Statistics
from services.texts import Phrases

MAX_ID_DIGITS = 16


class Credits(Protocol):
    """What the owner has left to spend."""

    async def credits_left(self) -> int | None:
        """Videos that can still be paid for, or None when the service does not say."""
        ...


def subject_of(message: Message, arguments: list[str]) -> Subject | None:
    """Whom ``/allow`` or ``/deny`` is about, or None when it does not say.

    An id says it, or a mention of a person; then the person replied to; then the group it is written in. In private
    a forwarded message stands for the person who wrote it.

    Args:
        message: The command.
        arguments: What follows it.
    """
    if mentioned := message.parse_entities([MessageEntity.TEXT_MENTION]):
        return _person(next(iter(mentioned)).user)
    if arguments:
        return _by_id(arguments)
    in_private = message.chat.id > 0
    replied = message.reply_to_message
    if replied is not None and replied.forum_topic_created is None:
        return _writer(replied, in_private=in_private)
    return None if in_private else Subject(SubjectKind.CHAT, message.chat.id)


def _by_id(arguments: list[str]) -> Subject | None:
    digits = arguments[0].removeprefix("-")
    if len(arguments) != 1 or not (digits.isascii() and digits.isdecimal()) or len(digits) > MAX_ID_DIGITS:
        return None
    number = int(arguments[0])
    if number == 0:
        return None
    return Subject(SubjectKind.USER if number > 0 else SubjectKind.CHAT, number)


def _writer(message: Message, *, in_private: bool) -> Subject | None:
    if in_private and isinstance(message.forward_origin, MessageOriginUser):
        return _person(message.forward_origin.sender_user)
    # Somebody anonymous writes through an account that all anonymous people share.
    return None if message.sender_chat is not None else _person(message.from_user)


def _person(user: User | None) -> Subject | None:
    return None if user is None or user.is_bot else Subject(SubjectKind.USER, user.id)


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
            ]
        )
    )


def _time_line(phrases: Phrases, time: timedelta | None) -> str:
    if time is None:
        return phrases.html("stats-time-unknown")
    minutes, seconds = divmod(round(time.total_seconds()), 60)
    return phrases.html("stats-time", minutes=minutes, seconds=f"{seconds:02}")


class AdminCommands:
    """What admins may ask.

    Args:
        guard: Lets people in.
        answers: Says things.
        access: Keeps who is let in.
        gather: Counts what the database holds.
        credits_: Asks the service.
        unknown: What everybody else gets for these commands.
    """

    def __init__(
        self,
        guard: Guard,
        answers: Answers,
        access: Access,
        gather: Callable[[], Awaitable[Statistics]],
        credits_: Credits,
        unknown: Callable[[Visitor], Awaitable[None]],
    ) -> None:
        self._guard = guard
        self._answers = answers
        self._access = access
        self._gather = gather
        self._credits = credits_
        self._unknown = unknown

    async def stats(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/stats``: the bot in numbers."""
        visitor = await self._admit(update)
        if visitor is not None:
            screen = statistics_screen(visitor.phrases, await self._gather(), await self._credits.credits_left())
            await self._answers.say(visitor.caller.answer_place, screen)

    async def allow(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/allow``: let a person or a group in."""
        visitor = await self._admit(update)
        if visitor is None or update.message is None:
            return
        subject = subject_of(update.message, context.args or [])
        if subject is None:
            await self._say(visitor, "allow-usage")
            return
        await self._access.allow(subject)
        await self._say(visitor, f"allowed-{subject.kind}", subject)

    async def deny(self, update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/deny``: shut a person or a group out, at once."""
        visitor = await self._admit(update)
        if visitor is None or update.message is None:
            return
        subject = subject_of(update.message, context.args or [])
        if subject is None:
            await self._say(visitor, "deny-usage")
        elif subject == Subject(SubjectKind.USER, visitor.caller.user_id):
            await self._say(visitor, "deny-self")
        elif await self._access.deny(subject) is DenyOutcome.IS_OWNER:
            await self._say(visitor, "deny-owner")
        else:
            await self._say(visitor, f"denied-{subject.kind}", subject)

    async def _admit(self, update: Update) -> Visitor | None:
        visitor = await self._guard.admit(update)
        if visitor is not None and not visitor.is_admin:
            await self._unknown(visitor)
            return None
        return visitor

    async def _say(self, visitor: Visitor, key: str, subject: Subject | None = None) -> None:
        phrases = visitor.phrases
        # Ids are handed over as words: a number would get its thousands separated.
        text = phrases.html(key) if subject is None else phrases.html(key, id=str(subject.id))
        await self._answers.say(visitor.caller.answer_place, Screen(text))

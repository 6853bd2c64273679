"""The check in front of everything: who is let in, and what the others are told.

The refused get one sentence with their own id in private, and silence in groups.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, auto

from telegram import Message, Update

from handlers.answers import Answers
from handlers.callers import Caller, caller_of
from services.access import Access, Verdict
from services.people import People, Preferences
from services.screens import Screen
from services.texts import Phrases, Texts
from services.throttle import Throttle, person_key

REFUSAL_EVERY = timedelta(minutes=1)
"""Photos and texts of somebody refused are answered once in this time: an album is many messages."""
COMMAND_REFUSAL_EVERY = timedelta(seconds=3)
"""A command asks for an answer each time; this only keeps a flood of them quiet."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody who was let in.

    Attributes:
        caller: Who, and where.
        verdict: What they may do.
        preferences: What they chose.
        phrases: The texts in their language.
    """

    caller: Caller
    verdict: Verdict
    preferences: Preferences
    phrases: Phrases

    @property
    def is_admin(self) -> bool:
        """Whether they are an admin of the bot."""
        return self.verdict is Verdict.ADMIN


class Refusal(Enum):
    """How somebody is refused."""

    SILENCE = auto()
    SENTENCE = auto()
    NOTICE = auto()
    """A notice on the press of a button, which only they see."""


def refusal(caller: Caller, *, pressed: bool) -> Refusal:
    """How to refuse: a press must be answered, and a group must not hear of it."""
    if pressed:
        return Refusal.NOTICE
    return Refusal.SENTENCE if caller.is_private else Refusal.SILENCE


class Guard:
    """Lets people in.

    Args:
        access: Decides.
        people: Knows what they chose.
        texts: The words.
        throttle: Keeps refusals from being repeated.
        answers: Says them.
    """

    def __init__(self, access: Access, people: People, texts: Texts, throttle: Throttle, answers: Answers) -> None:
        self._access = access
        self._people = people
        self._texts = texts
        self._throttle = throttle
        self._answers = answers

    async def admit(self, update: Update, *, as_person: bool = False) -> Visitor | None:
        """Let somebody in, or tell them why not.

        Args:
            update: Any update; the press of a button is answered when this refuses it, and only then.
            as_person: Whether what they ask for belongs to a person, which somebody anonymous is not.

        Returns:
            The visitor, or None: nothing more is to be done.
        """
        caller = caller_of(update)
        if caller is None:
            if update.callback_query is not None:
                await self._answers.close(update.callback_query)
            return None
        verdict = await self._access.decide(caller.user_id, caller.chat_id, is_private=caller.is_private)
        if not verdict.may_use:
            await self._refuse(update, caller)
            return None
        if as_person and caller.is_anonymous:
            phrases = self._texts.into(self._texts.choose(caller.telegram_language))
            await self._answers.say(caller.answer_place, Screen(phrases.html("access-anonymous")))
            return None
        preferences = await self._preferences(caller)
        return Visitor(caller, verdict, preferences, self._texts.into(preferences.language))

    async def _preferences(self, caller: Caller) -> Preferences:
        if caller.is_anonymous:
            return await self._people.preferences_of_guest(caller.user_id, caller.telegram_language)
        return await self._people.preferences(caller.user_id, caller.telegram_language)

    async def _refuse(self, update: Update, caller: Caller) -> None:
        how = refusal(caller, pressed=update.callback_query is not None)
        if how is Refusal.SILENCE:
            return
        guest = await self._people.preferences_of_guest(caller.user_id, caller.telegram_language)
        phrases = self._texts.into(guest.language)
        if update.callback_query is not None:
            notice = phrases.plain("access-refused-notice", id=str(caller.user_id))
            await self._answers.close(update.callback_query, notice)
        elif await self._may_say(update.effective_message, caller):
            text = phrases.html("access-refused", id=str(caller.user_id))
            await self._answers.say(caller.answer_place, Screen(text))

    async def _may_say(self, message: Message | None, caller: Caller) -> bool:
        is_command = message is not None and (message.text or "").startswith("/")
        if is_command:
            return await self._throttle.allows(person_key("refused-command", caller.user_id), COMMAND_REFUSAL_EVERY)
        return await self._throttle.allows(person_key("refused", caller.user_id), REFUSAL_EVERY)

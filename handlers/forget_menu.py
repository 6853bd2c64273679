"""``/forget``: asks first, then deletes all that is kept of the person."""

from telegram import CallbackQuery, Update
from telegram.ext import ContextTypes

from handlers.answers import Answers
from handlers.guard import Guard, Visitor
from handlers.menus import data_of
from handlers.presses import Presses
from services.forget import ForgetOutcome, Forgetting
from services.screens import Button, Screen
from services.texts import Phrases

MENU = "f"


def understand(words: tuple[str, ...]) -> bool | None:
    """Whether the person said yes, or None for words that mean nothing."""
    match words:
        case ("yes",):
            return True
        case ("no",):
            return False
    return None


def question(phrases: Phrases, owner_id: int, *, is_admin: bool) -> Screen:
    """The question, with what will be lost."""
    text = phrases.html("forget-ask-admin" if is_admin else "forget-ask")
    yes = Button(phrases.plain("forget-yes"), data_of(MENU, owner_id, "yes"))
    no = Button(phrases.plain("forget-no"), data_of(MENU, owner_id, "no"))
    return Screen(text, ((yes,), (no,)))


class ForgetMenu:
    """Asks, and forgets.

    Args:
        guard: Lets people in.
        presses: Takes the buttons.
        answers: Says things.
        forgetting: Deletes.
    """

    def __init__(self, guard: Guard, presses: Presses, answers: Answers, forgetting: Forgetting) -> None:
        self._guard = guard
        self._presses = presses
        self._answers = answers
        self._forgetting = forgetting

    async def command(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """``/forget``: ask."""
        visitor = await self._guard.admit(update, as_person=True)
        if visitor is not None:
            screen = question(visitor.phrases, visitor.caller.user_id, is_admin=visitor.is_admin)
            await self._answers.say(visitor.caller.answer_place, screen)

    async def press(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """The answer: delete everything, or nothing."""
        await self._presses.handle(update, understand, self._decide)

    async def _decide(self, visitor: Visitor, query: CallbackQuery, said_yes: bool) -> None:
        key = "forget-kept"
        if said_yes:
            outcome = await self._forgetting.forget(visitor.caller.user_id)
            key = "forget-busy" if outcome is ForgetOutcome.BUSY else "forget-done"
        await self._answers.show(query, Screen(visitor.phrases.html(key)))

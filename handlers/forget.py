"""``/forget``: asks first, then deletes all that is kept of the person."""

from telegram import CallbackQuery, Update

from handlers.context import Context
from handlers.menus import data_of, for_menu_owner
from handlers.replies import answer, show
from handlers.visitors import for_visitors
from services.retention import forget_everything
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


def question(phrases: Phrases, owner_id: int, *, is_admin: bool, sells: bool = False) -> Screen:
    """The question, with what will be lost."""
    text: str = phrases.html("forget-ask-admin" if is_admin else "forget-ask")
    if sells:
        text += f"\n{phrases.html('forget-ask-payments')}"
    yes = Button(phrases.plain("forget-yes"), data_of(MENU, owner_id, "yes"))
    no = Button(phrases.plain("forget-no"), data_of(MENU, owner_id, "no"))
    return Screen(text, ((yes,), (no,)))


@for_visitors(as_person=True)
async def forget(_update: Update, context: Context) -> None:
    """``/forget``: ask."""
    visitor = context.visitor
    sells = context.services.sales.is_open
    await answer(context, question(visitor.phrases, visitor.caller.user_id, is_admin=visitor.is_admin, sells=sells))


@for_menu_owner(understand)
async def decide_forgetting(context: Context, query: CallbackQuery, said_yes: bool) -> None:
    """The answer: delete everything, or nothing."""
    key, services, sells = "forget-kept", context.services, context.services.sales.is_open
    if said_yes:
        user_id = context.visitor.caller.user_id
        is_done = await services.database.write(forget_everything, user_id, services.clock.now(), sells)
        key = "forget-done" if is_done else "forget-busy"
    lines: list[str] = [context.visitor.phrases.html(key)]
    if key == "forget-done" and sells:
        lines.append(context.visitor.phrases.html("forget-done-payments"))
    await show(context, query, Screen("\n".join(lines)))

"""``/settings``: language, usual number and shape of videos, start without asking; ``/forget``, which asks first."""

from collections.abc import Mapping
from typing import Any

from telegram import CallbackQuery, Update

from handlers.context import Context
from handlers.visitors import data_of, for_menu_owner, for_persons
from services.cards.view import option_label
from services.options import OPTION_WORDS
from services.people import Preferences
from services.retention import forget_everything
from services.screens import Button, Screen
from services.texts import LANGUAGES, Phrases

SETTINGS, FORGET = "s", "f"

_ROWS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "language": {one: {"language": one} for one in LANGUAGES},
    **{option: {word: {"usual": wanted} for word, wanted in words.items()} for option, words in OPTION_WORDS.items()},
    "atonce": {"off": {"starts_at_once": False}, "on": {"starts_at_once": True}},
}
"""The rows of the menu, by their words; of each, what its buttons choose (:meth:`People.choose`), by theirs."""

SETTING_CHOICES: Mapping[str, Mapping[str, Any]] = {
    f"{name}:{word}": chosen for name, words in _ROWS.items() for word, chosen in words.items()
}
"""What the buttons mean."""

FORGET_CHOICES = {"yes": True, "no": False}


def settings_screen(phrases: Phrases, owner_id: int, preferences: Preferences) -> Screen:
    """The menu as it stands."""
    usual, at_once = preferences.usual, "on" if preferences.starts_at_once else "off"
    now = {"language": preferences.language, **usual.words, "atonce": at_once}

    def button(name: str, word: str) -> Button:
        label = option_label(phrases, word) if name in OPTION_WORDS else phrases.plain(f"settings-{name}-{word}")
        marked = phrases.plain("settings-chosen", label=label) if word == now[name] else label
        return Button(marked, data_of(SETTINGS, owner_id, name, word))

    text = phrases.html(
        "settings-text",
        language=phrases.plain(f"settings-language-{preferences.language}"),
        count=usual.count,
        shape=usual.shape.value,
        asking=at_once,
    )
    return Screen(text, tuple(tuple(button(name, word) for word in words) for name, words in _ROWS.items()))


@for_persons
async def settings(_update: Update, context: Context) -> None:
    """``/settings``: show the menu."""
    visitor = context.visitor
    await context.answer(settings_screen(visitor.phrases, visitor.caller.user_id, visitor.preferences))


@for_menu_owner(SETTING_CHOICES.get)
async def change_setting(context: Context, query: CallbackQuery, chosen: Mapping[str, Any]) -> None:
    """A button of the menu: change one setting and show it; choosing it twice is choosing it once."""
    user_id, services = context.visitor.caller.user_id, context.services
    await services.people.choose(user_id, **chosen)
    now = await services.people.preferences(user_id, query.from_user.language_code)
    await context.show(query, settings_screen(services.texts.into(now.language), user_id, now))


def question(phrases: Phrases, owner_id: int, *, is_admin: bool, sells: bool = False) -> Screen:
    """The question before everything is forgotten, with what will be lost."""
    text: str = phrases.html("forget-ask-admin" if is_admin else "forget-ask")
    if sells:
        text += f"\n{phrases.html('forget-ask-payments')}"
    answers = ((Button(phrases.plain(f"forget-{word}"), data_of(FORGET, owner_id, word)),) for word in FORGET_CHOICES)
    return Screen(text, tuple(answers))


@for_persons
async def forget(_update: Update, context: Context) -> None:
    """``/forget``: ask."""
    visitor = context.visitor
    sells = context.services.sales.is_open
    await context.answer(question(visitor.phrases, visitor.caller.user_id, is_admin=visitor.is_admin, sells=sells))


@for_menu_owner(FORGET_CHOICES.get)
async def decide_forgetting(context: Context, query: CallbackQuery, said_yes: bool) -> None:
    """The answer: delete all that is kept of the person, or nothing."""
    visitor, services, sells = context.visitor, context.services, context.services.sales.is_open
    text: str = visitor.phrases.html("forget-kept")
    if said_yes:
        user_id, now = visitor.caller.user_id, services.clock.now()
        is_done = await services.database.write(forget_everything, user_id, now, sells)
        text = visitor.phrases.html("forget-done" if is_done else "forget-busy")
        if is_done and sells:
            text += f"\n{visitor.phrases.html('forget-done-payments')}"
    await context.show(query, Screen(text))

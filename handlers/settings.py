"""``/settings``: language, usual number and shape of videos, start without asking; ``/forget``, which asks first."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from telegram import CallbackQuery, Update

from handlers.buttons import data_of, for_menu_owner
from handlers.context import Context
from handlers.visitors import for_visitors
from services.generations.model import MAX_VIDEOS, Shape
from services.people import Preferences
from services.retention import forget_everything
from services.screens import Button, Screen
from services.texts import LANGUAGES, Phrases

SETTINGS, FORGET = "s", "f"

_ROWS: tuple[tuple[str, str, str, Mapping[str, object]], ...] = (
    ("language", "language", "settings-language-{}", {one: one for one in LANGUAGES}),
    ("count", "usual_count", "settings-count", {str(number): number for number in range(1, MAX_VIDEOS + 1)}),
    ("shape", "usual_shape", "draft-button-{}", {shape.value: shape for shape in Shape}),
    ("atonce", "starts_at_once", "settings-at-once-{}", {"off": False, "on": True}),
)
"""Of the menu: its word on the buttons, the field of :class:`Preferences`, the text of a button, and the values of the
field by their word."""

SETTING_CHOICES: Mapping[str, Mapping[str, Any]] = {
    f"{name}:{word}": {field: value} for name, field, _label, values in _ROWS for word, value in values.items()
}
"""What the buttons mean: a field with its new value."""

FORGET_CHOICES = {"yes": True, "no": False}


def settings_screen(phrases: Phrases, owner_id: int, preferences: Preferences) -> Screen:
    """The menu as it stands."""

    def button(name: str, word: str, label: str, *, is_chosen: bool) -> Button:
        shown = phrases.plain(label.format(word), number=word)
        marked = phrases.plain("settings-chosen", label=shown) if is_chosen else shown
        return Button(marked, data_of(SETTINGS, owner_id, name, word))

    text = phrases.html(
        "settings-text",
        language=phrases.plain(f"settings-language-{preferences.language}"),
        count=preferences.usual_count,
        shape=preferences.usual_shape.value,
        asking="on" if preferences.starts_at_once else "off",
    )
    rows = (
        tuple(
            button(name, word, label, is_chosen=getattr(preferences, field) == value) for word, value in values.items()
        )
        for name, field, label, values in _ROWS
    )
    return Screen(text, tuple(rows))


@for_visitors(as_person=True)
async def settings(_update: Update, context: Context) -> None:
    """``/settings``: show the menu."""
    visitor = context.visitor
    await context.answer(settings_screen(visitor.phrases, visitor.caller.user_id, visitor.preferences))


@for_menu_owner(SETTING_CHOICES.get)
async def change_setting(context: Context, query: CallbackQuery, chosen: Mapping[str, Any]) -> None:
    """A button of the menu: change one setting and show it; choosing it twice is choosing it once."""
    user_id, services = context.visitor.caller.user_id, context.services
    await services.people.choose(user_id, **chosen)
    now = replace(context.visitor.preferences, **chosen)
    await context.show(query, settings_screen(services.texts.into(now.language), user_id, now))


def question(phrases: Phrases, owner_id: int, *, is_admin: bool, sells: bool = False) -> Screen:
    """The question before everything is forgotten, with what will be lost."""
    text: str = phrases.html("forget-ask-admin" if is_admin else "forget-ask")
    if sells:
        text += f"\n{phrases.html('forget-ask-payments')}"
    answers = ((Button(phrases.plain(f"forget-{word}"), data_of(FORGET, owner_id, word)),) for word in FORGET_CHOICES)
    return Screen(text, tuple(answers))


@for_visitors(as_person=True)
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

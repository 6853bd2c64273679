"""``/settings``: language, usual number and shape of videos, start without asking; all in one message."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from telegram import CallbackQuery, Update

from handlers.context import Context
from handlers.menus import data_of, for_menu_owner
from handlers.replies import answer, show
from handlers.visitors import for_visitors
from services.generations.model import MAX_VIDEOS, Shape
from services.people import Preferences
from services.screens import Button, Screen
from services.texts import LANGUAGES, Phrases

MENU = "s"
LANGUAGE, COUNT, SHAPE, AT_ONCE = "language", "count", "shape", "atonce"

Chosen = Mapping[str, Any]
"""Fields of :class:`Preferences`; choosing it twice is choosing it once."""

_CHOICES: Mapping[str, Mapping[str, Chosen]] = {
    LANGUAGE: {one: {"language": one} for one in LANGUAGES},
    COUNT: {str(number): {"usual_count": number} for number in range(1, MAX_VIDEOS + 1)},
    SHAPE: {shape.value: {"usual_shape": shape} for shape in Shape},
    AT_ONCE: {"on": {"starts_at_once": True}, "off": {"starts_at_once": False}},
}


def understand(words: tuple[str, ...]) -> Chosen | None:
    """The choice behind a button's words, or None."""
    match words:
        case (name, value):
            return _CHOICES.get(name, {}).get(value)
    return None


def settings_screen(phrases: Phrases, owner_id: int, preferences: Preferences) -> Screen:
    """The menu as it stands."""

    def button(key: str, name: str, value: str | int, *, is_chosen: bool, **arguments: int) -> Button:
        label = phrases.plain(key, **arguments)
        return Button(
            phrases.plain("settings-chosen", label=label) if is_chosen else label, data_of(MENU, owner_id, name, value)
        )

    at_once = "on" if preferences.starts_at_once else "off"
    text = phrases.html(
        "settings-text",
        language=phrases.plain(f"settings-language-{preferences.language}"),
        count=preferences.usual_count,
        shape=preferences.usual_shape.value,
        asking=at_once,
    )
    languages = tuple(
        button(f"settings-language-{one}", LANGUAGE, one, is_chosen=one == preferences.language) for one in LANGUAGES
    )
    counts = tuple(
        button("settings-count", COUNT, number, is_chosen=number == preferences.usual_count, number=number)
        for number in range(1, MAX_VIDEOS + 1)
    )
    shapes = tuple(
        button(f"draft-button-{one.value}", SHAPE, one.value, is_chosen=one is preferences.usual_shape) for one in Shape
    )
    starts = tuple(button(f"settings-at-once-{one}", AT_ONCE, one, is_chosen=one == at_once) for one in ("off", "on"))
    return Screen(text, (languages, counts, shapes, starts))


@for_visitors(as_person=True)
async def settings(_update: Update, context: Context) -> None:
    """``/settings``: show the menu."""
    visitor = context.visitor
    await answer(context, settings_screen(visitor.phrases, visitor.caller.user_id, visitor.preferences))


@for_menu_owner(understand)
async def change_setting(context: Context, query: CallbackQuery, chosen: Chosen) -> None:
    """A button of the menu: change one setting and show it."""
    user_id, services = context.visitor.caller.user_id, context.services
    await services.people.choose(user_id, **chosen)
    now = replace(context.visitor.preferences, **chosen)
    await show(context, query, settings_screen(services.texts.into(now.language), user_id, now))

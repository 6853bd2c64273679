"""``/settings``: language, usual number and shape of videos, start without asking; all in one message."""

from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Setting:
    """One choice: the new value of one setting; choosing it twice is choosing it once."""

    name: str
    value: str


def understand(words: tuple[str, ...]) -> Setting | None:
    """The choice behind a button's words, or None."""
    allowed = {
        LANGUAGE: LANGUAGES,
        COUNT: tuple(map(str, range(1, MAX_VIDEOS + 1))),
        SHAPE: tuple(shape.value for shape in Shape),
        AT_ONCE: ("on", "off"),
    }
    match words:
        case (name, value) if value in allowed.get(name, ()):
            return Setting(name, value)
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
async def change_setting(context: Context, query: CallbackQuery, setting: Setting) -> None:
    """A button of the menu: change one setting and show it."""
    people, user_id, now = context.services.people, context.visitor.caller.user_id, context.visitor.preferences
    match setting.name:
        case "language":
            await people.set_language(user_id, setting.value)
            now = replace(now, language=setting.value)
        case "count":
            await people.set_usual_count(user_id, int(setting.value))
            now = replace(now, usual_count=int(setting.value))
        case "shape":
            await people.set_usual_shape(user_id, Shape(setting.value))
            now = replace(now, usual_shape=Shape(setting.value))
        case _:
            is_on = setting.value == "on"
            await people.set_starts_at_once(user_id, starts_at_once=is_on)
            now = replace(now, starts_at_once=is_on)
    await show(context, query, settings_screen(context.services.texts.into(now.language), user_id, now))

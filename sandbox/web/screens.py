"""Screens of the bot side by side: rendered elsewhere, shown here."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.botapi.keyboards import parse_keyboard
from sandbox.botapi.markup import parse_html
from sandbox.botapi.model import JsonObject
from sandbox.web.views import button_view, entities_view


@dataclass(frozen=True, slots=True)
class ScreenCard:
    """A screen in a language.

    Attributes:
        section: Where it belongs, such as "Status message: final".
        title: Which one it is, such as "processing, 3 videos"; the same in all languages.
        language: Of the text.
        html: The text as it is sent.
        keyboard: ``InlineKeyboardMarkup``, or None.
    """

    section: str
    title: str
    language: str
    html: str
    keyboard: JsonObject | None = None


def screens_view(cards: Sequence[ScreenCard]) -> list[JsonObject]:
    """All screens as the page wants them."""
    return [_view(card) for card in cards]


def _view(card: ScreenCard) -> JsonObject:
    content = parse_html(card.html)
    keyboard = parse_keyboard(card.keyboard, inline_only=True)
    return {
        "section": card.section,
        "title": card.title,
        "language": card.language,
        "text": content.text,
        "entities": entities_view(content),
        "keyboard": [[button_view(button) for button in row] for row in keyboard],
    }

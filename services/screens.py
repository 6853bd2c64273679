"""What a person sees, as values: a message's text and its buttons, before any library's types."""

from dataclasses import dataclass, field
from enum import StrEnum


class ButtonStyle(StrEnum):
    """Colours of buttons (Bot API page of ``InlineKeyboardButton``, ``style``)."""

    PLAIN = ""
    SUCCESS = "success"
    DANGER = "danger"


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button."""

    label: str
    data: str = ""
    """Callback data, at most 64 bytes; empty where it opens an address."""
    style: ButtonStyle = ButtonStyle.PLAIN
    query: str = ""
    """In place of data: an inline query for a chat that the person picks, at most 256 characters."""
    url: str = ""
    """The address that it opens, or empty."""


@dataclass(frozen=True, slots=True)
class Screen:
    """One message: HTML text (at most 4096 code points after parsing) and rows of buttons."""

    html: str
    rows: tuple[tuple[Button, ...], ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Place:
    """Where a message belongs."""

    chat_id: int
    thread_id: int | None = None
    """The forum topic, or None (also for General)."""
    reply_to: int | None = None
    """The message to reply to, or None."""

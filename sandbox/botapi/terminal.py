"""The conversation in a terminal: who said what, with bars, buttons and edits, line by line as it happens."""

import textwrap
from collections.abc import Callable
from typing import Protocol

from sandbox.botapi.seen import Event, MessageSeen

USUAL_COLUMNS = 80
_MOST_COLUMNS = 100
"""Longer lines are hard to read."""
_LEAST_COLUMNS = 40
_MARGIN = " " * 10
_ISOLATES = dict.fromkeys(range(0x2066, 0x206A))
"""Direction isolates (Unicode UAX 9): invisible in a chat, boxes in many terminals."""


class Ink(Protocol):
    """Colours a piece of text."""

    def __call__(self, text: str, style: str) -> str:
        """The text in a style: ``bot``, ``person``, ``dim``, ``button``, ``good``, ``bad``."""
        ...


_STYLES = {
    "bot": "1;38;5;32",
    "person": "1;38;5;166",
    "dim": "38;5;244",
    "button": "7",
    "good": "1;38;5;28",
    "bad": "1;38;5;160",
}
"""Of the 256 colours, those in the middle between black and white: they can be read on either."""


def plain(text: str, style: str) -> str:
    """No colours, for files and pipes."""
    del style
    return text


def ansi(text: str, style: str) -> str:
    """Colours, for terminals (ECMA-48 SGR)."""
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m"


class Conversation:
    """Prints a chat.

    Args:
        write: Takes a line.
        ink: Colours it.
        columns: Width of the terminal.
        bot: The bot's name.
    """

    def __init__(
        self, write: Callable[[str], None], ink: Ink = plain, columns: int = USUAL_COLUMNS, bot: str = "Pho2Video"
    ) -> None:
        self._write = write
        self._ink = ink
        self._bot = bot
        self._width = min(max(columns, _LEAST_COLUMNS), _MOST_COLUMNS) - len(_MARGIN) - 2
        self._album = ""
        self._caption = ""
        self._album_style = "person"
        self._labels: dict[str, str] = {}
        self._stood: dict[int, list[str]] = {}

    def show(self, event: Event) -> None:
        """Print an event, if it is one that a person sees."""
        message = event.message
        if event.event == "button_pressed":
            label = self._labels.get(event.data or "", event.data or "")
            self._head(event, "You press ", "person", self._button(label))
        elif event.event == "callback_answered" and event.text:
            self._head(event, self._bot, "bot", self._ink("a notice", "dim"))
            self._body(event.text, "bot")
        elif message is not None and event.event in {"message_sent", "message_edited", "message_deleted"}:
            self._message(event, message)

    def say(self, text: str, style: str = "dim") -> None:
        """Print a line that is not part of the chat."""
        self._close_album()
        self._write(self._ink(text, style))

    def _message(self, event: Event, message: MessageSeen) -> None:
        style = "bot" if message.from_bot else "person"
        is_new = event.event == "message_sent"
        if not (is_new and message.media_group_id and message.media_group_id == self._album):
            name = message.sender if message.from_bot else "You"
            note = {"message_edited": "edits its message", "message_deleted": "deletes this"}.get(event.event, "")
            if not note and message.from_bot and message.reply_to is not None:
                note = "replies"
            self._head(event, name, style, self._ink(note, "dim") if note else "")
        if message.kind != "text":
            self._body(describe(message), style)
        if is_new and message.media_group_id:
            # As on a phone: the pictures first, whatever was written on any of them below.
            self._album = message.media_group_id
            self._caption = "\n".join(filter(None, (self._caption, message.text)))
            return
        self._text(message, style)
        for row in message.buttons:
            self._labels |= {button.data: button.label for button in row if button.data}
            self._write(f"{_MARGIN}{self._ink('│', style)} " + " ".join(self._button(one.label) for one in row))

    def _text(self, message: MessageSeen, style: str) -> None:
        """Print a text; of an edited one, what stood there before is kept to a dim line."""
        paragraphs = message.text.translate(_ISOLATES).splitlines()
        stood = self._stood.get(message.message_id, [])
        self._stood[message.message_id] = paragraphs
        for paragraph in paragraphs:
            if paragraph and paragraph in stood:
                short = paragraph if len(paragraph) <= self._width else paragraph[: self._width - 1].rstrip() + "…"
                self._write(f"{_MARGIN}{self._ink('│', style)} {self._ink(short, 'dim')}")
            else:
                self._body(paragraph, style)

    def _close_album(self) -> None:
        if self._caption:
            self._body(self._caption, self._album_style)
        self._album = self._caption = ""

    def _head(self, event: Event, name: str, style: str, note: str) -> None:
        self._close_album()
        self._album_style = style
        clock = self._ink(f"{event.at.astimezone():%H:%M:%S}", "dim")
        self._write(f"{clock}  {self._ink(name.rstrip(), style)} {note}".rstrip())

    def _body(self, text: str, style: str) -> None:
        for paragraph in text.translate(_ISOLATES).splitlines() or [""]:
            for line in textwrap.wrap(paragraph, self._width) or [""]:
                self._write(f"{_MARGIN}{self._ink('│', style)} {line}".rstrip())

    def _button(self, label: str) -> str:
        return self._ink(f"[ {label} ]", "button")


def describe(message: MessageSeen) -> str:
    """A message's picture or film in words."""
    size = f" {message.width}×{message.height}" if message.width and message.height else ""
    if message.kind == "photo":
        return f"🖼 photo{size}"
    paid = message.details.get(message.kind)
    if isinstance(paid, dict) and "total_amount" in paid:
        words = {"invoice": f"🧾 {paid.get('title')}:", "successful_payment": "⭐ paid", "refunded_payment": "⭐ back"}
        return f"{words.get(message.kind, message.kind)} {paid['total_amount']} Stars"
    if message.kind == "video":
        return f"🎬 video{size} · {message.duration // 60}:{message.duration % 60:02}"
    return f"📎 {message.kind}"

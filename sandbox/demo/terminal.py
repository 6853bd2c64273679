"""The conversation in a terminal: who said what, with bars, buttons and edits, line by line as it happens."""

import textwrap
from collections.abc import Callable
from typing import Protocol

from sandbox.demo.view import Event, MessageSeen

_WIDTH = 76
_MARGIN = " " * 10
_ISOLATES = dict.fromkeys(range(0x2066, 0x206A))
"""Direction isolates (Unicode UAX 9): invisible in a chat, boxes in many terminals."""


class Ink(Protocol):
    """Colours a piece of text."""

    def __call__(self, text: str, style: str) -> str:
        """The text in a style: ``bot``, ``person``, ``dim``, ``button``, ``good``, ``bad``."""
        ...


_STYLES = {"bot": "36;1", "person": "33;1", "dim": "2", "button": "7", "good": "32;1", "bad": "31;1"}


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
    """

    def __init__(self, write: Callable[[str], None], ink: Ink = plain) -> None:
        self._write = write
        self._ink = ink
        self._album = ""
        self._labels: dict[str, str] = {}

    def show(self, event: Event) -> None:
        """Print an event, if it is one that a person sees."""
        message = event.message
        if event.event == "button_pressed":
            label = self._labels.get(event.data or "", event.data or "")
            self._head(event, "You press ", "person", self._button(label))
        elif event.event == "callback_answered" and event.text:
            self._head(event, "Pho2Video", "bot", self._ink("a notice", "dim"))
            self._body(event.text, "bot")
        elif message is not None and event.event in {"message_sent", "message_edited", "message_deleted"}:
            self._message(event, message)

    def say(self, text: str, style: str = "dim") -> None:
        """Print a line that is not part of the chat."""
        self._album = ""
        self._write(self._ink(text, style))

    def _message(self, event: Event, message: MessageSeen) -> None:
        style = "bot" if message.from_bot else "person"
        followed = message.media_group_id and message.media_group_id == self._album
        if not followed or event.event != "message_sent":
            name = message.sender if message.from_bot else "You"
            note = {"message_edited": "edits its message", "message_deleted": "deletes this"}.get(event.event, "")
            if not note and message.from_bot and message.reply_to is not None:
                note = "replies"
            self._head(event, name, style, self._ink(note, "dim") if note else "")
        self._album = message.media_group_id
        if message.kind != "text":
            self._body(describe(message), style)
        if message.text:
            self._body(message.text, style)
        for row in message.buttons:
            self._labels |= {button.data: button.label for button in row if button.data}
            self._write(f"{_MARGIN}{self._ink('│', style)} " + " ".join(self._button(one.label) for one in row))

    def _head(self, event: Event, name: str, style: str, note: str) -> None:
        self._album = ""
        clock = self._ink(f"{event.at.astimezone():%H:%M:%S}", "dim")
        self._write(f"{clock}  {self._ink(name.rstrip(), style)} {note}".rstrip())

    def _body(self, text: str, style: str) -> None:
        for paragraph in text.translate(_ISOLATES).splitlines():
            for line in textwrap.wrap(paragraph, _WIDTH) or [""]:
                self._write(f"{_MARGIN}{self._ink('│', style)} {line}".rstrip())

    def _button(self, label: str) -> str:
        return self._ink(f"[ {label} ]", "button")


def describe(message: MessageSeen) -> str:
    """A message's picture or film in words."""
    size = f" {message.width}×{message.height}" if message.width and message.height else ""
    if message.kind == "photo":
        return f"🖼 photo{size}"
    if message.kind == "video":
        return f"🎬 video{size} · {message.duration // 60}:{message.duration % 60:02}"
    return f"📎 {message.kind}"

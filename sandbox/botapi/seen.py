"""What a person sees in the chat, as values read from the sandbox's events."""

from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, JsonValue


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ButtonSeen(_Value):
    """A button under a message: its label, and what it sends."""

    label: str
    data: str | None = None


class EntitySeen(_Value):
    """Markup of a part of a text, in UTF-16 units, as Telegram counts."""

    type: str
    offset: int
    length: int


class MessageSeen(_Value):
    """A message as it stood at the moment of an event.

    Attributes:
        message_id: Its number in the chat.
        from_bot: Whose it is.
        sender: First name.
        kind: ``text``, ``photo``, ``video`` and so on.
        text: Text or caption.
        entities: Its markup.
        buttons: By rows.
        reply_to: Number of the message that it answers.
        media_group_id: Name of its album, or empty.
        path: Its file on this machine.
        width: Pixels of a photo or video.
        height: Pixels of a photo or video.
        duration: Seconds of a video.
        details: The fields of an invoice or a service message.
    """

    message_id: int
    from_bot: bool
    sender: str
    kind: str
    text: str = ""
    entities: tuple[EntitySeen, ...] = ()
    buttons: tuple[tuple[ButtonSeen, ...], ...] = ()
    reply_to: int | None = None
    media_group_id: str = ""
    path: Path | None = None
    width: int = 0
    height: int = 0
    duration: int = 0
    details: dict[str, JsonValue] = Field(default_factory=dict)

    def find(self, data: str) -> ButtonSeen | None:
        """The button that sends this."""
        return next((button for row in self.buttons for button in row if button.data == data), None)


class Event(_Value):
    """Something that happened in the chat.

    Attributes:
        event: ``message_sent``, ``message_edited``, ``message_deleted``, ``button_pressed``, ``callback_answered``, ….
        actor: ``bot`` or ``person``.
        at: When.
        message: What it happened to, where it happened to a message.
        message_id: Under which message a button was pressed.
        data: What the button sends.
        text: The notice that a pressed button brought.
    """

    event: str
    actor: str
    at: datetime
    message: MessageSeen | None = None
    message_id: int | None = None
    data: str | None = None
    text: str = ""


def read_event(wire: JsonValue) -> Event:
    """An event from its JSON.

    Raises:
        ValueError: It is not one.
    """
    return Event.model_validate(wire)

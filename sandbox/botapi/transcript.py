"""A chat as a person sees it: what stands where, with which buttons, and what stood there before."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sandbox.botapi.keyboards import ACTIONS
from sandbox.botapi.model import Button, Clip, Document, JsonObject, Message, Photo, Video
from sandbox.botapi.state import World

_MARKS = {"via_bot", "forward_origin", "is_automatic_forward"}
"""Fields that say where a message comes from, not what it is."""


@dataclass(frozen=True, slots=True)
class ButtonView:
    """A button: its label, what it sends (``data``) or opens (``url``), its colour, and the rest of what it does.

    Attributes:
        style: ``danger``, ``primary``, ``success``, or empty.
        action: What it does, by the name of its field: ``callback_data``, ``url``, ``pay``, ``switch_inline_query``, ….
    """

    label: str
    data: str | None = None
    url: str | None = None
    style: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """What a message said from a moment on."""

    at: datetime
    text: str
    buttons: tuple[tuple[ButtonView, ...], ...]

    def wire(self) -> JsonObject:
        """The version as JSON."""
        return {"at": self.at.isoformat(), "text": self.text, "buttons": _buttons_wire(self.buttons)}


@dataclass(frozen=True, slots=True)
class Line:
    """A message as it stands now.

    Attributes:
        kind: ``text``, ``photo``, ``document``, ``video``, ``sticker``, …, ``service``.
        text: The text or caption.
        buttons: Inline buttons by rows.
        versions: All that it ever said, the present included; more than one = it was edited.
        thread_id: The topic in a forum, None in General; in other supergroups the root of a chain of replies.
        path: The file on disk (a photo's original), if it has one.
        width: Pixels of a photo or video.
        height: Pixels of a photo or video.
        duration: Seconds of a video.
        streaming: The video was declared fit for streaming.
        reactions: Who reacted, by id, with which emoji.
        via_bot: It was chosen from the bot's answer to an inline query.
        details: The fields of a service message or invoice, as on the wire.
    """

    chat_id: int
    message_id: int
    at: datetime
    from_bot: bool
    sender: str
    kind: str
    text: str
    buttons: tuple[tuple[ButtonView, ...], ...]
    versions: tuple[Version, ...]
    entities: tuple[tuple[str, int, int], ...] = ()
    reply_to: int | None = None
    thread_id: int | None = None
    media_group_id: str = ""
    file_id: str = ""
    path: Path | None = None
    width: int = 0
    height: int = 0
    duration: int = 0
    streaming: bool = False
    deleted: bool = False
    sender_id: int = 0
    reactions: tuple[tuple[int, str], ...] = ()
    via_bot: bool = False
    details: Mapping[str, object] = field(default_factory=dict)

    def labels(self) -> list[str]:
        """The labels of all buttons, row after row."""
        return [button.label for row in self.buttons for button in row]

    def button(self, label: str) -> ButtonView:
        """The first button whose label holds ``label``.

        Raises:
            LookupError: There is none.
        """
        for row in self.buttons:
            for button in row:
                if label in button.label:
                    return button
        raise LookupError(f"no button {label!r} among {self.labels()}")

    def wire(self, *, history: bool = True) -> JsonObject:
        """The line as JSON, with all its versions or only how many there are."""
        return {
            "chat_id": self.chat_id,
            "message_id": self.message_id,
            "at": self.at.isoformat(),
            "from_bot": self.from_bot,
            "sender": self.sender,
            "kind": self.kind,
            "text": self.text,
            "entities": [{"type": kind, "offset": at, "length": size} for kind, at, size in self.entities],
            "buttons": _buttons_wire(self.buttons),
            "versions": [one.wire() for one in self.versions] if history else len(self.versions),
            "reply_to": self.reply_to,
            "thread_id": self.thread_id,
            "media_group_id": self.media_group_id,
            "file_id": self.file_id,
            "path": str(self.path) if self.path else None,
            "width": self.width,
            "height": self.height,
            "duration": self.duration,
            "streaming": self.streaming,
            "deleted": self.deleted,
            "sender_id": self.sender_id,
            "reactions": [{"user_id": user_id, "emoji": emoji} for user_id, emoji in self.reactions],
            "via_bot": self.via_bot,
            "details": dict(self.details),
        }


def _buttons_wire(buttons: tuple[tuple[ButtonView, ...], ...]) -> list[list[JsonObject]]:
    return [
        [{"label": b.label, "data": b.data, "url": b.url, "style": b.style, "action": b.action} for b in row]
        for row in buttons
    ]


def _button_view(button: Button) -> ButtonView:
    action = next(iter(set(button.wire) & ACTIONS), "")
    return ButtonView(button.label, button.data, button.url, button.style, action)


def _kind(message: Message) -> str:
    media = message.media
    fields = [name for name in message.fields if name not in _MARKS]
    if isinstance(media, Photo):
        return "photo"
    if isinstance(media, Document):
        return "document"
    if isinstance(media, Video):
        return "video"
    if isinstance(media, Clip):
        return media.kind
    return next(iter(fields), "service") if fields and not message.content.text else "text"


def line_of(world: World, message: Message) -> Line:
    """The message as a person sees it now."""
    versions = tuple(
        Version(
            one.at,
            one.content.text,
            tuple(tuple(_button_view(button) for button in row) for row in one.keyboard),
        )
        for one in message.revisions
    )
    media = message.media
    file = media.file if media is not None else None
    width = height = duration = 0
    if isinstance(media, Photo):
        width, height = media.sizes[-1].width, media.sizes[-1].height
    elif isinstance(media, Video | Clip):
        width, height, duration = media.width, media.height, media.duration
    return Line(
        chat_id=message.chat_id,
        message_id=message.message_id,
        at=message.date,
        from_bot=message.sender.user_id == world.bot.user_id,
        sender=message.sender.first_name,
        kind=_kind(message),
        text=message.content.text,
        buttons=versions[-1].buttons,
        versions=versions,
        entities=tuple((e.kind, e.offset, e.length) for e in message.content.entities),
        reply_to=message.reply_to,
        thread_id=None if world.chats[message.chat_id].is_forum and not message.in_topic else message.thread_id,
        media_group_id=message.media_group_id,
        file_id=file.file_id if file else "",
        path=file.path if file else None,
        width=width,
        height=height,
        duration=duration,
        streaming=isinstance(media, Video) and media.supports_streaming,
        deleted=message.deleted,
        sender_id=message.sender.user_id,
        reactions=tuple((user_id, one) for user_id, given in message.reactions.items() for one in given),
        via_bot="via_bot" in message.fields,
        details=message.fields,
    )

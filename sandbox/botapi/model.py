"""What Telegram knows, as values: people, chats, messages, files, buttons."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

JsonObject: TypeAlias = dict[str, object]
"""An object on the wire."""


class ChatKind(StrEnum):
    """Kinds of chats, in Bot API's words."""

    PRIVATE = "private"
    GROUP = "group"
    SUPERGROUP = "supergroup"
    CHANNEL = "channel"


class Standing(StrEnum):
    """What someone is in a chat, in the words of ``ChatMember.status``."""

    CREATOR = "creator"
    ADMINISTRATOR = "administrator"
    MEMBER = "member"
    RESTRICTED = "restricted"
    LEFT = "left"
    KICKED = "kicked"

    @property
    def inside(self) -> bool:
        """Whether that is someone in the chat."""
        return self not in {Standing.LEFT, Standing.KICKED}


@dataclass(slots=True)
class User:
    """A person, or the bot.

    Attributes:
        started: The person has written to the bot in private, so that it may write back.
        deactivated: The account is gone.
        stars: Telegram Stars that the person can spend.
    """

    user_id: int
    first_name: str
    last_name: str = ""
    username: str = ""
    language_code: str = ""
    is_bot: bool = False
    started: bool = False
    blocked_bot: bool = False
    deactivated: bool = False
    stars: int = 0


@dataclass(slots=True)
class Topic:
    """A topic of a forum; its id is the id of the message that created it."""

    thread_id: int
    name: str
    icon_color: int = 0x6FB9F0
    closed: bool = False
    deleted: bool = False


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that the server holds.

    Attributes:
        kind: ``photo``, ``video``, ``document``, …; an id is only good for its own kind.
        path: The bytes on disk, ``size`` of them.
        file_path: The path below ``/file/bot<token>/``.
        file_name: As the sender named it, or empty; ``mime_type`` likewise.
    """

    file_id: str
    unique_id: str
    kind: str
    path: Path
    size: int
    file_path: str
    file_name: str = ""
    mime_type: str = ""


@dataclass(frozen=True, slots=True)
class PhotoSize:
    """One size of a photo, in pixels."""

    file: StoredFile
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo: its sizes, smallest first; the last one is the original, byte for byte."""

    sizes: tuple[PhotoSize, ...]

    @property
    def file(self) -> StoredFile:
        """The original."""
        return self.sizes[-1].file


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was sent, whose bytes are never touched; ``sized`` = the bot is told how many they are."""

    file: StoredFile
    sized: bool = True


@dataclass(frozen=True, slots=True)
class Video:
    """A video: pixels, seconds, and whether it was declared fit for streaming."""

    file: StoredFile
    width: int = 0
    height: int = 0
    duration: int = 0
    supports_streaming: bool = False
    thumbnail: PhotoSize | None = None


@dataclass(frozen=True, slots=True)
class Clip:
    """A sticker, voice message, animation, round video or piece of audio; ``kind`` is the field's name."""

    kind: str
    file: StoredFile
    width: int = 0
    height: int = 0
    duration: int = 0


Media: TypeAlias = Photo | Document | Video | Clip


@dataclass(frozen=True, slots=True)
class Entity:
    """A formatted range of a text.

    Attributes:
        kind: ``bold``, ``bot_command``, …
        offset: In UTF-16 code units.
        length: In UTF-16 code units.
        value: The URL of a ``text_link``, the language of a ``pre``, the id of a ``custom_emoji``.
        user: Whom a ``text_mention`` means.
    """

    kind: str
    offset: int
    length: int
    value: str = ""
    user: User | None = None


@dataclass(frozen=True, slots=True)
class RichText:
    """A text with its formatting."""

    text: str = ""
    entities: tuple[Entity, ...] = ()


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button: its label, what it sends or opens, and its form on the wire; ``style`` is a colour's name."""

    label: str
    data: str | None
    url: str | None
    wire: Mapping[str, object] = field(repr=False)
    style: str = ""


Keyboard: TypeAlias = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Invoice:
    """What can be bought for Stars.

    Attributes:
        amount: Stars.
        start_parameter: Forwarded copies lead to the bot with it; without one they can be paid by anybody.
    """

    title: str
    description: str
    payload: str
    amount: int
    start_parameter: str = ""

    def wire(self) -> JsonObject:
        """An ``Invoice``; the payload is for the bot alone."""
        return {
            "title": self.title,
            "description": self.description,
            "start_parameter": self.start_parameter,
            "currency": "XTR",
            "total_amount": self.amount,
        }


@dataclass(frozen=True, slots=True)
class Revision:
    """A state that a message was in, and since when."""

    at: datetime
    content: RichText
    keyboard: Keyboard


@dataclass(slots=True)
class Message:
    """A message in a chat.

    Attributes:
        content: The text, or the caption when there is ``media``.
        reply_to: The message it answers, in the same chat.
        thread_id: The topic, if ``in_topic``, or the root of a chain of replies.
        fields: Fields on the wire that the sandbox carries along.
        reactions: Emoji by the id of who reacted.
        revisions: All states, first and present.
    """

    message_id: int
    chat_id: int
    date: datetime
    sender: User
    content: RichText = field(default_factory=RichText)
    media: Media | None = None
    keyboard: Keyboard = ()
    reply_to: int | None = None
    thread_id: int | None = None
    in_topic: bool = False
    media_group_id: str = ""
    sender_chat_id: int | None = None
    edited_at: datetime | None = None
    protected: bool = False
    deleted: bool = False
    fields: Mapping[str, object] = field(default_factory=dict)
    reactions: dict[int, tuple[str, ...]] = field(default_factory=dict)
    invoice: Invoice | None = None
    revisions: list[Revision] = field(default_factory=list)


@dataclass(slots=True)
class Chat:
    """A chat with everything in it.

    Attributes:
        members: User id to standing, the bot included.
        topics: Thread id to topic, when the chat is a forum.
        forbidden_to_bot: What the bot may not do here: send ``text``, ``photo``, ``video``, ``document``, or, where it
            is restricted, give a ``reaction``.
        reactions: The emoji that can be given here, none of them where reactions are turned off; None = all.
        migrated_to: The supergroup that the group has become.
    """

    chat_id: int
    kind: ChatKind
    title: str = ""
    username: str = ""
    is_forum: bool = False
    members: dict[int, Standing] = field(default_factory=dict)
    topics: dict[int, Topic] = field(default_factory=dict)
    forbidden_to_bot: frozenset[str] = frozenset()
    reactions: frozenset[str] | None = None
    migrated_to: int | None = None
    messages: dict[int, Message] = field(default_factory=dict)
    last_message_id: int = 0

    @property
    def is_group(self) -> bool:
        """Whether several people are in it."""
        return self.kind is not ChatKind.PRIVATE

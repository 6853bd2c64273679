"""What a call to the Bot API means to the outbox: whom it reaches, what it costs, what it replaces."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telegram import InputFile, TelegramObject

from services.outbox.priority import Priority, Said

ChatKey = int | str
"""A chat's id, the ``@name`` of a public group or channel, or ``inline:<id>`` for a message of inline mode."""

MessageKey = tuple[ChatKey, int | str]
"""A message: its chat, and its id or the name that the caller gave to the state it shows."""

_COUNTED = ("send", "editMessage", "copyMessage", "forwardMessage", "stopMessageLiveLocation", "stopPoll")
_UNCOUNTED = frozenset({"sendChatAction"})
_EDITS = ("editMessage", "stopMessageLiveLocation")
_FILE_FIELDS = ("media", "thumbnail", "cover", "photo", "animation", "sticker")

_COVERS = {
    "editMessageText": frozenset({"editMessageText", "editMessageReplyMarkup"}),
    "editMessageCaption": frozenset({"editMessageCaption", "editMessageReplyMarkup"}),
    "editMessageMedia": frozenset({"editMessageMedia", "editMessageCaption", "editMessageReplyMarkup"}),
    "editMessageReplyMarkup": frozenset({"editMessageReplyMarkup"}),
}


@dataclass(frozen=True, slots=True)
class Edit:
    """What an edit shows.

    Attributes:
        key: The message, or the named state.
        endpoint: The Bot API method.
        version: Number of the state, or None.
        final: Whether it is a final state, which is never dropped.
        fingerprint: The same for the same content; None where the content cannot be compared (files).
    """

    key: MessageKey
    endpoint: str
    version: int | None
    final: bool
    fingerprint: bytes | None

    def covers(self, other: "Edit") -> bool:
        """Whether nothing of the other edit can be seen once this one is made (a text hides a text, not a photo)."""
        return other.endpoint in _COVERS.get(self.endpoint, frozenset({self.endpoint}))


@dataclass(frozen=True, slots=True)
class Call:
    """One call to the Bot API.

    Attributes:
        chat: Whom it reaches; None where no chat is named.
        priority: Its place in the order of waiting calls.
        counted: Whether it is a message in Telegram's books; then it has a chat. Others go out at once.
        upload: Whether its body carries files.
        units: Messages it makes: an album of four is four in the budgets overall and per group, and one call in the
            pace of its chat, since Telegram sends albums whole.
        edit: What it shows, if it is an edit.
    """

    chat: ChatKey | None
    priority: Priority
    counted: bool = True
    upload: bool = False
    units: int = 1
    edit: Edit | None = None


def is_group(chat: ChatKey | None) -> bool:
    """Whether the budget of groups applies: negative ids and public names, which only groups and channels have."""
    return chat < 0 if isinstance(chat, int) else chat is not None and chat.startswith("@")


def classify(endpoint: str, data: Mapping[str, object], said: Said) -> Call:
    """Read a call off its endpoint and parameters.

    Args:
        endpoint: The method's name, as ``sendMessage``.
        data: The parameters as python-telegram-bot hands them to a rate limiter, objects not serialised yet.
        said: What the caller said.

    Returns:
        The call. Where nothing was said, files go as results and everything else as answers.
    """
    chat = _chat(data)
    if chat is None or endpoint in _UNCOUNTED or not endpoint.startswith(_COUNTED):
        return Call(chat, Priority.ANSWER if said.priority is None else said.priority, counted=False)
    upload = any(map(_carries_file, data.values()))
    priority = said.priority
    if priority is None:
        priority = Priority.RESULT if upload or endpoint == "sendMediaGroup" else Priority.ANSWER
    edit = _edit(chat, endpoint, data, said, upload=upload) if endpoint.startswith(_EDITS) else None
    return Call(chat, priority, upload=upload, units=_units(endpoint, data), edit=edit)


def _chat(data: Mapping[str, object]) -> ChatKey | None:
    chat = data.get("chat_id")
    if isinstance(chat, int):
        return int(chat)
    if isinstance(chat, str) and chat:
        try:
            return int(chat)
        except ValueError:
            return chat if chat.startswith("@") else f"@{chat}"
    inline = data.get("inline_message_id")
    return f"inline:{inline}" if isinstance(inline, str) else None


def _units(endpoint: str, data: Mapping[str, object]) -> int:
    field = {"sendMediaGroup": "media", "copyMessages": "message_ids", "forwardMessages": "message_ids"}.get(endpoint)
    parts = data.get(field) if field else None
    return max(1, len(parts)) if isinstance(parts, Sequence) and not isinstance(parts, str) else 1


def _edit(chat: ChatKey, endpoint: str, data: Mapping[str, object], said: Said, *, upload: bool) -> Edit:
    message = data.get("message_id")
    name = said.replaces if said.replaces is not None else int(message) if isinstance(message, int) else str(message)
    return Edit(
        key=(chat, name),
        endpoint=endpoint,
        version=said.version,
        final=said.priority is Priority.RESULT,
        fingerprint=None if upload else _fingerprint(endpoint, data),
    )


def _fingerprint(endpoint: str, data: Mapping[str, object]) -> bytes:
    content = json.dumps([endpoint, sorted(data.items())], default=_plain, separators=(",", ":"))
    return hashlib.blake2b(content.encode(), digest_size=16).digest()


def _plain(value: object) -> object:
    return value.to_dict() if isinstance(value, TelegramObject) else repr(value)


def _carries_file(value: object) -> bool:
    if isinstance(value, InputFile):
        return True
    if isinstance(value, list | tuple):
        return any(map(_carries_file, value))
    if isinstance(value, TelegramObject):
        return any(isinstance(getattr(value, field, None), InputFile) for field in _FILE_FIELDS)
    return False

"""Messages as the page shows them, straight from the sandbox's state."""

from sandbox.botapi.model import (
    Button,
    Chat,
    ChatKind,
    Clip,
    JsonObject,
    Media,
    Message,
    Photo,
    PhotoSize,
    RichText,
    User,
    Video,
)
from sandbox.botapi.state import World

PREVIEW = 1000
"""Pixels of the longer side from which on a photo is sharp enough for a bubble."""


def message_view(world: World, message: Message) -> JsonObject:
    """A message as it stands now."""
    media = message.media
    view: JsonObject = {
        "id": message.message_id,
        "chat": message.chat_id,
        "from": message.sender.user_id,
        "at": int(message.date.timestamp() * 1000),
        "text": message.content.text,
    }
    optional: JsonObject = {
        "name": message.sender.first_name if message.sender.user_id != world.bot.user_id else "",
        "entities": entities_view(message.content),
        "edited": message.edited_at is not None,
        "reply": message.reply_to,
        "album": message.media_group_id,
        "media": media_view(media) if media is not None else None,
        "keyboard": [[button_view(button) for button in row] for row in message.keyboard],
        "reactions": [emoji for given in message.reactions.values() for emoji in given],
        "service": _service(message),
    }
    return view | {name: value for name, value in optional.items() if value}


def entities_view(content: RichText) -> list[list[object]]:
    """The formatted ranges: kind, offset, length, and the address of a link."""
    return [[one.kind, one.offset, one.length, *([one.value] if one.value else [])] for one in content.entities]


def button_view(button: Button) -> JsonObject:
    """An inline button with its colour."""
    view: JsonObject = {"text": button.label}
    optional = {"data": button.data, "url": button.url, "style": button.style}
    return view | {name: value for name, value in optional.items() if value}


def media_view(media: Media) -> JsonObject:
    """A photo, video or file."""
    file = media.file
    view: JsonObject = {"kind": _kind(media), "file": file.file_id, "size": file.size}
    if isinstance(media, Photo):
        shown = _preview(media)
        original = media.sizes[-1]
        return view | {"shown": shown.file.file_id, "width": original.width, "height": original.height}
    optional: JsonObject = {"name": file.file_name, "type": file.mime_type}
    if isinstance(media, Video):
        optional |= {"width": media.width, "height": media.height, "seconds": media.duration}
        if media.thumbnail is not None:
            optional["thumbnail"] = media.thumbnail.file.file_id
    return view | {name: value for name, value in optional.items() if value}


def _kind(media: Media) -> str:
    if isinstance(media, Photo):
        return "photo"
    if isinstance(media, Video):
        return "video"
    return media.kind if isinstance(media, Clip) else "document"


def _preview(photo: Photo) -> PhotoSize:
    return next((size for size in photo.sizes if max(size.width, size.height) >= PREVIEW), photo.sizes[-1])


def _service(message: Message) -> str:
    """The kind of a message that has neither text nor a file."""
    if message.media is None and not message.content.text:
        return next(iter(message.fields), "")
    return ""


def history_view(world: World, chat_id: int) -> list[JsonObject]:
    """All messages of a chat that are not deleted, oldest first."""
    chat = world.chats[chat_id]
    return [message_view(world, one) for one in chat.messages.values() if not one.deleted]


def commands_view(world: World, chat: Chat, user: User) -> list[JsonObject]:
    """The commands that Telegram offers somebody in a chat: of the narrowest scope that has some, in their language.

    Source: https://core.telegram.org/bots/api#determining-list-of-commands
    """
    scopes = [f"chat:{chat.chat_id}", "all_private_chats", "default"]
    if chat.kind is not ChatKind.PRIVATE:
        scopes = [f"chat_member:{chat.chat_id}:{user.user_id}", f"chat:{chat.chat_id}", "all_group_chats", "default"]
        if chat.members[user.user_id] in {"creator", "administrator"}:
            scopes[1:1] = [f"chat_administrators:{chat.chat_id}"]
            scopes[3:3] = ["all_chat_administrators"]
    for scope in scopes:
        for language in (user.language_code.split("-")[0], ""):
            found = world.profile.commands.get((scope, language))
            if found:
                return [{"command": name, "description": description} for name, description in found]
    return []

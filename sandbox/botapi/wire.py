"""From values to the JSON of Bot API objects (https://core.telegram.org/bots/api#available-types)."""

from sandbox.botapi.keyboards import keyboard_wire
from sandbox.botapi.model import (
    Chat,
    ChatKind,
    Clip,
    Document,
    Entity,
    JsonObject,
    Media,
    Message,
    Photo,
    PhotoSize,
    RichText,
    StoredFile,
    User,
    Video,
)
from sandbox.botapi.state import World


def user_wire(user: User) -> JsonObject:
    """A ``User``."""
    wire: JsonObject = {"id": user.user_id, "is_bot": user.is_bot, "first_name": user.first_name}
    optional = {"last_name": user.last_name, "username": user.username, "language_code": user.language_code}
    return wire | {name: value for name, value in optional.items() if value}


def chat_wire(world: World, chat: Chat) -> JsonObject:
    """A ``Chat``."""
    wire: JsonObject = {"id": chat.chat_id, "type": chat.kind.value}
    if chat.kind is ChatKind.PRIVATE:
        user = world.users[chat.chat_id]
        names = {"first_name": user.first_name, "last_name": user.last_name, "username": user.username}
        return wire | {name: value for name, value in names.items() if value}
    wire["title"] = chat.title
    if chat.username:
        wire["username"] = chat.username
    if chat.is_forum:
        wire["is_forum"] = True
    return wire


def entity_wire(entity: Entity) -> JsonObject:
    """A ``MessageEntity``."""
    wire: JsonObject = {"type": entity.kind, "offset": entity.offset, "length": entity.length}
    names = {"text_link": "url", "pre": "language", "custom_emoji": "custom_emoji_id"}
    if entity.value and entity.kind in names:
        wire[names[entity.kind]] = entity.value
    if entity.user is not None:
        wire["user"] = user_wire(entity.user)
    return wire


def _file_wire(file: StoredFile, *, named: bool) -> JsonObject:
    wire: JsonObject = {"file_id": file.file_id, "file_unique_id": file.unique_id, "file_size": file.size}
    if named:
        described = {"file_name": file.file_name, "mime_type": file.mime_type}
        wire |= {name: value for name, value in described.items() if value}
    return wire


def _size_wire(size: PhotoSize) -> JsonObject:
    return _file_wire(size.file, named=False) | {"width": size.width, "height": size.height}


def media_wire(media: Media) -> JsonObject:
    """The fields that a message with that media has."""
    if isinstance(media, Photo):
        return {"photo": [_size_wire(size) for size in media.sizes]}
    if isinstance(media, Document):
        wire = _file_wire(media.file, named=True)
        if not media.sized:
            del wire["file_size"]
        return {"document": wire}
    if isinstance(media, Video):
        wire = _file_wire(media.file, named=True)
        wire |= {"width": media.width, "height": media.height, "duration": media.duration}
        if media.thumbnail is not None:
            wire["thumbnail"] = _size_wire(media.thumbnail)
        return {"video": wire}
    return _clip_wire(media)


def _clip_wire(clip: Clip) -> JsonObject:
    wire = _file_wire(clip.file, named=clip.kind in {"animation", "audio"})
    if clip.kind == "sticker":
        wire |= {"type": "regular", "is_animated": False, "is_video": False, "emoji": "🙂"}
        wire |= {"width": clip.width, "height": clip.height}
    elif clip.kind == "voice":
        wire |= {"duration": clip.duration, "mime_type": clip.file.mime_type}
    elif clip.kind == "audio":
        wire["duration"] = clip.duration
    elif clip.kind == "video_note":
        wire |= {"length": clip.width, "duration": clip.duration}
    else:
        wire |= {"width": clip.width, "height": clip.height, "duration": clip.duration}
    fields: JsonObject = {clip.kind: wire}
    if clip.kind == "animation":
        # Telegram repeats an animation as a document, for programs that know no animations.
        fields["document"] = _file_wire(clip.file, named=True)
    return fields


def _content_wire(content: RichText, *, caption: bool) -> JsonObject:
    if not content.text:
        return {}
    text, entities = ("caption", "caption_entities") if caption else ("text", "entities")
    wire: JsonObject = {text: content.text}
    if content.entities:
        wire[entities] = [entity_wire(entity) for entity in content.entities]
    return wire


def message_wire(world: World, message: Message, *, nested: bool = False) -> JsonObject:
    """A ``Message``; ``nested`` = as it stands inside another one, where replies are not shown again."""
    chat = world.chats[message.chat_id]
    wire: JsonObject = {
        "message_id": message.message_id,
        "date": int(message.date.timestamp()),
        "chat": chat_wire(world, chat),
        "from": user_wire(message.sender),
    }
    if message.sender_chat_id is not None:
        wire["sender_chat"] = chat_wire(world, world.chats[message.sender_chat_id])
    wire |= _marks_wire(message)
    if message.media is not None:
        wire |= media_wire(message.media)
    wire |= _content_wire(message.content, caption=message.media is not None)
    wire |= message.fields
    if message.keyboard:
        wire["reply_markup"] = keyboard_wire(message.keyboard)
    if not nested:
        answered = _answered(world, chat, message)
        if answered is not None:
            wire["reply_to_message"] = message_wire(world, answered, nested=True)
    return wire


def inaccessible_wire(world: World, message: Message) -> JsonObject:
    """An ``InaccessibleMessage``: all that a bot is told of a message that is gone."""
    return {"chat": chat_wire(world, world.chats[message.chat_id]), "message_id": message.message_id, "date": 0}


def _marks_wire(message: Message) -> JsonObject:
    marks: JsonObject = {
        "message_thread_id": message.thread_id,
        "is_topic_message": message.in_topic or None,
        "edit_date": int(message.edited_at.timestamp()) if message.edited_at else None,
        "media_group_id": message.media_group_id or None,
        "has_protected_content": message.protected or None,
    }
    return {name: value for name, value in marks.items() if value is not None}


def _answered(world: World, chat: Chat, message: Message) -> Message | None:
    """What the message answers; in a topic that is its first message when it answers nothing else."""
    if message.reply_to is not None:
        return world.find_message(chat, message.reply_to)
    if message.in_topic and message.thread_id is not None and message.thread_id != message.message_id:
        return world.find_message(chat, message.thread_id)
    return None

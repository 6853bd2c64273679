"""What several methods share: texts with their formatting, replies, topics, rights."""

from collections.abc import Awaitable, Callable
from typing import TypeAlias, cast

from sandbox.botapi.backend import Backend
from sandbox.botapi.entities import find_entities, trimmed, utf16_length
from sandbox.botapi.errors import bad_request
from sandbox.botapi.keyboards import parse_keyboard
from sandbox.botapi.markup import parse_html
from sandbox.botapi.model import Chat, ChatKind, Entity, JsonObject, Message, RichText
from sandbox.botapi.params import Call

Handler: TypeAlias = Callable[[Backend, Call], Awaitable[object]]

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
_ENTITY_KINDS = {
    "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bold", "italic", "underline",
    "strikethrough", "spoiler", "blockquote", "expandable_blockquote", "code", "pre", "text_link", "text_mention",
    "custom_emoji", "date_time",
}  # fmt: skip
_RIGHTS = {"text": "text messages", "photo": "photos", "video": "videos", "document": "documents"}
_REPLY_FIELDS = {
    "message_id", "chat_id", "allow_sending_without_reply", "quote", "quote_parse_mode", "quote_entities",
    "quote_position", "checklist_task_id", "poll_option_id",
}  # fmt: skip


def rich_text(text: str, parse_mode: str, entities: list[object] | None) -> RichText:
    """The text that a message will have: parsed, trimmed, with all its entities.

    Raises:
        ApiError: 400, "can't parse entities: …" or an unknown parse mode.
    """
    if parse_mode and parse_mode.lower() != "html":
        raise bad_request("unsupported parse_mode")
    if parse_mode:
        parsed = parse_html(text)
    else:
        parsed = RichText(text, tuple(_entity(one, utf16_length(text)) for one in entities or ()))
    clean = trimmed(parsed)
    return RichText(clean.text, find_entities(clean.text, clean.entities))


def _entity(wire: object, end: int) -> Entity:
    if not isinstance(wire, dict) or wire.get("type") not in _ENTITY_KINDS:
        raise bad_request("can't parse entities: unsupported type of the MessageEntity")
    offset, length = wire.get("offset"), wire.get("length")
    if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length <= 0 or offset + length > end:
        raise bad_request("can't parse entities: the MessageEntity lies outside the text")
    value = wire.get("url") or wire.get("language") or wire.get("custom_emoji_id") or ""
    return Entity(cast("str", wire["type"]), offset, length, str(value))


def message_text(call: Call, *, too_long: str = "message is too long") -> RichText:
    """The ``text`` of a message.

    Raises:
        ApiError: 400 for an empty or too long text, counted in code points after parsing.
    """
    content = rich_text(call.text("text"), call.text("parse_mode"), call.array("entities"))
    if not content.text:
        raise bad_request("message text is empty")
    if len(content.text) > TEXT_LIMIT:
        raise bad_request(too_long)
    return content


def caption_text(caption: str, parse_mode: str, entities: list[object] | None) -> RichText:
    """The caption of a medium.

    Raises:
        ApiError: 400 when it is too long, counted in code points after parsing.
    """
    content = rich_text(caption, parse_mode, entities)
    if len(content.text) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return content


def call_caption(call: Call) -> RichText:
    """The caption given with a call."""
    return caption_text(call.text("caption"), call.text("parse_mode"), call.array("caption_entities"))


def check_rights(chat: Chat, *kinds: str) -> None:
    """Refuse what the bot may not send in a chat.

    Raises:
        ApiError: 400, "not enough rights to send …".
    """
    for kind in kinds:
        if kind in chat.forbidden_to_bot:
            raise bad_request(f"not enough rights to send {_RIGHTS[kind]} to the chat")


def place(backend: Backend, call: Call, message: Message) -> None:
    """Give a new message of the bot's its reply and its topic.

    Raises:
        ApiError: 400 for a topic that is not there or closed, or a message to answer that is not there.
    """
    chat = backend.world.chats[message.chat_id]
    message.reply_to = _reply_target(backend, chat, call.structure("reply_parameters"))
    message.protected = call.flag("protect_content")
    thread_id = call.optional_number("message_thread_id")
    if thread_id is None and message.reply_to is not None and chat.is_forum:
        answered = chat.messages[message.reply_to]
        thread_id = answered.thread_id if answered.in_topic else None
    if thread_id is None:
        return
    # Neither a chain of replies nor General (1) can be sent to by its number.
    topic = chat.topics.get(thread_id)
    if topic is None or topic.deleted:
        raise bad_request("message thread not found")
    if topic.closed:
        raise bad_request("TOPIC_CLOSED")
    message.thread_id, message.in_topic = thread_id, True


def _reply_target(backend: Backend, chat: Chat, reply: JsonObject | None) -> int | None:
    if reply is None:
        return None
    message_id = reply.get("message_id")
    if set(reply) - _REPLY_FIELDS or not isinstance(message_id, int):
        raise bad_request("can't parse reply parameters JSON object")
    elsewhere = reply.get("chat_id") not in {None, chat.chat_id, str(chat.chat_id)}
    target = None if elsewhere else backend.world.find_message(chat, message_id)
    if target is None:
        if reply.get("allow_sending_without_reply") is True:
            return None
        raise bad_request("message to be replied not found")
    return message_id


def draft_message(backend: Backend, call: Call, chat: Chat, *, pay: bool = False) -> Message:
    """A message of the bot's in its place, with its buttons, not yet in the chat; ``pay`` = it is an invoice."""
    message = Message(0, chat.chat_id, backend.clock.now(), backend.world.bot)
    message.keyboard = parse_keyboard(call.structure("reply_markup"), inline_only=pay, pay=pay)
    place(backend, call, message)
    return message


def publish(backend: Backend, chat: Chat, message: Message) -> Message:
    """Put a message of the bot's into its chat."""
    chat.last_message_id += 1
    message.message_id = chat.last_message_id
    message.date = backend.clock.now()
    backend.world.post(chat, message)
    backend.note("message_sent", "bot", message)
    return message


def own_message(backend: Backend, call: Call) -> tuple[Chat, Message]:
    """The message of the bot's that a call wants to edit.

    Raises:
        ApiError: 400 when it is not there, or not the bot's.
    """
    if "inline_message_id" in call.params:
        raise bad_request("MESSAGE_ID_INVALID")
    chat = backend.world.open_chat(call.chat_id)
    message = backend.world.find_message(chat, call.number("message_id"))
    if message is None:
        raise bad_request("message to edit not found")
    if message.sender.user_id != backend.world.bot.user_id:
        raise bad_request("message can't be edited")
    return chat, message


def needs_forum(chat: Chat) -> None:
    """Refuse a chat without topics.

    Raises:
        ApiError: 400, "the chat is not a forum".
    """
    if chat.kind is not ChatKind.SUPERGROUP or not chat.is_forum:
        raise bad_request("the chat is not a forum")

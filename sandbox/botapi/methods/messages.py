"""Methods on messages that are there, and plain text messages."""

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import NOT_MODIFIED, QUERY_TOO_OLD, bad_request
from sandbox.botapi.keyboards import parse_keyboard
from sandbox.botapi.methods.base import (
    Handler,
    call_caption,
    check_rights,
    draft_message,
    message_text,
    own_message,
    publish,
)
from sandbox.botapi.model import Keyboard, Message, RichText
from sandbox.botapi.params import Call
from sandbox.botapi.wire import message_wire

MAX_ANSWER = 200
_ACTIONS = {
    "typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document",
    "choose_sticker", "find_location", "record_video_note", "upload_video_note",
}  # fmt: skip


async def send_message(backend: Backend, call: Call) -> object:
    """Send a text."""
    chat = backend.world.open_chat(call.chat_id)
    content = message_text(call)
    message = draft_message(backend, call, chat)
    check_rights(chat, "text")
    backend.admit(chat)
    message.content = content
    return message_wire(backend.world, publish(backend, chat, message))


def _apply_edit(backend: Backend, message: Message, content: RichText, keyboard: Keyboard, *, dated: bool) -> object:
    if (message.content, message.keyboard) == (content, keyboard):
        raise bad_request(NOT_MODIFIED)
    backend.admit(backend.world.chats[message.chat_id])
    backend.world.edit(message, content, keyboard, dated=dated)
    backend.note("message_edited", "bot", message)
    return message_wire(backend.world, message)


async def edit_text(backend: Backend, call: Call) -> object:
    """Change the text of a message; buttons that are not given again are gone."""
    _, message = own_message(backend, call)
    content = message_text(call, too_long="MESSAGE_TOO_LONG")
    keyboard = parse_keyboard(call.structure("reply_markup"), inline_only=True)
    if message.media is not None or not message.content.text:
        raise bad_request("there is no text in the message to edit")
    return _apply_edit(backend, message, content, keyboard, dated=True)


async def edit_caption(backend: Backend, call: Call) -> object:
    """Change the caption of a message."""
    _, message = own_message(backend, call)
    content = call_caption(call)
    keyboard = parse_keyboard(call.structure("reply_markup"), inline_only=True)
    if message.media is None:
        raise bad_request("there is no caption in the message to edit")
    return _apply_edit(backend, message, content, keyboard, dated=True)


async def edit_markup(backend: Backend, call: Call) -> object:
    """Change the buttons of a message."""
    _, message = own_message(backend, call)
    keyboard = parse_keyboard(call.structure("reply_markup"), inline_only=True)
    if message.media_group_id and keyboard:
        raise bad_request("message can't be edited")
    return _apply_edit(backend, message, message.content, keyboard, dated=False)


def _delete(backend: Backend, message: Message) -> None:
    message.deleted = True
    backend.note("message_deleted", "bot", message)


async def delete_message(backend: Backend, call: Call) -> object:
    """Delete one message."""
    chat = backend.world.open_chat(call.chat_id)
    message = backend.world.find_message(chat, call.number("message_id"))
    if message is None:
        raise bad_request("message to delete not found")
    foreign = message.sender.user_id != backend.world.bot.user_id
    standing = chat.members.get(backend.world.bot.user_id)
    if foreign and chat.is_group and (standing is None or standing.value != "administrator"):
        raise bad_request("message can't be deleted")
    _delete(backend, message)
    return True


async def delete_messages(backend: Backend, call: Call) -> object:
    """Delete up to a hundred messages; those that are not there are passed over."""
    chat = backend.world.open_chat(call.chat_id)
    numbers = call.array("message_ids") or []
    if not 1 <= len(numbers) <= 100 or not all(isinstance(number, int) for number in numbers):
        raise bad_request("message_ids must hold 1-100 message identifiers")
    for number in numbers:
        message = backend.world.find_message(chat, number) if isinstance(number, int) else None
        if message is not None:
            _delete(backend, message)
    return True


async def answer_callback(backend: Backend, call: Call) -> object:
    """Answer a pressed button, once and in time."""
    press = backend.journal.presses.get(call.text("callback_query_id"))
    now = backend.clock.monotonic()
    if press is None or press.answer is not None or now - press.pressed_at > backend.options.callback_ttl:
        raise bad_request(QUERY_TOO_OLD)
    text = call.text("text")
    if len(text) > MAX_ANSWER:
        raise bad_request("MESSAGE_TOO_LONG")
    press.answer, press.alert, press.answered_at = text, call.flag("show_alert"), backend.clock.now()
    details: dict[str, object] = {
        "query_id": press.query_id,
        "chat_id": press.chat_id,
        "user_id": press.user_id,
        "text": text,
        "alert": press.alert,
    }
    backend.note_other("callback_answered", "bot", details)
    return True


async def chat_action(backend: Backend, call: Call) -> object:
    """Show what the bot is doing: typing, uploading."""
    chat = backend.world.open_chat(call.chat_id)
    action = call.text("action")
    if action not in _ACTIONS:
        raise bad_request("wrong parameter action in request")
    details: dict[str, object] = {"chat_id": chat.chat_id, "action": action}
    backend.note_other("chat_action", "bot", details | {"thread_id": call.optional_number("message_thread_id")})
    return True


METHODS: dict[str, Handler] = {
    "sendMessage": send_message,
    "editMessageText": edit_text,
    "editMessageCaption": edit_caption,
    "editMessageReplyMarkup": edit_markup,
    "deleteMessage": delete_message,
    "deleteMessages": delete_messages,
    "answerCallbackQuery": answer_callback,
    "sendChatAction": chat_action,
}

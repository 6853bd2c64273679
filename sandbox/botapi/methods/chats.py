"""Methods about chats and their members, copies and topics."""

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import bad_request
from sandbox.botapi.members import MEMBER_RIGHTS, member_wire
from sandbox.botapi.methods.base import (
    Handler,
    call_caption,
    check_rights,
    draft_message,
    needs_forum,
    publish,
)
from sandbox.botapi.model import Clip, Document, Media, Photo, Standing
from sandbox.botapi.params import Call
from sandbox.botapi.wire import chat_wire

_ICON_COLORS = {7322096, 16766590, 13338331, 9367192, 16749490, 16478047}


async def get_chat(backend: Backend, call: Call) -> object:
    """Everything about a chat (``ChatFullInfo``)."""
    chat = backend.world.open_chat(call.chat_id)
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    wire = chat_wire(backend.world, chat) | {
        "accent_color_id": abs(chat.chat_id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, True),
    }
    if chat.is_group:
        wire["permissions"] = {name: True for name in MEMBER_RIGHTS if not name.startswith(("can_react", "can_edit"))}
    return wire


async def get_member(backend: Backend, call: Call) -> object:
    """What someone is in a chat."""
    chat = backend.world.open_chat(call.chat_id)
    user = backend.world.users.get(call.number("user_id"))
    if user is None:
        raise bad_request("invalid user_id specified")
    return member_wire(chat, user, chat.members.get(user.user_id, Standing.LEFT))


async def get_member_count(backend: Backend, call: Call) -> object:
    """How many are in a chat."""
    chat = backend.world.open_chat(call.chat_id)
    return sum(standing.inside for standing in chat.members.values())


async def leave(backend: Backend, call: Call) -> object:
    """Leave a group."""
    chat = backend.world.open_chat(call.chat_id)
    if not chat.is_group:
        raise bad_request("chat member status can't be changed in private chats")
    chat.members[backend.world.bot.user_id] = Standing.LEFT
    backend.note_other("bot_left", "bot", {"chat_id": chat.chat_id})
    return True


async def create_topic(backend: Backend, call: Call) -> object:
    """Open a topic; the bot must be an administrator."""
    chat = backend.world.open_chat(call.chat_id)
    needs_forum(chat)
    if chat.members[backend.world.bot.user_id] is not Standing.ADMINISTRATOR:
        raise bad_request("not enough rights to create a topic")
    name, color = call.text("name"), call.number("icon_color", 7322096)
    if not 1 <= len(name) <= 128:
        raise bad_request("TOPIC_TITLE_EMPTY")
    if color not in _ICON_COLORS:
        raise bad_request("TOPIC_ICON_COLOR_INVALID")
    topic = backend.world.add_topic(chat, name, backend.world.bot, color)
    return {"message_thread_id": topic.thread_id, "name": name, "icon_color": color}


def _kind(media: Media | None) -> str:
    if media is None:
        return "text"
    if isinstance(media, Photo):
        return "photo"
    return "document" if isinstance(media, Document | Clip) else "video"


async def copy_message(backend: Backend, call: Call) -> object:
    """Send a message's content anew, with another caption if one is given."""
    chat = backend.world.open_chat(call.chat_id)
    source_id = call.params["from_chat_id"]
    source = backend.world.find_chat(source_id if isinstance(source_id, int | str) else "")
    original = backend.world.find_message(source, call.number("message_id"))
    if original is None or original.protected or (original.fields and original.media is None):
        raise bad_request("message to copy not found" if original is None else "message can't be copied")
    message = draft_message(backend, call, chat)
    check_rights(chat, _kind(original.media))
    replaced = original.media is not None and "caption" in call.params
    message.content = call_caption(call) if replaced else original.content
    message.media = original.media
    backend.admit(chat)
    return {"message_id": publish(backend, chat, message).message_id}


METHODS: dict[str, Handler] = {
    "getChat": get_chat,
    "getChatMember": get_member,
    "getChatMemberCount": get_member_count,
    "leaveChat": leave,
    "createForumTopic": create_topic,
    "copyMessage": copy_message,
}

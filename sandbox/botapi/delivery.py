"""From things that people do to updates: who sees what, and how it looks to the bot."""

from sandbox.botapi.backend import Backend
from sandbox.botapi.entities import utf16_slice
from sandbox.botapi.journal import Press
from sandbox.botapi.members import member_wire
from sandbox.botapi.model import Chat, JsonObject, Message, Standing, User
from sandbox.botapi.placeholders import FIELDS
from sandbox.botapi.wire import chat_wire, inaccessible_wire, message_wire, user_wire


def bot_sees(backend: Backend, chat: Chat, message: Message) -> bool:
    """Whether a message reaches the bot.

    In groups with privacy mode on these do: commands meant for the bot, replies to the bot and to messages meant for
    it, service messages, and what was sent via the bot; a mere mention does not
    (https://core.telegram.org/bots/features#privacy-mode). A command without ``@bot`` does when the bot was the last
    bot to write, which here is whenever it has written at all.
    """
    standing = chat.members.get(backend.world.bot.user_id, Standing.LEFT)
    if not standing.inside or chat.migrated_to is not None:
        return False
    if not chat.is_group or not backend.options.privacy_mode or standing is Standing.ADMINISTRATOR:
        return True
    if message.fields and message.media is None and not message.content.text and not _placeholder(message):
        return True
    if "via_bot" in message.fields:
        return True
    return _addressed(backend, chat, message) or _answers_bot(backend, chat, message)


def _placeholder(message: Message) -> bool:
    return bool(set(message.fields) & set(FIELDS))


def _addressed(backend: Backend, chat: Chat, message: Message) -> bool:
    name = f"@{backend.world.bot.username}".lower()
    for entity in message.content.entities:
        if entity.kind != "bot_command":
            continue
        command = utf16_slice(message.content.text, entity.offset, entity.length).lower()
        if command.endswith(name):
            return True
        wrote = any(one.sender is backend.world.bot for one in chat.messages.values())
        if "@" not in command and entity.offset == 0 and wrote:
            return True
    return False


def _answers_bot(backend: Backend, chat: Chat, message: Message) -> bool:
    target = chat.messages.get(message.reply_to) if message.reply_to is not None else None
    if target is None:
        return False
    return target.sender is backend.world.bot or _addressed(backend, chat, target)


def deliver(backend: Backend, message: Message, *, edited: bool = False) -> None:
    """Tell the bot of a person's message, or of its edit, if the bot gets to see it."""
    chat = backend.world.chats[message.chat_id]
    if bot_sees(backend, chat, message):
        kind = "edited_message" if edited else "message"
        backend.updates.push(kind, message_wire(backend.world, message))


def deliver_reaction(backend: Backend, user: User, message: Message, old: tuple[str, ...]) -> None:
    """Tell the bot that someone's reaction has changed; it hears of that in private and as an administrator."""
    chat = backend.world.chats[message.chat_id]
    if chat.is_group and chat.members.get(backend.world.bot.user_id) is not Standing.ADMINISTRATOR:
        return
    new = message.reactions.get(user.user_id, ())
    payload: JsonObject = {
        "chat": chat_wire(backend.world, chat),
        "message_id": message.message_id,
        "user": user_wire(user),
        "date": int(backend.clock.now().timestamp()),
        "old_reaction": [{"type": "emoji", "emoji": one} for one in old],
        "new_reaction": [{"type": "emoji", "emoji": one} for one in new],
    }
    backend.updates.push("message_reaction", payload)


def deliver_press(backend: Backend, user: User, message: Message, data: str) -> str:
    """Tell the bot that a button was pressed; gives the id of the query."""
    press = backend.new_press(user.user_id, data, message.chat_id, message.message_id)
    wire = inaccessible_wire if message.deleted else message_wire
    return _push_press(backend, user, press, {"message": wire(backend.world, message)})


def deliver_inline_press(backend: Backend, user: User, inline_message_id: str, data: str) -> str:
    """The same for a message that is in none of the bot's chats; an empty id is not told either."""
    press = backend.new_press(user.user_id, data)
    return _push_press(backend, user, press, {"inline_message_id": inline_message_id} if inline_message_id else {})


def _push_press(backend: Backend, user: User, press: Press, where: JsonObject) -> str:
    head: JsonObject = {"id": press.query_id, "from": user_wire(user)}
    instance = str(7_000_000_000_000_000_000 + abs(press.chat_id))
    backend.updates.push("callback_query", head | where | {"chat_instance": instance, "data": press.data})
    return press.query_id


def deliver_standing(backend: Backend, chat: Chat, by: User, old: Standing, new: Standing) -> None:
    """Tell the bot that it is something else in a chat than it was (``my_chat_member``)."""
    payload: JsonObject = {
        "chat": chat_wire(backend.world, chat),
        "from": user_wire(by),
        "date": int(backend.clock.now().timestamp()),
        "old_chat_member": member_wire(chat, backend.world.bot, old),
        "new_chat_member": member_wire(chat, backend.world.bot, new),
    }
    backend.updates.push("my_chat_member", payload)

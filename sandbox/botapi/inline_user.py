"""What a person does with inline mode: types after the bot's name, chooses a result, shares by a button."""

from collections.abc import Mapping
from typing import cast

from sandbox.botapi.backend import Backend
from sandbox.botapi.delivery import deliver
from sandbox.botapi.inline import InlineQuery
from sandbox.botapi.model import Chat, ChatKind, JsonObject, Message, User
from sandbox.botapi.wire import user_wire

MAX_TYPED = 256
_SWITCHES = ("switch_inline_query_chosen_chat", "switch_inline_query", "switch_inline_query_current_chat")


class InlineUser:
    """The part of a person that uses inline mode."""

    _backend: Backend
    user: User

    def type_inline(self, text: str = "", *, offset: str = "", chat: int | None = None) -> InlineQuery:
        """Type ``@bot text`` in a chat; see ``BotApiServer.wait_for_inline``.

        Args:
            text: After the bot's name, cut at 256 characters.
            offset: The ``next_offset`` of an answer, for its next page.
            chat: Where it is typed; None = the private chat with the bot.

        Raises:
            LookupError: Inline mode is off: the client finds nothing to ask.
        """
        board, user_id = self._backend.inline, self.user.user_id
        if not board.enabled:
            raise LookupError("BOT_INLINE_DISABLED")
        place = self._backend.world.chats[user_id if chat is None else chat]
        query = board.ask(user_id, place.chat_id, text[:MAX_TYPED], offset, self._backend.clock.monotonic())
        details: JsonObject = {"query_id": query.query_id, "user_id": user_id, "text": query.text}
        self._backend.note_other("inline_typed", "person", details | {"cached": query.cached})
        if not query.cached:
            payload: JsonObject = {
                "id": query.query_id,
                "from": user_wire(self.user),
                "query": query.text,
                "offset": offset,
                "chat_type": "sender" if place.kind is ChatKind.PRIVATE else place.kind.value,
            }
            self._backend.updates.push("inline_query", payload)
        return query

    def choose(self, query: InlineQuery, result_id: str) -> Message:
        """Choose a result: it is sent to the chat where the query was typed, in the person's name, via the bot.

        Raises:
            LookupError: The answer has no such result.
        """
        result = query.result(result_id)
        world = self._backend.world
        chat = world.chats[query.chat_id]
        message = world.new_message(chat, self.user)
        message.content, message.media, message.keyboard = result.content, result.media, result.keyboard
        message.fields = {"via_bot": user_wire(world.bot)}
        world.post(chat, message)
        self._backend.note("message_sent", "person", message)
        deliver(self._backend, message)
        if self._backend.inline.feedback:
            chosen: JsonObject = {"result_id": result_id, "from": user_wire(self.user), "query": query.text}
            if result.keyboard:
                chosen["inline_message_id"] = f"{chat.chat_id}_{message.message_id}"
            self._backend.updates.push("chosen_inline_result", chosen)
        return message

    def share(self, message_id: int, label: str, to: int, *, chat: int | None = None) -> InlineQuery:
        """Press a button that leads to an inline query, and pick a chat for it.

        Args:
            message_id: The message with the button.
            label: A part of the button's label.
            to: The chat that is picked.
            chat: Where the message is, the private chat when None.

        Raises:
            LookupError: There is no such button, it does not offer such chats, or inline mode is off.
        """
        world = self._backend.world
        message = world.chats[self.user.user_id if chat is None else chat].messages[message_id]
        for button in (one for row in message.keyboard for one in row if label in one.label):
            for switch in _SWITCHES:
                if switch in button.wire:
                    return self.type_inline(_text(button.wire[switch], world.chats[to]), chat=to)
        raise LookupError(f"no button {label!r} for an inline query under message {message_id}")


def _text(switch: object, to: Chat) -> str:
    """The query that a button leads to in a chat."""
    if isinstance(switch, str):
        return switch
    chosen = cast("Mapping[str, object]", switch)
    if chosen.get("allow_group_chats" if to.is_group else "allow_bot_chats") is not True:
        raise LookupError(f"the button does not offer {to.kind} chats")
    return str(chosen.get("query", ""))

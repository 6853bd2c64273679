"""A person with a phone: sends, edits, presses, deletes, blocks."""

from sandbox.botapi.backend import Backend
from sandbox.botapi.buyer import Buyer
from sandbox.botapi.delivery import deliver_inline_press, deliver_press, deliver_reaction, deliver_standing
from sandbox.botapi.inline_user import InlineUser
from sandbox.botapi.model import Message, Standing, User
from sandbox.botapi.sender import Sender


class Person(Sender, Buyer, InlineUser):
    """Somebody who uses Telegram; every method is something they do on their phone.

    In all methods ``chat`` is the id of the chat, the private one with the bot when it is None; ``thread`` is a topic
    of a forum; ``anonymous`` is an administrator who hides behind the group.

    Args:
        backend: The server's parts.
        user: Who it is.
    """

    def __init__(self, backend: Backend, user: User) -> None:
        self._backend = backend
        self.user = user

    @property
    def user_id(self) -> int:
        """The person's id."""
        return self.user.user_id

    @property
    def chat_id(self) -> int:
        """The private chat with the bot; the same number as the person's id."""
        return self.user.user_id

    async def open_link(self, url: str) -> Message:
        """Open a link to the bot, ``https://t.me/<bot>?start=<parameter>``, and press Start."""
        _, _, parameter = url.partition("?start=")
        return await self.send_text(f"/start {parameter}".rstrip())

    async def press(
        self, message_id: int, label: str | None = None, *, data: str | None = None, chat: int | None = None
    ) -> str:
        """Press a button of the bot's, found by a part of its label or by its exact data.

        Returns:
            The id of the callback query; see ``BotApiServer.wait_for_answer``.

        Raises:
            LookupError: There is no such button any more.
        """
        message = self._chat(chat).messages[message_id]
        for row in message.keyboard:
            for button in row:
                wanted = button.data == data if data is not None else label is not None and label in button.label
                if wanted and button.data is not None and not message.deleted:
                    return self.press_data(message, button.data)
        raise LookupError(f"no button {label if data is None else data!r} under message {message_id}")

    def press_data(self, message: Message, data: str) -> str:
        """Send a callback query with any data, as an old or forged button does."""
        details: dict[str, object] = {"user_id": self.user_id, "chat_id": message.chat_id, "data": data}
        self._backend.note_other("button_pressed", "person", details | {"message_id": message.message_id})
        return deliver_press(self._backend, self.user, message, data)

    def press_inline(self, data: str, inline_message_id: str = "") -> str:
        """Send a callback query for a message that is in none of the bot's chats.

        Args:
            data: Any.
            inline_message_id: All that the bot is told of a message that was sent through inline mode; empty = not even
                that.
        """
        details: dict[str, object] = {"user_id": self.user_id, "data": data, "inline_message_id": inline_message_id}
        self._backend.note_other("button_pressed", "person", details)
        return deliver_inline_press(self._backend, self.user, inline_message_id, data)

    async def react(self, message_id: int, *emoji: str, chat: int | None = None) -> None:
        """React to a message, in place of an earlier reaction; no emoji takes that away."""
        message = self._chat(chat).messages[message_id]
        old = self._backend.world.react(message, self.user, emoji)
        details: dict[str, object] = {"chat_id": message.chat_id, "message_id": message_id, "user_id": self.user_id}
        self._backend.note_other("message_reaction", "person", details | {"reaction": list(emoji)})
        deliver_reaction(self._backend, self.user, message, old)

    async def delete(self, message_id: int, *, chat: int | None = None) -> None:
        """Delete a message, own or the bot's; bots are not told."""
        message = self._chat(chat).messages[message_id]
        message.deleted = True
        self._backend.note("message_deleted", "person", message)

    async def block(self) -> None:
        """Block the bot."""
        self.user.blocked_bot = True
        deliver_standing(self._backend, self._chat(None), self.user, Standing.MEMBER, Standing.KICKED)

    async def unblock(self) -> None:
        """Unblock the bot."""
        self.user.blocked_bot = False
        deliver_standing(self._backend, self._chat(None), self.user, Standing.KICKED, Standing.MEMBER)

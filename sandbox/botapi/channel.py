"""A channel as groups hear of it: somebody writes there in its name, or its posts come there by themselves."""

from sandbox.botapi.backend import Backend
from sandbox.botapi.model import Chat, Message, User
from sandbox.botapi.sender import Sender
from sandbox.botapi.wire import chat_wire

CHANNEL_BOT = User(136_817_688, "Channel", username="Channel_Bot", is_bot=True)
"""Who is said to write in the name of a channel, for programs that know no ``sender_chat``."""

TELEGRAM = User(777_000, "Telegram")
"""Who is said to forward the posts of a linked channel."""


class Channel(Sender):
    """A channel; its methods take the group as ``chat``, since the bot is not in the channel itself.

    Args:
        backend: The server's parts.
        chat: The channel.
        linked: Its posts come into the groups that it sends to by themselves (``is_automatic_forward``).
    """

    def __init__(self, backend: Backend, chat: Chat, *, linked: bool = False) -> None:
        self._backend = backend
        self.chat = chat
        self.linked = linked
        self.user = TELEGRAM if linked else CHANNEL_BOT
        self._sender_chat_id = chat.chat_id
        backend.world.users.setdefault(self.user.user_id, self.user)

    @property
    def chat_id(self) -> int:
        """The channel's id."""
        return self.chat.chat_id

    def _send(self, message: Message) -> Message:
        if self.linked:
            self.chat.last_message_id += 1
            origin = {
                "type": "channel",
                "date": int(message.date.timestamp()),
                "chat": chat_wire(self._backend.world, self.chat),
                "message_id": self.chat.last_message_id,
            }
            message.fields = dict(message.fields) | {"is_automatic_forward": True, "forward_origin": origin}
        return super()._send(message)

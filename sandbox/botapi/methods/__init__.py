"""The methods of the Bot API, by name."""

from sandbox.botapi.methods import chats, inline, media, messages, payments, polling, profile, reactions
from sandbox.botapi.methods.base import Handler

METHODS: dict[str, Handler] = {
    **polling.METHODS,
    **messages.METHODS,
    **media.METHODS,
    **chats.METHODS,
    **inline.METHODS,
    **payments.METHODS,
    **profile.METHODS,
    **reactions.METHODS,
}

"""Reactions: which there are, who may give them, and the bot's own."""

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import bad_request
from sandbox.botapi.methods.base import Handler
from sandbox.botapi.model import Chat, Standing
from sandbox.botapi.params import Call

_LIST = (
    "👍 👎 ❤ 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 "
    "🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 "
    "🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ "
    "💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡 "
)
EMOJI = frozenset(_LIST.split())
"""All emoji that can be a reaction (https://core.telegram.org/bots/api#reactiontypeemoji)."""

_VARIATION = "\ufe0f"


async def set_reaction(backend: Backend, call: Call) -> object:
    """Give a message the bot's reaction in place of the one it had, or take it away."""
    chat = backend.world.open_chat(call.chat_id)
    message = backend.world.find_message(chat, call.number("message_id"))
    if message is None:
        raise bad_request("message to react not found")
    reactions = call.array("reaction") or []
    if len(reactions) > 1:
        raise bad_request("REACTIONS_TOO_MANY")
    emoji = tuple(_emoji(chat, one) for one in reactions)
    restricted = chat.members.get(backend.world.bot.user_id) is Standing.RESTRICTED
    if emoji and restricted and "reaction" in chat.forbidden_to_bot:
        raise bad_request("not enough rights to react to messages in the chat")
    backend.world.react(message, backend.world.bot, emoji)
    details: dict[str, object] = {"chat_id": chat.chat_id, "message_id": message.message_id, "reaction": reactions}
    backend.note_other("message_reaction", "bot", details)
    return True


def _emoji(chat: Chat, wire: object) -> str:
    if not isinstance(wire, dict) or wire.get("type") not in {"emoji", "custom_emoji", "paid"}:
        raise bad_request("can't parse reaction type: ReactionType must be an Object of a known type")
    if wire["type"] == "paid":
        raise bad_request("Invalid reaction type specified")
    emoji = str(wire.get("emoji", "")).replace(_VARIATION, "")
    allowed = chat.reactions is None or emoji in {one.replace(_VARIATION, "") for one in chat.reactions}
    if wire["type"] != "emoji" or emoji not in EMOJI or not allowed:
        raise bad_request("REACTION_INVALID")
    return emoji


METHODS: dict[str, Handler] = {"setMessageReaction": set_reaction}

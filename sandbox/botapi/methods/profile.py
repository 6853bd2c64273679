"""Methods by which the bot tells Telegram about itself: commands, name, descriptions."""

import re

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import bad_request
from sandbox.botapi.methods.base import Handler
from sandbox.botapi.model import JsonObject
from sandbox.botapi.params import Call

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"([a-z]{2})?")
_SCOPES: dict[str, set[str]] = {
    "default": set(),
    "all_private_chats": set(),
    "all_group_chats": set(),
    "all_chat_administrators": set(),
    "chat": {"chat_id"},
    "chat_administrators": {"chat_id"},
    "chat_member": {"chat_id", "user_id"},
}
MAX_COMMANDS = 100


def _language(call: Call) -> str:
    code = call.text("language_code")
    if not _LANGUAGE.fullmatch(code):
        raise bad_request("invalid language code specified")
    return code


def _scope(backend: Backend, call: Call) -> str:
    scope = call.structure("scope") or {"type": "default"}
    kind = scope.get("type")
    if not isinstance(kind, str) or kind not in _SCOPES or set(scope) != _SCOPES[kind] | {"type"}:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    if "chat_id" in scope:
        chat_id = scope["chat_id"]
        backend.world.find_chat(chat_id if isinstance(chat_id, int | str) else "")
    return ":".join([kind, *(str(scope[name]) for name in sorted(_SCOPES[kind]))])


def _command(wire: object) -> tuple[str, str]:
    if not isinstance(wire, dict) or set(wire) - {"command", "description", "is_ephemeral"}:
        raise bad_request("can't parse BotCommand: expected an Object")
    command, description = wire.get("command"), wire.get("description")
    if not isinstance(command, str) or not _COMMAND.fullmatch(command.removeprefix("/")):
        raise bad_request("BOT_COMMAND_INVALID")
    if not isinstance(description, str) or not 1 <= len(description) <= 256:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return command.removeprefix("/"), description


async def set_commands(backend: Backend, call: Call) -> object:
    """Set the commands of a scope in a language."""
    commands = [_command(wire) for wire in call.array("commands") or []]
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    backend.world.profile.commands[_scope(backend, call), _language(call)] = commands
    return True


async def get_commands(backend: Backend, call: Call) -> object:
    """The commands of exactly that scope and language."""
    commands = backend.world.profile.commands.get((_scope(backend, call), _language(call)), [])
    return [{"command": name, "description": description} for name, description in commands]


async def delete_commands(backend: Backend, call: Call) -> object:
    """Remove the commands of a scope in a language."""
    backend.world.profile.commands.pop((_scope(backend, call), _language(call)), None)
    return True


def _set(texts: dict[str, str], call: Call, name: str, longest: int) -> bool:
    text = call.text(name)
    if len(text) > longest:
        raise bad_request(f"{name.replace('_', ' ')} is too long")
    if text:
        texts[_language(call)] = text
    else:
        texts.pop(_language(call), None)
    return True


def _get(texts: dict[str, str], call: Call, name: str, fallback: str = "") -> JsonObject:
    return {name: texts.get(_language(call)) or texts.get("") or fallback}


async def set_name(backend: Backend, call: Call) -> object:
    """Set the bot's name in a language."""
    return _set(backend.world.profile.names, call, "name", 64)


async def get_name(backend: Backend, call: Call) -> object:
    """The bot's name in a language."""
    return _get(backend.world.profile.names, call, "name", backend.world.bot.first_name)


async def set_description(backend: Backend, call: Call) -> object:
    """Set what an empty chat with the bot shows."""
    return _set(backend.world.profile.descriptions, call, "description", 512)


async def get_description(backend: Backend, call: Call) -> object:
    """What an empty chat with the bot shows."""
    return _get(backend.world.profile.descriptions, call, "description")


async def set_short_description(backend: Backend, call: Call) -> object:
    """Set what the bot's profile page shows."""
    return _set(backend.world.profile.short_descriptions, call, "short_description", 120)


async def get_short_description(backend: Backend, call: Call) -> object:
    """What the bot's profile page shows."""
    return _get(backend.world.profile.short_descriptions, call, "short_description")


METHODS: dict[str, Handler] = {
    "setMyCommands": set_commands,
    "getMyCommands": get_commands,
    "deleteMyCommands": delete_commands,
    "setMyName": set_name,
    "getMyName": get_name,
    "setMyDescription": set_description,
    "getMyDescription": get_description,
    "setMyShortDescription": set_short_description,
    "getMyShortDescription": get_short_description,
}

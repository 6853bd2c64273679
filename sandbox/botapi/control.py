"""The person's side over HTTP (``/control/…``, JSON), for programs in other processes.

Every answer is a JSON object; a request that makes no sense is a 400 with ``{"error": …}``, a wait that ends without
result a 408.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.botapi.control_fields import ControlError, Fields
from sandbox.botapi.control_reads import READS, events, file
from sandbox.botapi.errors import ApiError
from sandbox.botapi.model import ChatKind, JsonObject, Message, Standing
from sandbox.botapi.person import Person
from sandbox.botapi.placeholders import OTHER_KINDS

if TYPE_CHECKING:
    from sandbox.botapi.server import BotApiServer


async def _people(server: "BotApiServer", fields: Fields) -> JsonObject:
    person = server.add_person(
        fields.text("first_name", "Alice"),
        language_code=fields.text("language_code", "en"),
        username=fields.text("username", ""),
        last_name=fields.text("last_name", ""),
        user_id=fields.optional_number("user_id"),
        started=fields.flag("started"),
    )
    return {"user_id": person.user_id, "chat_id": person.chat_id}


async def _groups(server: "BotApiServer", fields: Fields) -> JsonObject:
    chat = server.add_group(
        fields.text("title"),
        [server.person(number) for number in fields.numbers("members") or []],
        kind=ChatKind(fields.text("kind", "supergroup")),
        forum=fields.flag("forum"),
        bot=Standing(fields.text("bot", "member")),
        username=fields.text("username", ""),
        announce=fields.flag("announce"),
    )
    return {"chat_id": chat.chat_id}


async def _topics(server: "BotApiServer", fields: Fields) -> JsonObject:
    return {"thread_id": server.add_topic(fields.number("chat_id"), fields.text("name")).thread_id}


async def _close_topic(server: "BotApiServer", fields: Fields) -> JsonObject:
    server.close_topic(fields.number("chat_id"), fields.number("thread_id"), deleted=fields.flag("deleted"))
    return {}


async def _standing(server: "BotApiServer", fields: Fields) -> JsonObject:
    server.set_bot_standing(fields.number("chat_id"), Standing(fields.text("standing")))
    return {}


async def _forbid(server: "BotApiServer", fields: Fields) -> JsonObject:
    server.forbid(fields.number("chat_id"), *fields.texts("kinds"))
    return {}


async def _migrate(server: "BotApiServer", fields: Fields) -> JsonObject:
    return {"chat_id": server.migrate(fields.number("chat_id")).chat_id}


async def _flood(server: "BotApiServer", fields: Fields) -> JsonObject:
    server.set_flood(enabled=fields.flag("enabled", default=True))
    return {}


async def _send(server: "BotApiServer", fields: Fields) -> JsonObject:
    person, kind = server.person(fields.number("user_id")), fields.text("kind", "text")
    where = _Where(
        fields.optional_number("chat_id"), fields.optional_number("reply_to"), fields.optional_number("thread_id")
    )
    text = fields.text("text", "")
    if kind in {"photo", "document", "album"}:
        messages = await _send_files(person, kind, text, where, fields)
    elif kind in OTHER_KINDS:
        messages = [await person.send_other(kind, text, chat=where.chat, reply_to=where.reply_to, thread=where.thread)]
    elif kind == "text":
        send = partial(person.send_text, text, chat=where.chat, reply_to=where.reply_to, thread=where.thread)
        messages = [await send(anonymous=fields.flag("anonymous"))]
    else:
        raise ControlError(f"unknown kind {kind!r}")
    return {"message_ids": [message.message_id for message in messages]}


@dataclass(frozen=True, slots=True)
class _Where:
    """Where a message goes."""

    chat: int | None
    reply_to: int | None
    thread: int | None


async def _send_files(person: Person, kind: str, text: str, where: _Where, fields: Fields) -> list[Message]:
    contents, chat, reply_to, thread = fields.contents(), where.chat, where.reply_to, where.thread
    if kind == "album":
        send = partial(person.send_album, contents, text, chat=chat, reply_to=reply_to, thread=thread)
        return await send(as_documents=fields.flag("as_documents"), order=fields.numbers("order"))
    if len(contents) != 1:
        raise ControlError(f"a {kind} needs one file: path or base64")
    group = fields.text("group_id", "")
    if kind == "photo":
        photo = partial(person.send_photo, contents[0], text, chat=chat, reply_to=reply_to, thread=thread)
        return [await photo(group_id=group, anonymous=fields.flag("anonymous"))]
    document = partial(person.send_document, contents[0], text, chat=chat, reply_to=reply_to, thread=thread)
    name, mime = fields.text("file_name", ""), fields.text("mime_type", "")
    return [await document(group_id=group, file_name=name, mime_type=mime)]


def _place(server: "BotApiServer", fields: Fields) -> tuple[Person, int, Message]:
    """Who acts, in which chat, on which message."""
    person = server.person(fields.number("user_id"))
    chat_id = fields.optional_number("chat_id") or person.chat_id
    return person, chat_id, server.backend.world.chats[chat_id].messages[fields.number("message_id")]


async def _edit(server: "BotApiServer", fields: Fields) -> JsonObject:
    person, _, message = _place(server, fields)
    await person.edit(message, fields.text("text"))
    return {}


async def _press(server: "BotApiServer", fields: Fields) -> JsonObject:
    person, chat_id, message = _place(server, fields)
    label, data = fields.optional_text("label"), fields.optional_text("data")
    wait = fields.seconds("wait", 0.0)
    if fields.flag("forged"):
        query_id = person.press_data(message, data or "")
    else:
        query_id = await person.press(message.message_id, label, data=data, chat=chat_id)
    if not wait:
        return {"query_id": query_id}
    press = await server.wait_for_answer(query_id, wait)
    return {"query_id": query_id, "answer": press.answer, "alert": press.alert}


async def _delete(server: "BotApiServer", fields: Fields) -> JsonObject:
    person, chat_id, message = _place(server, fields)
    await person.delete(message.message_id, chat=chat_id)
    return {}


async def _block(server: "BotApiServer", fields: Fields) -> JsonObject:
    await server.person(fields.number("user_id")).block()
    return {}


async def _unblock(server: "BotApiServer", fields: Fields) -> JsonObject:
    await server.person(fields.number("user_id")).unblock()
    return {}


_Action = Callable[["BotApiServer", Fields], Awaitable[JsonObject]]
_ACTIONS: dict[str, _Action] = {
    "people": _people,
    "groups": _groups,
    "topics": _topics,
    "topics/close": _close_topic,
    "standing": _standing,
    "forbid": _forbid,
    "migrate": _migrate,
    "flood": _flood,
    "send": _send,
    "edit": _edit,
    "press": _press,
    "delete": _delete,
    "block": _block,
    "unblock": _unblock,
}


async def _answer(server: "BotApiServer", action: _Action, request: web.Request) -> web.StreamResponse:
    try:
        fields = await Fields.of(request)
        result = await action(server, fields)
        fields.done()
    except (ControlError, ApiError, LookupError, ValueError, FileNotFoundError) as error:
        return web.json_response({"error": str(error) or type(error).__name__}, status=400)
    except TimeoutError as error:
        return web.json_response({"error": str(error) or "nothing came in time"}, status=408)
    return web.json_response(result)


def add_control(app: web.Application, server: "BotApiServer") -> None:
    """Add the addresses below ``/control/``."""
    for name, action in _ACTIONS.items():
        app.router.add_post(f"/control/{name}", partial(_answer, server, action))
    for (method, name), read in READS.items():
        app.router.add_route(method, f"/control/{name}", partial(_answer, server, read))
    app.router.add_get("/control/events", partial(events, server))
    app.router.add_get("/control/file", partial(file, server))

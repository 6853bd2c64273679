"""The reading half of the control addresses: transcripts, waits, calls, events, files; and faults."""

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from sandbox.botapi.control_fields import ControlError, Fields
from sandbox.botapi.faults import FaultKind
from sandbox.botapi.journal import ReceivedCall
from sandbox.botapi.model import JsonObject
from sandbox.botapi.transcript import Line
from sandbox.botapi.watch import PATIENCE

if TYPE_CHECKING:
    from sandbox.botapi.server import BotApiServer


async def _state(server: "BotApiServer", fields: Fields) -> JsonObject:
    del fields
    world = server.backend.world
    return {
        "token": server.token,
        "bot": {"id": world.bot.user_id, "username": world.bot.username, "name": world.bot.first_name},
        "users": [{"user_id": one.user_id, "first_name": one.first_name} for one in world.users.values()],
        "chats": [{"chat_id": one.chat_id, "kind": one.kind.value, "title": one.title} for one in world.chats.values()],
        "pending_updates": len(server.backend.updates.pending),
    }


async def _transcript(server: "BotApiServer", fields: Fields) -> JsonObject:
    lines = server.transcript(fields.number("chat_id"), deleted=fields.flag("deleted"))
    return {"messages": [line.wire() for line in lines]}


async def _wait(server: "BotApiServer", fields: Fields) -> JsonObject:
    chat_id, contains, label = fields.number("chat_id"), fields.text("contains", ""), fields.optional_text("label")

    def match(line: Line) -> bool:
        return contains in line.text and (label is None or any(label in one for one in line.labels()))

    after, kind = fields.optional_number("after") or 0, fields.optional_text("kind")
    timeout = fields.seconds("timeout", PATIENCE)
    try:
        line = await server.wait_for_message(chat_id, match, after=after, kind=kind, timeout=timeout)
    except TimeoutError:
        there = [one.text for one in server.bot_lines(chat_id)]
        raise TimeoutError(f"nothing matched in time; the bot has {there}") from None
    return {"message": line.wire()}


def _call_wire(call: ReceivedCall) -> JsonObject:
    uploads = {
        name: {"file_name": one.file_name, "mime_type": one.mime_type, "size": one.size}
        for name, one in call.uploads.items()
    }
    return {
        "number": call.number,
        "method": call.method,
        "params": call.params,
        "uploads": uploads,
        "at": call.at.isoformat(),
        "status": call.status,
        "description": call.description,
        "applied": call.applied,
    }


async def _calls(server: "BotApiServer", fields: Fields) -> JsonObject:
    calls = server.calls(fields.optional_text("method"), chat_id=fields.optional_number("chat_id"))
    since = fields.optional_number("since") or 0
    return {"calls": [_call_wire(one) for one in calls if one.number > since]}


async def _presses(server: "BotApiServer", fields: Fields) -> JsonObject:
    del fields
    return {
        "presses": [
            {
                "query_id": one.query_id,
                "user_id": one.user_id,
                "chat_id": one.chat_id,
                "message_id": one.message_id,
                "data": one.data,
                "answer": one.answer,
                "alert": one.alert,
            }
            for one in server.presses()
        ]
    }


async def _fault(server: "BotApiServer", fields: Fields) -> JsonObject:
    times = fields.optional_number("times")
    if times is not None and times < 1:
        raise ControlError("times must be at least 1")
    server.fail(
        fields.text("method"),
        FaultKind(fields.text("kind", "error")),
        chat_id=fields.optional_number("chat_id"),
        times=times or 1,
        skip=fields.optional_number("skip") or 0,
        after=fields.flag("after"),
        status=fields.optional_number("status"),
        description=fields.text("description", ""),
        retry_after=fields.optional_number("retry_after"),
        migrate_to=fields.optional_number("migrate_to"),
        seconds=fields.seconds("seconds", 0.0),
    )
    return {}


async def _release(server: "BotApiServer", fields: Fields) -> JsonObject:
    del fields
    server.release()
    return {}


async def _clear(server: "BotApiServer", fields: Fields) -> JsonObject:
    del fields
    server.clear_faults()
    return {}


READS: dict[tuple[str, str], Callable[["BotApiServer", Fields], Awaitable[JsonObject]]] = {
    ("GET", "state"): _state,
    ("GET", "transcript"): _transcript,
    ("POST", "wait"): _wait,
    ("GET", "calls"): _calls,
    ("GET", "presses"): _presses,
    ("POST", "faults"): _fault,
    ("POST", "faults/release"): _release,
    ("POST", "faults/clear"): _clear,
}


async def events(server: "BotApiServer", request: web.Request) -> web.StreamResponse:
    """Everything that happens, one JSON object a line, from event number ``since`` on, until the server closes."""
    since = request.query.get("since", "0")
    if not since.isdigit():
        return web.json_response({"error": "since must be a whole number"}, status=400)
    response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson", "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        async for event in server.events(int(since)):
            await response.write(json.dumps(event.wire(), ensure_ascii=False).encode() + b"\n")
        await response.write_eof()
    except ConnectionError:
        # The reader has gone; there is nobody to tell.
        return response
    return response


async def file(server: "BotApiServer", request: web.Request) -> web.StreamResponse:
    """The bytes of a file, by ``file_id``."""
    try:
        path = server.file_path(request.query.get("file_id", ""))
    except LookupError as error:
        return web.json_response({"error": str(error)}, status=404)
    return web.FileResponse(path)

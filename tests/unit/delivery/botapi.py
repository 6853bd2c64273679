"""The smallest Bot API server that videos can be sent to; it keeps what it was sent and answers from a script."""

import itertools
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import BodyPartReader, web

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Call:
    """One request: its method, its fields, and its files by name of the field."""

    method: str
    fields: dict[str, str]
    files: dict[str, tuple[str, str, bytes]]

    def json(self, name: str) -> Any:
        return json.loads(self.fields[name])


@dataclass
class BotApi:
    script: list[Answer] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    kind: str = "video"
    ids: Iterator[int] = field(default_factory=lambda: itertools.count(500))

    def app(self) -> web.Application:
        app = web.Application()
        app.router.add_post("/bot{token}/{method}", self.answer)
        return app

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if self.script:
            return await self.script.pop(0)(request)
        call = await read(request)
        self.calls.append(call)
        if call.method == "sendMediaGroup":
            return ok([self.message() for _ in call.json("media")])
        return ok(self.message())

    def message(self) -> dict[str, Any]:
        number = next(self.ids)
        arrived = {"file_id": f"file-{number}", "file_unique_id": f"u{number}", "width": 1, "height": 1, "duration": 1}
        return {"message_id": number, "date": 0, "chat": {"id": 7, "type": "private"}, self.kind: arrived}


def ok(result: Any) -> web.Response:
    return web.json_response({"ok": True, "result": result})


async def read(request: web.Request) -> Call:
    method = request.match_info["method"]
    if not request.content_type.startswith("multipart/"):
        return Call(method, {name: str(value) for name, value in (await request.post()).items()}, {})
    call = Call(method, {}, {})
    async for part in await request.multipart():
        assert isinstance(part, BodyPartReader)
        assert part.name
        if part.filename:
            kind = part.headers["Content-Type"]
            call.files[part.name] = (part.filename, kind, bytes(await part.read()))
        else:
            call.fields[part.name] = await part.text()
    return call


def refusing(status: int, text: str, **parameters: int) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        await request.read()
        body = {"ok": False, "error_code": status, "description": text, "parameters": parameters}
        return web.json_response(body, status=status)

    return answer


async def too_large_as_html(request: web.Request) -> web.Response:
    """What a proxy says before it has read the body."""
    return web.Response(status=413, text="<html><h1>413 Request Entity Too Large</h1></html>", content_type="text/html")


async def breaking_off(request: web.Request) -> web.Response:
    """Resets the connection while the body is being sent."""
    await request.content.read(1)
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def silent_end(request: web.Request) -> web.Response:
    """Takes the whole request and closes the connection without an answer."""
    await request.read()
    assert request.transport is not None
    request.transport.abort()
    return web.Response()

"""The control address: what tests and people in another process ask of the server, as JSON over HTTP."""

from typing import Protocol

from aiohttp import web
from pydantic import JsonValue, TypeAdapter, ValidationError

from sandbox.genaipro.gate import Gate
from sandbox.genaipro.records import PostRecord
from sandbox.genaipro.script import SCRIPTS, Script

_POSTS: TypeAdapter[list[PostRecord]] = TypeAdapter(list[PostRecord])


class Controlled(Protocol):
    """The part of the server that can be controlled from outside."""

    posts: list[PostRecord]

    def enqueue(self, script: Script, *, gate: Gate | None = None, history_gate: Gate | None = None) -> None:
        """Have the next POST follow a script."""
        ...

    def hold(self, script: Script | None = None, *, at: int = 0) -> Gate:
        """Have the next POST held at a gate."""
        ...


def add_control_routes(application: web.Application, server: Controlled) -> None:
    """Serve ``/control`` for a server.

    * ``POST /control/scripts`` takes one script or a list.
    * ``POST /control/hold?at=N`` takes a script or nothing and gives ``{"gate": number}``.
    * ``POST /control/gates/<number>/release?count=N`` lets events pass, all of them without ``count``.
    * ``GET /control/gates/<number>`` waits until an event stands at the gate.
    * ``GET /control/posts`` shows every POST.
    """
    control = _Control(server)
    application.router.add_post("/control/scripts", control.scripts)
    application.router.add_post("/control/hold", control.hold)
    application.router.add_post("/control/gates/{gate}/release", control.release)
    application.router.add_get("/control/gates/{gate}", control.blocked)
    application.router.add_get("/control/posts", control.posts)


class _Control:
    def __init__(self, server: Controlled) -> None:
        self._server = server
        self._gates: list[Gate] = []

    async def scripts(self, request: web.Request) -> web.Response:
        scripts = _scripts(await request.json())
        for script in scripts:
            self._server.enqueue(script)
        return web.json_response({"queued": len(scripts)})

    async def hold(self, request: web.Request) -> web.Response:
        scripts = _scripts(await request.json()) if request.can_read_body else [Script()]
        self._gates.append(self._server.hold(scripts[0], at=int(request.query.get("at", "0"))))
        return web.json_response({"gate": len(self._gates) - 1})

    async def release(self, request: web.Request) -> web.Response:
        count = request.query.get("count")
        gate = self._gate(request)
        gate.release(None if count is None else int(count))
        return web.json_response({"passed": gate.passed})

    async def blocked(self, request: web.Request) -> web.Response:
        gate = self._gate(request)
        await gate.blocked()
        return web.json_response({"passed": gate.passed})

    async def posts(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(_POSTS.dump_python(self._server.posts, mode="json"))

    def _gate(self, request: web.Request) -> Gate:
        try:
            return self._gates[int(request.match_info["gate"])]
        except (ValueError, IndexError) as fault:
            raise web.HTTPNotFound(text="no such gate") from fault


def _scripts(body: JsonValue) -> list[Script]:
    try:
        return SCRIPTS.validate_python(body if isinstance(body, list) else [body])
    except ValidationError as fault:
        raise web.HTTPBadRequest(text=str(fault)) from fault

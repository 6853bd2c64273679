"""The HTTP face of the server: ``/bot<token>/<method>`` and ``/file/bot<token>/<path>``."""

import asyncio
import hmac
from datetime import datetime

from aiohttp import web

from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import ApiError, not_found, unauthorized
from sandbox.botapi.faults import Fault, FaultKind, error_page
from sandbox.botapi.journal import Download, ReceivedCall
from sandbox.botapi.methods import METHODS
from sandbox.botapi.params import Call, decode
from sandbox.botapi.requests import RawCall, read_request
from sandbox.botapi.specs import PROPER_NAMES

_BODY_LIMIT = 4 * 1024 * 1024


class _DropError(Exception):
    """The connection is to be cut."""


class _PageError(Exception):
    """A web server's error page is to be shown."""

    def __init__(self, status: int) -> None:
        super().__init__()
        self.status = status


class BotApiApp:
    """Answers HTTP requests out of a backend."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def build(self) -> web.Application:
        """The application with its two kinds of addresses."""
        app = web.Application(client_max_size=_BODY_LIMIT)
        app.router.add_route("*", "/bot{token:[^/]+}/{method}", self.call)
        app.router.add_get("/file/bot{token:[^/]+}/{path:.+}", self.download)
        return app

    def _knows(self, request: web.Request) -> bool:
        token = request.match_info["token"]
        return hmac.compare_digest(token.encode(), self.backend.options.token.encode())

    async def download(self, request: web.Request) -> web.StreamResponse:
        """A file that ``getFile`` has given out, byte for byte."""
        if not self._knows(request):
            return _refusal(unauthorized())
        path = request.match_info["path"]
        file = self.backend.files.downloadable(path)
        status = 200 if file is not None else 404
        self.backend.journal.add_download(Download(self.backend.clock.now(), f"/file/{path}", status))
        if file is None:
            return _refusal(not_found())
        return web.FileResponse(file.path, chunk_size=256 * 1024)

    async def call(self, request: web.Request) -> web.StreamResponse:
        """One call of a method."""
        if not self._knows(request):
            return _refusal(unauthorized())
        method = PROPER_NAMES.get(request.match_info["method"].lower())
        if method is None or request.method not in {"GET", "POST"}:
            return _refusal(not_found())
        raw = RawCall()
        record = _Record(self.backend, method, raw)
        try:
            limit = self.backend.upload_limit
            await read_request(request, raw, self.backend.files.scratch, limit)
            record.call = decode(method, raw.values, raw.uploads, strict=self.backend.options.strict)
            result = await self._run(record.call, record)
        except ApiError as error:
            record.finish(error.code, error.description)
            return _refusal(error)
        except _PageError as page:
            record.finish(page.status, "HTML page")
            return web.Response(status=page.status, text=error_page(page.status), content_type="text/html")
        except _DropError:
            record.finish(0, "connection dropped")
            _cut(request)
            return web.Response(status=500)
        finally:
            if raw.uploads:
                await asyncio.to_thread(raw.discard)
        record.finish(200, "", result=result)
        return web.json_response({"ok": True, "result": result})

    async def _run(self, call: Call, record: "_Record") -> object:
        fault = self.backend.faults.take(call)
        if fault is not None and not fault.after:
            await self._hinder(fault)
        result = await METHODS[call.method](self.backend, call)
        record.applied = True
        if fault is not None and fault.after:
            await self._hinder(fault)
        return result

    async def _hinder(self, fault: Fault) -> None:
        if fault.kind is FaultKind.ERROR:
            raise fault.error()
        if fault.kind is FaultKind.HTML:
            raise _PageError(fault.status)
        if fault.kind is FaultKind.DROP:
            raise _DropError
        if fault.kind is FaultKind.DELAY:
            await asyncio.sleep(fault.seconds)
        elif fault.kind is FaultKind.HOLD:
            fault.held += 1
            self.backend.signal.notify()
            await fault.released.wait()


class _Record:
    """A call's entry in the journal, in the making."""

    def __init__(self, backend: Backend, method: str, raw: RawCall) -> None:
        self.backend = backend
        self.method = method
        self.raw = raw
        self.call: Call | None = None
        self.applied = False
        self.number = backend.journal.next_number()
        self.at: datetime = backend.clock.now()

    def finish(self, status: int, description: str, *, result: object = None) -> None:
        params = dict(self.call.params if self.call else self.raw.values)
        received = ReceivedCall(
            self.number, self.method, params, dict(self.raw.uploads), self.at, status, description, self.applied, result
        )
        self.backend.journal.add_call(received)


def _refusal(error: ApiError) -> web.Response:
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    return web.json_response(error.body(), status=error.code, headers=headers)


def _cut(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()

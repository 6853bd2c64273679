"""Hands the bot's calls to the video service on, unchanged and never twice, and shows them in the log."""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web
from yarl import URL

from sandbox.listening import listening
from sandbox.web.grouping import Grouping, Request
from sandbox.web.streams import EventReader, read_form
from sandbox.web.wire import LONGEST, Entry, WireLog

_HOP_BY_HOP = {
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding",
    "upgrade", "host", "accept-encoding",
}  # fmt: skip
_VERSION = re.compile(r"^.*?(?=/v\d+/)")
_LOOPBACK = {"localhost", "127.0.0.1"}
_BUSY_SECONDS = 5
_COPIED = 80 * 1024 * 1024
"""Bytes of a form that the log reads: three photos of 20 MB and more."""


@dataclass(slots=True)
class PassThrough:
    """A server on loopback that stands before a service.

    Attributes:
        upstream: The service's base URL.
        keep_host: The service makes addresses out of the name that it is called by; it shall use this server's.
    """

    upstream: str
    log: WireLog
    grouping: Grouping
    keep_host: bool = False
    _port: int = 0
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)
    _session: aiohttp.ClientSession = field(init=False)

    @property
    def url(self) -> str:
        """What the bot uses in place of the service's base URL."""
        parts = urlsplit(self.upstream)
        # The bot trusts the host of this URL with the key: a service of this machine keeps its name.
        host = parts.hostname if parts.hostname in _LOOPBACK else "127.0.0.1"
        return f"http://{host}:{self._port}{parts.path.rstrip('/')}"

    async def __aenter__(self) -> Self:
        """Start to listen."""
        async with contextlib.AsyncExitStack() as stack:
            # A kept connection may be dead, and a request on it would be lost or sent twice.
            connector = aiohttp.TCPConnector(force_close=True, limit=0)
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=30)
            self._session = await stack.enter_async_context(
                aiohttp.ClientSession(connector=connector, timeout=timeout, auto_decompress=False)
            )
            application = web.Application()
            application.router.add_route("*", "/{path:.*}", self._forward)
            self._port = await stack.enter_async_context(listening(application, grace=0.1, cancelling=True))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        await self._stack.aclose()

    async def _forward(self, request: web.Request) -> web.StreamResponse:
        label = f"{request.method} {_VERSION.sub('', request.path)}"
        exchange = _Exchange(self.log, self.grouping, self.log.begin("service", label, self._request_of(request)))
        exchange.entry.params = dict(request.query)
        self.log.update(exchange.entry)
        try:
            return await self._exchange(request, exchange)
        except aiohttp.ClientConnectorError:
            exchange.end(503, "no connection to the service")
            return web.Response(status=503, headers={"Retry-After": str(_BUSY_SECONDS)})
        except aiohttp.ClientError as error:
            exchange.end(exchange.entry.status or 0, f"the connection dropped: {type(error).__name__}")
            if request.transport is not None:
                request.transport.abort()
            return web.Response(status=502)
        except (asyncio.CancelledError, ConnectionError):
            exchange.end(exchange.entry.status or 0, "the bot left")
            raise

    async def _exchange(self, request: web.Request, exchange: "_Exchange") -> web.StreamResponse:
        origin = URL(self.upstream).origin()
        url = URL(str(origin) + request.raw_path, encoded=True)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _HOP_BY_HOP}
        headers["Accept-Encoding"] = "identity"
        if self.keep_host:
            headers["Host"] = request.host
        body = exchange.body(request) if request.can_read_body else None
        async with self._session.request(
            request.method, url, headers=headers, data=body, allow_redirects=False
        ) as answer:
            kept = [(name, value) for name, value in answer.headers.items() if name.lower() not in _HOP_BY_HOP]
            response = web.StreamResponse(status=answer.status, reason=answer.reason)
            response.headers.extend(kept)
            await response.prepare(request)
            exchange.answered(answer.status, answer.content_type)
            async for chunk in answer.content.iter_any():
                await response.write(chunk)
                exchange.received(chunk)
            await response.write_eof()
            exchange.end(answer.status)
            return response

    def _request_of(self, request: web.Request) -> int:
        if request.path.endswith("/histories"):
            return self.grouping.looked_up()
        return self.grouping.of_video(request.path)


@dataclass(slots=True)
class _Exchange:
    """One call on its way through."""

    log: WireLog
    grouping: Grouping
    entry: Entry
    post: Request | None = None
    reader: EventReader | None = None
    text: bytearray | None = None

    async def body(self, request: web.Request) -> AsyncIterator[bytes]:
        """The request's body as it comes; the log reads it when the service has all of it."""
        copy = bytearray()
        async for chunk in request.content.iter_any():
            if len(copy) < _COPIED:
                copy += chunk
            yield chunk
        if request.content_type == "multipart/form-data":
            self.entry.params = self.entry.params | read_form(bytes(copy), request.headers["Content-Type"])
            self.post = self.grouping.posted(str(self.entry.params.get("prompt", "")))
            self.entry.request = self.post.number
            self.log.update(self.entry)

    def answered(self, status: int, content_type: str) -> None:
        """The head of the answer has come."""
        self.entry.status = status
        if self.entry.label.startswith("POST") and status == 200:
            self.reader = EventReader()
        elif content_type in {"application/json", "text/html", "text/plain"}:
            self.text = bytearray()
        self.log.update(self.entry)

    def received(self, chunk: bytes) -> None:
        """A piece of the answer's body has been handed on."""
        if self.text is not None and len(self.text) < LONGEST:
            self.text += chunk
        for name, data in self.reader.feed(chunk) if self.reader is not None else ():
            self.log.event(self.entry, name, data)
            if self.post is not None and isinstance(data, list):
                self.post.videos |= {str(one["id"]) for one in data if isinstance(one, dict) and one.get("id")}

    def end(self, status: int, note: str = "") -> None:
        """The call is over."""
        self.entry.status, self.entry.note = status, note
        if self.text is not None:
            self.entry.result = _read(bytes(self.text))
        if self.post is not None:
            self.post.ended = True
        self.log.update(self.entry)


def _read(body: bytes) -> object:
    text = body.decode("utf-8", "replace")
    try:
        return json.loads(text)
    except ValueError:
        return text

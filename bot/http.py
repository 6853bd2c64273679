"""The bot's own HTTP endpoints, on one server: health now, webhook, readiness and metrics beside it."""

import asyncio
import errno
import socket
from collections.abc import Awaitable, Callable, Iterable
from types import TracebackType
from typing import Self

import structlog
from aiohttp import web

from bot.errors import OperatorError

MAX_BODY_BYTES = 1024 * 1024
"""Largest body of a request; an update of Telegram's is a few kilobytes."""
MAX_LINE_BYTES = 4096
"""Longest request line and longest header."""
PROBE_SECONDS = 5.0
"""A probe that has not answered by then has failed."""
STOP_SECONDS = 2.0
"""What requests in flight are given when the server stops."""

Probe = Callable[[], Awaitable[object]]
"""Returns when what it asks is well, raises when it is not."""

log = structlog.get_logger(__name__)


class HttpServer:
    """Listens from ``start`` to ``stop``; also an asynchronous context manager.

    Args:
        host: ``HTTP_HOST``.
        port: ``HTTP_PORT``; 0 means that there is no server (``start`` does nothing).
        routes: What is served.
        sock: A bound socket to listen on instead of host and port.
    """

    def __init__(
        self, host: str, port: int, routes: Iterable[web.AbstractRouteDef], *, sock: socket.socket | None = None
    ) -> None:
        self._host = host
        self._port = port
        self._sock = sock
        self._routes = list(routes)
        self._runner: web.AppRunner | None = None

    @property
    def address(self) -> tuple[str, int] | None:
        """Where it listens, or None while it does not."""
        if self._runner is None or not self._runner.addresses:
            return None
        host, port = self._runner.addresses[0][:2]
        return host, port

    async def start(self) -> None:
        """Begin to listen.

        Raises:
            OperatorError: The address cannot be used: taken, not of this machine, not allowed.
        """
        if self._port == 0 and self._sock is None:
            return
        app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_plain_errors])
        app.add_routes(self._routes)
        runner = web.AppRunner(
            app,
            access_log=None,
            handle_signals=False,
            shutdown_timeout=STOP_SECONDS,
            max_line_size=MAX_LINE_BYTES,
            max_field_size=MAX_LINE_BYTES,
        )
        await runner.setup()
        site: web.BaseSite
        if self._sock is not None:
            site = web.SockSite(runner, self._sock)
        else:
            site = web.TCPSite(runner, self._host, self._port)
        try:
            await site.start()
        except OSError as error:
            await runner.cleanup()
            raise OperatorError(self._explain(error)) from error
        self._runner = runner
        log.info("HTTP endpoints are up", host=self._host, port=(self.address or ("", self._port))[1])

    def _explain(self, error: OSError) -> str:
        if error.errno == errno.EADDRINUSE:
            return (
                f"HTTP_PORT {self._port} on {self._host} is in use by another process; "
                "set HTTP_PORT to a free port, or to 0 to turn it off"
            )
        if error.errno in {errno.EACCES, errno.EPERM}:
            return f"HTTP_PORT {self._port} may not be used by this user; set HTTP_PORT to one above 1023, such as 8080"
        return f"HTTP_HOST {self._host} is not an address of this machine; set HTTP_HOST to one, such as 127.0.0.1"

    async def stop(self) -> None:
        """Stop listening; requests in flight get a moment to end."""
        if self._runner is not None:
            runner, self._runner = self._runner, None
            await runner.cleanup()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


@web.middleware
async def _plain_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer 500 without a word about the reason, which is logged."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:
        # The framework would log it under its own name and, in debug mode, show the traceback to the caller.
        resource = request.match_info.route.resource
        log.exception("HTTP request failed", route=resource.canonical if resource else "", exc_info=error)
        return web.json_response({"status": "error"}, status=500)


def probe_route(path: str, probes: dict[str, Probe], timeout: float = PROBE_SECONDS) -> web.RouteDef:
    """A route that answers 200 when every probe returns, else 503 with the names of those that failed.

    Args:
        path: ``/healthz`` or ``/readyz``.
        probes: Name of a part, and how it is asked; all are asked at once.
        timeout: Seconds for each.
    """

    async def ask(name: str, probe: Probe) -> str | None:
        try:
            async with asyncio.timeout(timeout):
                await probe()
        except Exception as error:
            log.warning("a part does not answer", path=path, part=name, exc_info=error)
            return name
        return None

    async def answer(_request: web.Request) -> web.Response:
        outcomes = await asyncio.gather(*(ask(name, probe) for name, probe in probes.items()))
        failed = [name for name in outcomes if name is not None]
        parts = {name: "failed" if name in failed else "ok" for name in probes}
        body = {"status": "failed" if failed else "ok", "parts": parts}
        return web.json_response(body, status=503 if failed else 200, headers={"Cache-Control": "no-store"})

    return web.get(path, answer)

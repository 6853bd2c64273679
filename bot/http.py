"""The bot's own HTTP server, for health, metrics and the webhook."""

import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager

import structlog
from aiohttp import web

from bot.errors import OperatorError

MAX_BODY_BYTES = 1024 * 1024
"""Largest body of a request; an update of Telegram's is a few kilobytes."""
MAX_LINE_BYTES = 4096
"""Longest request line and longest header."""
STOP_SECONDS = 2.0
"""What requests in flight are given when the server stops."""

log = structlog.get_logger(__name__)


@asynccontextmanager
async def http_server(host: str, port: int, routes: Iterable[web.AbstractRouteDef]) -> AsyncIterator[None]:
    """Listen for as long as the context lasts, unless the port is 0; requests in flight then get a moment to end."""
    if port == 0:
        yield
        return
    app = web.Application(client_max_size=MAX_BODY_BYTES, middlewares=[_plain_errors])
    app.add_routes(routes)
    runner = web.AppRunner(
        app,
        access_log=None,
        handle_signals=False,
        shutdown_timeout=STOP_SECONDS,
        max_line_size=MAX_LINE_BYTES,
        max_field_size=MAX_LINE_BYTES,
    )
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise OperatorError(_explain(host, port, error)) from error
        log.info("HTTP endpoints are up", host=host, port=port)
        yield
    finally:
        await runner.cleanup()


def _explain(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"HTTP_PORT {port} on {host} is in use by another process; "
            "set HTTP_PORT to a free port, or to 0 to turn it off"
        )
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"HTTP_PORT {port} may not be used by this user; set HTTP_PORT to one above 1023, such as 8080"
    return f"HTTP_HOST {host} is not an address of this machine; set HTTP_HOST to one, such as 127.0.0.1"


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

"""Keeps the page to itself: its own host names, its own origin, nothing loaded from elsewhere."""

from collections.abc import Awaitable, Callable

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data: blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


class Guard:
    """Refuses requests that were not made by the page; a name that is led to this machine is no name of the page's.

    Attributes:
        port: Of the page; known once it listens.
    """

    def __init__(self) -> None:
        self.port = 0

    @property
    def hosts(self) -> tuple[str, str]:
        """The page's own names."""
        return f"127.0.0.1:{self.port}", f"localhost:{self.port}"

    def install(self, application: web.Application) -> None:
        """Guard everything that the application answers."""
        application.middlewares.append(self._middleware)
        application.on_response_prepare.append(_add_headers)

    @web.middleware
    async def _middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.headers.get("Host", "").lower() not in self.hosts:
            return web.Response(status=421, text="This page answers to 127.0.0.1 and localhost only.\n")
        origin = request.headers.get("Origin")
        if origin is not None and origin.lower() not in {f"http://{host}" for host in self.hosts}:
            return web.Response(status=403, text="This page takes no requests of other pages.\n")
        return await handler(request)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    del request
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)

"""An HTTP application on an address, from its start to its end."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

LOOPBACK = "127.0.0.1"


@asynccontextmanager
async def listening(
    application: web.Application, host: str = LOOPBACK, port: int = 0, *, grace: float, cancelling: bool = False
) -> AsyncIterator[int]:
    """Listen; gives the port.

    Args:
        application: Answers the requests.
        host: Where.
        port: 0 = any free one.
        grace: Seconds that requests have to come to their ends when it stops.
        cancelling: Whether a handler is cancelled when its client leaves.

    Raises:
        OSError: The port is not to be had.
    """
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=grace, handler_cancellation=cancelling)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()

"""Connections that are kept between calls, and looked at before the next one."""

import select
import ssl
from weakref import WeakSet

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.tracing import Trace


class WaryConnector(aiohttp.TCPConnector):
    """A pool that hands out no kept connection that the server has closed.

    The event loop learns that a connection was closed when it next asks the system, and a call that is made before
    then goes into nothing: whether it arrived is unknown, and it cannot be repeated. So the system is asked first. A
    connection at rest has nothing to say but its end, and one with something to read is given up for another. The
    library's own client asks the same way (httpcore, ``AsyncHTTP11Connection.has_expired``); aiohttp does not
    (``BaseConnector._get``).

    Args:
        limit: Connections at once.
        keepalive_timeout: Seconds that an idle one is kept.
        trust: Who may vouch for a server.
    """

    def __init__(self, *, limit: int, keepalive_timeout: float, trust: ssl.SSLContext) -> None:
        super().__init__(limit=limit, keepalive_timeout=keepalive_timeout, ssl=trust)
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's signature
    ) -> Connection:
        """A connection, new or kept; see the class it extends.

        Raises:
            aiohttp.ClientConnectorError: There is none to be had.
            TimeoutError: There was none in time.
        """
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            # A new one may well be readable: TLS servers send tickets after the handshake.
            if protocol is None or protocol not in self._used:
                break
            if not _has_something_to_read(connection):
                return connection
            connection.close()
        if protocol is not None:
            self._used.add(protocol)
        return connection


def _has_something_to_read(connection: Connection) -> bool:
    socket = connection.transport.get_extra_info("socket") if connection.transport is not None else None
    number = -1 if socket is None else socket.fileno()
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))

"""Calls of the Bot API, counted where they leave the process: by method and status, with their bytes."""

import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from urllib.request import getproxies

import aiohttp
import httpx
from telegram.error import NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from bot.wary_connector import WaryConnector
from services.telemetry import Service, Telemetry
from services.unsent import CallBrokeError, NeverSentError

KEPT_CONNECTIONS = 12
"""Idle connections that are kept for uploads. With each of them the pool asks the system about every one."""

KEPT_SECONDS = 5.0
"""How long an idle connection is kept: as long as the library's own client does, and far less than any server waits.
So it is nearly always this side that closes, and no call meets a connection that is being closed."""

SMALL_BYTES = 60_000
"""The longest form that goes over aiohttp, which has no time limit for writing: what the event loop takes over at one
go (64 KiB, with the headers) needs none. The longest text with the longest keyboard is shorter."""

Limit: TypeAlias = Any
"""Seconds, None for no limit, or the library's mark for what was set at the beginning, whose type is private."""

_UNSET = type(BaseRequest.DEFAULT_NONE)

_NEVER_SENT = (
    # Refused, unreachable, no such name, no TLS, no proxy; all raised before there is anything to write on.
    aiohttp.ClientConnectorError,
    # Also the wait for the pool. Not its parent, which is the parent of the wait for the answer too.
    aiohttp.ConnectionTimeoutError,
    aiohttp.InvalidURL,
    aiohttp.NonHttpUrlClientError,
)
"""What proves that a call never left (aiohttp, ``client.py`` and ``connector.py``)."""


class TelegramRequest(HTTPXRequest):
    """Small calls over aiohttp, uploads as the library makes them, all of them counted.

    A small call then takes 0.25 ms of CPU time instead of 1.4 with twenty at once, 0.4 instead of 0.9 alone. What the
    library does better stays with it: uploads (it bounds how long each write may take, and reads answers that come
    before the body is written), and every call that may go through a proxy of the environment, whose variables the two
    read differently.

    Nothing is sent twice: on a kept connection that breaks, aiohttp repeats GET and other idempotent methods only
    (``client.py``, ``IDEMPOTENT_METHODS``), and the methods of the Bot API go by POST.

    Args:
        telemetry: Counts.
        connections: Calls at once; uploads have as many of their own.
        read_timeout: Seconds that an answer may be silent.
        write_timeout: Seconds that a chunk of a body other than a file may take.
        connect_timeout: Seconds until there is a connection.
        pool_timeout: Seconds to wait for one of ``connections``.
    """

    __slots__ = ("_connect", "_connections", "_pool", "_proxies", "_read", "_session", "_telemetry")

    def __init__(
        self,
        telemetry: Telemetry,
        connections: int,
        *,
        read_timeout: float = 5.0,
        write_timeout: float = 5.0,
        connect_timeout: float = 5.0,
        pool_timeout: float = 1.0,
    ) -> None:
        async def count(request: httpx.Request) -> None:
            telemetry.sent(Service.TELEGRAM, int(request.headers.get("Content-Length", 0)))

        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=KEPT_CONNECTIONS)
        super().__init__(
            read_timeout=read_timeout,
            write_timeout=write_timeout,
            connect_timeout=connect_timeout,
            pool_timeout=pool_timeout,
            httpx_kwargs={"event_hooks": {"request": [count]}, "limits": limits, "verify": _trust()},
        )
        self._telemetry = telemetry
        self._connections = connections
        self._read, self._connect, self._pool = read_timeout, connect_timeout, pool_timeout
        self._session: aiohttp.ClientSession | None = None
        self._proxies: Mapping[str, str] = {}

    async def initialize(self) -> None:
        """Open what calls go over, if it is not open."""
        await super().initialize()
        if self._session is None:
            self._proxies = getproxies()
            self._session = aiohttp.ClientSession(
                connector=WaryConnector(limit=self._connections, keepalive_timeout=KEPT_SECONDS, trust=_trust()),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
                # A call without parameters has no body, and says of none what it is.
                skip_auto_headers={"Content-Type"},
            )

    async def shutdown(self) -> None:
        """Close it; :meth:`initialize` opens it again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
        await super().shutdown()

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Limit = BaseRequest.DEFAULT_NONE,
        write_timeout: Limit = BaseRequest.DEFAULT_NONE,
        connect_timeout: Limit = BaseRequest.DEFAULT_NONE,
        pool_timeout: Limit = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """As the library's own; the cause of an error says whether the call can have been made (``services.unsent``).

        Raises:
            telegram.error.TimedOut: No connection, or no answer, in time.
            telegram.error.NetworkError: No answer came for another reason.
            RuntimeError: :meth:`initialize` was not called.
        """
        session = self._session
        if session is None:
            raise RuntimeError("This request is not initialized")
        # The last part of the address is the name of the method, which our own code chose.
        call = url.rpartition("/")[2]
        form = None if self._is_the_librarys(url, request_data) else _form(request_data)
        try:
            if form is None or len(form) > SMALL_BYTES:
                limits = (read_timeout, write_timeout, connect_timeout, pool_timeout)
                status, body = await super().do_request(url, method, request_data, *limits)
            else:
                limit = self._limit(read_timeout, connect_timeout, pool_timeout)
                self._telemetry.sent(Service.TELEGRAM, len(form))
                status, body = await _small(session, method, url, form, limit)
        except TelegramError:
            self._telemetry.called(Service.TELEGRAM, call, None)
            raise
        self._telemetry.called(Service.TELEGRAM, call, status)
        self._telemetry.received(Service.TELEGRAM, len(body))
        return status, body

    def _is_the_librarys(self, url: str, request_data: RequestData | None) -> bool:
        """Whether the call is an upload, or may go through a proxy."""
        if request_data is not None and request_data.contains_files:
            return True
        if not self._proxies:
            return False
        address = urlsplit(url)
        if not (self._proxies.get(address.scheme) or self._proxies.get("all")):
            return False
        # What else may stand there, the two read differently; a host or a star they both read as this does.
        exempt = {name.strip().lower() for name in self._proxies.get("no", "").split(",")}
        return not exempt & {"*", address.hostname}

    def _limit(self, read: Limit, connect: Limit, pool: Limit) -> aiohttp.ClientTimeout:
        read = self._read if isinstance(read, _UNSET) else read
        connect = self._connect if isinstance(connect, _UNSET) else connect
        pool = self._pool if isinstance(pool, _UNSET) else pool
        # The library's ``connect`` begins with the wait for the pool.
        both = None if connect is None or pool is None else connect + pool
        return aiohttp.ClientTimeout(total=None, connect=both, sock_connect=connect, sock_read=read)


async def _small(
    session: aiohttp.ClientSession, method: str, url: str, form: bytes, limit: aiohttp.ClientTimeout
) -> tuple[int, bytes]:
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else None
    try:
        async with session.request(
            method, url, data=form or None, headers=headers, timeout=limit, allow_redirects=False
        ) as response:
            return response.status, await response.read()
    except Exception as error:  # noqa: BLE001 - whatever it is may quote the address, and must not go on its way
        name = type(error).__name__
        cause = NeverSentError(name) if isinstance(error, _NEVER_SENT) else CallBrokeError(name)
        failure = TimedOut() if isinstance(error, TimeoutError) else NetworkError(f"aiohttp.{name}")
    # Outside the block above, so that the original is no part of what is raised.
    raise failure from cause


def _form(request_data: RequestData | None) -> bytes:
    return b"" if request_data is None else request_data.url_encoded_parameters().encode()


@cache
def _trust() -> ssl.SSLContext:
    """The authorities that the library's own client trusts, read once: they take a megabyte."""
    context = httpx.create_ssl_context()
    context.set_alpn_protocols(["http/1.1"])
    return context

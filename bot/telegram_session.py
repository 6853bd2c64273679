"""The bot's connections to Telegram: calls, uploads and downloads, through the proxy of TELEGRAM_PROXY_URL if any."""

import asyncio
import select
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import FileIO
from typing import Any, TypeAlias
from weakref import WeakSet

import aiohttp
import aiohttp_socks
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ClientRequest
from aiohttp.connector import Connection
from aiohttp.payload import IOBasePayload
from aiohttp.tracing import Trace
from structlog import get_logger
from telegram.error import InvalidToken, NetworkError, TimedOut
from telegram.ext import BaseRateLimiter, ExtBot
from telegram.request import BaseRequest, RequestData
from yarl import URL

from bot.errors import OperatorError
from bot.polling import PollingBot
from bot.settings import Settings
from services.http_requests import (
    CallBrokeError,
    NeverSentError,
    RequestProgress,
    answer_first_socket,
    followed,
    reason,
)
from services.retries import persistently
from services.telemetry import BYTES, Contact, Service, count_call

CONNECTIONS = 64
"""Calls to Telegram at once; the outbox lets fewer through."""

READ_SECONDS = 20.0
"""How long an answer may be silent."""

WRITE_SECONDS = 20.0
"""How long a chunk of the body may wait for the connection."""

CONNECT_SECONDS, POOL_SECONDS = 10.0, 30.0
"""How long to connect, and to wait for one of the connections before that."""

KEPT_SECONDS = 5.0
"""How long an idle connection is kept: far less than any server waits, so that it is nearly always this side that
closes."""

PROXY_UNREACHABLE = "the proxy of TELEGRAM_PROXY_URL cannot be reached"
PROXY_REFUSES = "the proxy of TELEGRAM_PROXY_URL refuses its user name and password, or wants some"
PROXY_LEADS_NOWHERE = "the proxy of TELEGRAM_PROXY_URL gets no connection to Telegram"

_SOCKS = {"socks5": False, "socks5h": True}
"""Schemes of SOCKS proxies, and whether the proxy resolves host names."""

_PROXY_ERRORS = (
    aiohttp.ClientProxyConnectionError,
    aiohttp.ClientHttpProxyError,
    aiohttp_socks.ProxyError,
    aiohttp_socks.ProxyConnectionError,
    aiohttp_socks.ProxyTimeoutError,
)

_UNSET = type(BaseRequest.DEFAULT_NONE)

Limit: TypeAlias = Any
"""Seconds, None for no limit, or the library's mark for the default, whose type is private."""

log = get_logger(__name__)


class ProxyFailedError(aiohttp.ClientConnectionError):
    """The proxy gave no connection; nothing was sent. The text says why, without address and password."""


class _CheckedConnector(aiohttp.TCPConnector):
    """A pool that hands out no kept connection that the server has closed.

    The event loop learns of a closed connection when it next asks the system; a call made before that goes into
    nothing, may or may not have arrived, and cannot be repeated. So the system is asked first: an idle connection with
    something to read is given up. aiohttp itself does not ask (``BaseConnector._get``).
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - passed on
        super().__init__(keepalive_timeout=KEPT_SECONDS, **options)
        self._used: WeakSet[ResponseHandler] = WeakSet()

    async def connect(
        self,
        req: ClientRequest,
        traces: list[Trace],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - the library's signature
    ) -> Connection:
        """A connection, new or kept; a proxy that gives none raises a :class:`ProxyFailedError`."""
        while True:
            try:
                connection = await super().connect(req, traces, timeout)
            except _PROXY_ERRORS as error:
                # The original names the proxy.
                raise ProxyFailedError(_proxy_words(error)) from None
            protocol = connection.protocol
            # A new one may well be readable: TLS servers send tickets after the handshake.
            if protocol is None or protocol not in self._used or not _has_something_to_read(connection):
                break
            connection.close()
        if protocol is not None:
            self._used.add(protocol)
        return connection


class _SocksConnector(_CheckedConnector, aiohttp_socks.ProxyConnector):
    """The same over a SOCKS proxy."""


def _proxy_words(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return PROXY_REFUSES if error.status == 407 else f"{PROXY_LEADS_NOWHERE} (status {error.status})"
    if isinstance(error, aiohttp_socks.ProxyError):
        return PROXY_REFUSES if "authentication" in str(error).lower() else PROXY_LEADS_NOWHERE
    return PROXY_UNREACHABLE


def _has_something_to_read(connection: Connection) -> bool:
    socket = connection.transport.get_extra_info("socket") if connection.transport is not None else None
    number = -1 if socket is None else socket.fileno()
    if number < 0:
        return True
    poll = select.poll()
    poll.register(number, select.POLLIN)
    return bool(poll.poll(0))


def open_session(proxy: str, connections: int = CONNECTIONS) -> aiohttp.ClientSession:
    """A session for what goes to Telegram, over the proxy if one is named; the environment's count for nothing."""
    server = URL(proxy)
    if server.scheme in _SOCKS:
        connector: aiohttp.TCPConnector = _SocksConnector(
            host=server.host,
            port=server.port or 1080,
            username=server.user,
            password=server.password or None,
            rdns=_SOCKS[server.scheme],
            limit=connections,
        )
        proxy = ""
    else:
        connector = _CheckedConnector(limit=connections, socket_factory=answer_first_socket)
    return aiohttp.ClientSession(
        connector=connector,
        proxy=proxy or None,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": BaseRequest.USER_AGENT},
        # A call without parameters has no body, and says of none what it is.
        skip_auto_headers={"Content-Type"},
        trace_configs=[followed()],
    )


@dataclass(slots=True, eq=False)
class TelegramRequest(BaseRequest):
    """All calls of the Bot API over one session, counted by method and status.

    Nothing is sent twice: on a kept connection that breaks, aiohttp repeats idempotent methods only (``client.py``,
    ``IDEMPOTENT_METHODS``), and the methods of the Bot API go by POST.
    """

    contact: Contact
    """Whether Telegram answers."""
    connections: int
    proxy: str = field(default="", repr=False)
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    @property
    def read_timeout(self) -> float:
        """How long an answer may be silent, by default; seconds."""
        return READ_SECONDS

    async def initialize(self) -> None:
        """Open the session, if it is not open."""
        if self._session is None:
            self._session = open_session(self.proxy, self.connections)

    async def shutdown(self) -> None:
        """Close it; :meth:`initialize` opens it again."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

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
        """Make one call; the cause of an error says whether it may have arrived (:mod:`services.http_requests`)."""
        if self._session is None:
            raise RuntimeError("This request is not initialized")
        read, write = _or(read_timeout, READ_SECONDS), _or(write_timeout, WRITE_SECONDS)
        connect, pool = _or(connect_timeout, CONNECT_SECONDS), _or(pool_timeout, POOL_SECONDS)
        # The library's ``connect`` begins with the wait for the pool.
        both = None if connect is None or pool is None else connect + pool
        limits = aiohttp.ClientTimeout(total=None, connect=both, sock_connect=connect, sock_read=read)
        # The last part of the address is the name of the method, which our own code chose.
        call = url.rpartition("/")[2]
        sending = RequestProgress(write, read)
        try:
            status, answer = await self._exchange(self._session, url, method, request_data, limits, sending)
        except Exception as error:  # noqa: BLE001 - whatever it is may quote the address, and must not go on its way
            name = type(error).__name__
            words = str(error) if isinstance(error, ProxyFailedError) else name
            failure = TimedOut() if isinstance(error, TimeoutError) else NetworkError(f"aiohttp.{name}")
        else:
            self._count(call, status)
            BYTES.labels(Service.TELEGRAM, "in").inc(len(answer))
            return status, answer
        self._count(call, None)
        # Outside the block above, so that the original is no part of what is raised.
        raise failure from (CallBrokeError if sending.begun else NeverSentError)(words)

    def _count(self, call: str, status: int | None) -> None:
        count_call(Service.TELEGRAM, call, status)
        self.contact.heard(status)

    async def _exchange(
        self,
        session: aiohttp.ClientSession,
        url: str,
        method: str,
        data: RequestData | None,
        limits: aiohttp.ClientTimeout,
        sending: RequestProgress,
    ) -> tuple[int, bytes]:
        body, headers, sending.left = _body(data)
        BYTES.labels(Service.TELEGRAM, "out").inc(sending.left)
        async with sending.watched():
            response = await session.request(
                method,
                url,
                data=body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,
                trace_request_ctx=sending,
            )
        async with response:
            if response.status == 407 and self.proxy:
                # Telegram has no such answer: the proxy gave it to a call that it has not passed on.
                sending.begun = False
                raise ProxyFailedError(PROXY_REFUSES)
            return response.status, await response.read()


class _KeptFile(IOBasePayload):
    """A file that stays open when it was sent: a call that a flood puts off is made again with the same one."""

    async def close(self) -> None:
        """Leave it to who opened it."""


def _or(limit: Limit, default: float) -> float | None:
    return default if isinstance(limit, _UNSET) else limit


def _body(data: RequestData | None) -> tuple[Any, Mapping[str, str], int]:
    """The body of a call, its headers and its length; files are read while they are sent."""
    if data is None or not data.contains_files:
        form = b"" if data is None else data.url_encoded_parameters().encode()
        return form or None, {"Content-Type": "application/x-www-form-urlencoded"} if form else {}, len(form)
    parts = aiohttp.FormData(default_to_multipart=True)
    for name, value in data.json_parameters.items():
        parts.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        if isinstance(content, FileIO):
            content.seek(0)
            parts.add_field(name, _KeptFile(content, content_type=kind), filename=filename)
        else:
            parts.add_field(name, content, filename=filename, content_type=kind)
    body = parts()
    return body, body.headers, body.size or 0


def make_bot(settings: Settings, contact: Contact, limiter: BaseRateLimiter[Any] | None = None) -> PollingBot:
    """The bot, not connected yet; with a limiter, every call waits there for its turn."""
    proxy = settings.telegram_proxy_url.get_secret_value()
    return PollingBot(
        settings.telegram_bot_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=TelegramRequest(contact, CONNECTIONS, proxy),
        get_updates_request=TelegramRequest(contact, 2, proxy),
        rate_limiter=limiter,
        local_mode=settings.telegram_local_mode,
    )


async def connect(bot: ExtBot[None]) -> None:
    """Learn who the bot is; waits, and says so, for as long as Telegram cannot be reached.

    Raises:
        OperatorError: Telegram refuses the token.
    """
    try:
        await persistently(asyncio.sleep, _say)(bot.initialize)
    except InvalidToken:
        # The library's message quotes the token.
        raise OperatorError(
            "TELEGRAM_BOT_TOKEN was refused by Telegram; copy it again from @BotFather (/mybots, API Token)"
        ) from None


def _say(error: BaseException | None, attempt: int) -> None:
    log.warning("telegram_not_reached", error=reason(error), attempt=attempt, waiting=True)

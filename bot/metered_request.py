"""Calls of the Bot API, counted where they leave the process: by method and status, with their bytes."""

from typing import Any

import httpx
from telegram.error import TelegramError
from telegram.request import HTTPXRequest, RequestData

from services.telemetry import Service, Telemetry

KEPT_CONNECTIONS = 12
"""Idle connections that are kept. With each call the pool asks the system about every one of them, and 30 messages a
second need fewer."""


class MeteredRequest(HTTPXRequest):
    """The library's connection pool, counted.

    Args:
        telemetry: Counts.
        connections: Calls at once.
        **options: As the library's class takes them.
    """

    __slots__ = ("_telemetry",)

    def __init__(
        self,
        telemetry: Telemetry,
        connections: int,
        **options: Any,  # noqa: ANN401 - the library's options
    ) -> None:
        async def count(request: httpx.Request) -> None:
            telemetry.sent(Service.TELEGRAM, int(request.headers.get("Content-Length", 0)))

        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=KEPT_CONNECTIONS)
        super().__init__(httpx_kwargs={"event_hooks": {"request": [count]}, "limits": limits}, **options)
        self._telemetry = telemetry

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *timeouts: Any,  # noqa: ANN401 - the library's signature
        **named_timeouts: Any,  # noqa: ANN401 - as above
    ) -> tuple[int, bytes]:
        """As the library's own.

        Raises:
            TelegramError: No answer came.
        """
        # The last part of the address is the name of the method, which our own code chose.
        call = url.rpartition("/")[2]
        try:
            status, body = await super().do_request(url, method, request_data, *timeouts, **named_timeouts)
        except TelegramError:
            self._telemetry.called(Service.TELEGRAM, call, None)
            raise
        self._telemetry.called(Service.TELEGRAM, call, status)
        self._telemetry.received(Service.TELEGRAM, len(body))
        return status, body

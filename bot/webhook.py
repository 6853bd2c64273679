"""Updates by webhook: proven to be Telegram's, committed to the inbox, answered. Source: Bot API, ``setWebhook``.

The answer does not wait for the handlers. Whatever is not 2xx makes Telegram send the update again, which the inbox
makes harmless; an update is refused for good only when it cannot be read at all.
"""

import asyncio
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web
from structlog import get_logger
from telegram import Bot, WebhookInfo
from telegram.error import BadRequest
from yarl import URL

from bot.update_queue import UpdateQueue
from services.clock import Sleep
from services.inbox import Arrived
from services.retries import OUTAGE, persistently
from services.telemetry import WEBHOOK_REQUESTS, WEBHOOK_SECONDS, Contact

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
LOOK_SECONDS = 60.0
"""How often Telegram is asked whether the webhook still stands."""

TAKE_SECONDS = 10.0
"""Telegram is told to come again with an update that is not committed by then."""

log = get_logger(__name__)


def read_body(body: bytes, read: Callable[[object, str], Arrived | None]) -> Arrived | None:
    """An update as it came, read as an object and as JSON; None when it is none."""
    try:
        text = body.decode()
        return read(json.loads(text), text)
    except (ValueError, RecursionError) as error:
        log.info("body_not_readable", error=type(error).__name__)
        return None


@dataclass(slots=True)
class Webhook(web.AbstractRouteDef):
    """The route that Telegram calls."""

    url: str
    """Its path is served."""
    secret: str
    body_seconds: float = 10.0
    """How long a body may take."""
    queue: UpdateQueue | None = None
    """Takes updates; without one Telegram is told to come later."""

    def register(self, router: web.UrlDispatcher) -> list[web.AbstractRoute]:
        """Serve the path as it stands, where the framework's own definition of a route takes braces for a pattern."""
        resource = web.PlainResource(URL(self.url).path_safe)
        router.register_resource(resource)
        return [resource.add_route("POST", self._answer)]

    async def _answer(self, request: web.Request) -> web.Response:
        status = 500
        with WEBHOOK_SECONDS.time():
            try:
                status = await self._status(request)
            finally:
                WEBHOOK_REQUESTS.labels(str(status)).inc()
        headers = {"Retry-After": "1"} if status == 503 else None
        return web.Response(status=status, headers=headers)

    async def _status(self, request: web.Request) -> int:
        given = request.headers.get(SECRET_HEADER, "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(given, self.secret.encode()):
            return 401
        queue = self.queue
        if queue is None:
            return 503
        try:
            async with asyncio.timeout(self.body_seconds):
                body = await request.read()
        except (TimeoutError, web.HTTPRequestEntityTooLarge) as error:
            return 408 if isinstance(error, TimeoutError) else 413
        arrived = read_body(body, queue.read)
        if arrived is None:
            return 400
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                await queue.take([arrived])
        except OUTAGE as error:
            log.warning("inbox_met_an_outage", error=type(error).__name__)
            return 503
        return 200


@dataclass(slots=True)
class WebhookKeeper:
    """Sets the webhook, and sets it again should somebody else have changed it. Removes nothing at the end."""

    bot: Bot
    webhook: Webhook
    contact: Contact
    """Whether the webhook stands."""
    sleep: Sleep
    kinds: Sequence[str]

    async def run(self) -> None:
        """Set it, then look after it until cancelled."""
        await self._set()
        told: datetime | None = None
        while True:
            await self.sleep(LOOK_SECONDS)
            info: WebhookInfo = await persistently(self.sleep, self._say)(self.bot.get_webhook_info)
            self.contact.answered()
            if info.url != self.webhook.url:
                log.warning("webhook_changed_by_others", hint="another program uses this token; stop it")
                await self._set()
            if info.last_error_date is not None and (told is None or info.last_error_date > told):
                told, why = info.last_error_date, info.last_error_message
                log.warning("telegram_could_not_deliver", reason=why, waiting=info.pending_update_count)

    async def _set(self) -> None:
        await persistently(self.sleep, self._say)(
            self.bot.set_webhook,
            url=self.webhook.url,
            secret_token=self.webhook.secret,
            allowed_updates=self.kinds,
            drop_pending_updates=False,
        )
        self.contact.answered()
        log.info("webhook_set")

    def _say(self, error: BaseException | None, attempt: int) -> None:
        self.contact.failed()
        # Only a refusal says why: other errors quote the call.
        reason = str(error) if isinstance(error, BadRequest) else ""
        log.warning("webhook_not_set", error=type(error).__name__, reason=reason, attempt=attempt)

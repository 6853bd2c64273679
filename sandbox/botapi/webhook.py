"""Updates by webhook: one at a time, in order, again and again until they are taken (setWebhook)."""

import asyncio
import contextlib
from datetime import datetime

import aiohttp

from sandbox.botapi.clock import Clock
from sandbox.botapi.model import JsonObject
from sandbox.botapi.updates import Update, UpdateQueue

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_ANSWER_WITHIN = aiohttp.ClientTimeout(total=60.0)


class Webhook:
    """Delivers updates to the address that the bot has set.

    Plain http is taken beside https, since everything is on loopback. Unlike Telegram's servers it never delivers two
    updates at once, whatever ``max_connections`` says.

    Args:
        updates: Where they come from.
        session: For the requests.
        clock: For the date of the last error.
        retry: Seconds between two tries.
    """

    def __init__(self, updates: UpdateQueue, session: aiohttp.ClientSession, clock: Clock, retry: float) -> None:
        self.url = ""
        self.secret = ""
        self.max_connections = 40
        self.last_error = ""
        self.last_error_at: datetime | None = None
        self.delivered: list[int] = []
        self._updates = updates
        self._session = session
        self._clock = clock
        self._retry = retry

    def point_at(self, url: str, secret: str, max_connections: int) -> None:
        """Deliver to ``url`` from now on; an empty one ends it."""
        self.url, self.secret, self.max_connections = url, secret, max_connections
        self.last_error, self.last_error_at = "", None
        self._updates.stop_polls()

    def info(self) -> JsonObject:
        """A ``WebhookInfo``."""
        wire: JsonObject = {
            "url": self.url,
            "has_custom_certificate": False,
            "pending_update_count": len(self._updates.pending),
        }
        if self.url:
            wire["max_connections"] = self.max_connections
            wire["ip_address"] = "127.0.0.1"
        if self.last_error_at is not None:
            wire |= {"last_error_date": int(self.last_error_at.timestamp()), "last_error_message": self.last_error}
        if self._updates.allowed:
            wire["allowed_updates"] = list(self._updates.allowed)
        return wire

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            if not self.url or not self._updates.pending:
                await self._updates.signal.wait()
                continue
            update = self._updates.pending[0]
            if await self._deliver(update):
                self.delivered.append(update.update_id)
                self._updates.again.discard(update.update_id)
                self._updates.confirm(update.update_id + 1)
            else:
                # A new address or secret is tried at once.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._retry):
                        await self._changed(self.url, self.secret)

    async def _changed(self, url: str, secret: str) -> None:
        while (self.url, self.secret) == (url, secret):
            await self._updates.signal.wait()

    async def _deliver(self, update: Update) -> bool:
        headers = {SECRET_HEADER: self.secret} if self.secret else {}
        try:
            async with self._session.post(
                self.url, json=update.wire(), headers=headers, timeout=_ANSWER_WITHIN
            ) as response:
                if 200 <= response.status < 300:
                    return True
                self.last_error = f"Wrong response from the webhook: {response.status} {response.reason}"
        except TimeoutError:
            self.last_error = "Read timeout expired"
        except (aiohttp.ClientError, ValueError):
            self.last_error = "Connection refused"
        self.last_error_at = self._clock.now()
        return False

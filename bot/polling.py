"""Updates in by long polling. Source: Bot API, ``getUpdates``.

Telegram is told that an update arrived by the offset of the next call, which is made after the commit. The library's
own updater confirms updates that it merely holds in memory, and a kill loses those.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from structlog import get_logger
from telegram.error import Conflict, InvalidToken, TelegramError
from telegram.ext import ExtBot

from bot.errors import OperatorError
from bot.update_queue import ALLOWED_UPDATES, UpdateQueue
from services.clock import Clock
from services.http_requests import reason
from services.inbox import Arrived
from services.retries import OUTAGE, persistently, through_outages
from services.telemetry import Contact

POLL_SECONDS = 50
"""How long Telegram may hold a call open while there is nothing new."""

READ_MARGIN_SECONDS = 15.0
"""What the answer may take beyond that."""

MOST_AT_ONCE = 100
"""Updates that one call brings at most; so many say that more may wait. Source: Bot API, ``getUpdates``, ``limit``."""

log = get_logger(__name__)


class PollingBot(ExtBot[None]):
    """The library's bot, which can also hand out updates as they came."""

    __slots__ = ()

    async def raw_updates(self, offset: int | None, hold: int, kinds: Sequence[str]) -> Sequence[object]:
        """New updates, unread: the library's own method fails as a whole where one of them cannot be read.

        Args:
            offset: The first one's number; those before it are confirmed. None: from the oldest.
            hold: Seconds that Telegram may hold the call open while there are none.
        """
        parameters = {"offset": offset, "timeout": hold, "allowed_updates": kinds}
        found = await self._post("getUpdates", parameters, read_timeout=hold + READ_MARGIN_SECONDS)
        return found if isinstance(found, list) else []


@dataclass(slots=True)
class Poller:
    """Fetches updates until it is cancelled."""

    bot: PollingBot
    queue: UpdateQueue
    contact: Contact
    """Whether updates are being taken."""
    clock: Clock
    kinds: Sequence[str] = ALLOWED_UPDATES

    async def run(self) -> None:
        """Poll; a webhook that is in the way is removed."""
        offset: int | None = None
        # The first call returns at once: then it is known that updates can be had.
        hold = 0
        while True:
            try:
                found: Sequence[object] = await persistently(self.clock.sleep, self._say)(self._fetch, offset, hold)
            except InvalidToken:
                # Only fetching updates can tell: the library makes the same error of a method that a server lacks.
                raise OperatorError("TELEGRAM_BOT_TOKEN was revoked; set the new one from @BotFather") from None
            updates = [update for data in found if (update := self.queue.read(data)) is not None]
            if updates:
                await through_outages(self.clock.sleep, self._take, updates)
                offset = max(update.update_id for update in updates) + 1
            self.contact.answered()
            if len(found) < MOST_AT_ONCE:
                self.queue.inbox.fetched = True
            hold = POLL_SECONDS

    async def _fetch(self, offset: int | None, hold: int) -> Sequence[object]:
        try:
            return await self.bot.raw_updates(offset, hold, self.kinds)
        except Conflict as error:
            if "webhook" in error.message.lower():
                await self._remove_webhook()
            else:
                hint = "stop the other process that runs with this token, or use a webhook"
                log.error("another_process_polls", hint=hint)
            raise

    async def _remove_webhook(self) -> None:
        """Polling and a webhook exclude each other; an earlier set-up left one."""
        try:
            await self.bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            log.warning("webhook_not_removed", error=type(error).__name__)
        else:
            log.warning("webhook_removed", reason="WEBHOOK_URL is not set, so the bot polls")

    async def _take(self, updates: Sequence[Arrived]) -> None:
        try:
            await self.queue.take(updates)
        except OUTAGE as error:
            self.contact.failed()
            log.warning("inbox_met_an_outage", error=type(error).__name__)
            raise

    def _say(self, error: BaseException | None, attempt: int) -> None:
        self.contact.failed()
        if not isinstance(error, Conflict):
            log.warning("telegram_not_reached", error=reason(error), attempt=attempt)

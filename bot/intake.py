"""Updates in, from the inbox to the handlers: the half of the process that people talk to."""

import asyncio
from contextlib import suppress
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram.ext import ApplicationBuilder

from bot.conversation import build_conversation
from bot.core import Core
from bot.polling import Poller
from bot.settings import Settings
from bot.supervision import Work
from bot.telegram_session import PollingBot
from bot.update_queue import UpdateQueue
from bot.webhook import Webhook, WebhookKeeper
from services.clock import Clock
from services.contact import Contact
from services.generations.worker import Members
from services.inbox import Inbox
from services.store.database import Database

LOOK_SECONDS = 5.0
"""Time between two searches for updates that a dead process took."""

GIVE_BACK_SECONDS = 1.0

log = get_logger(__name__)


class Intake:
    """Takes updates and handles them.

    Args:
        settings: The settings.
        database: Holds the inbox.
        bot: The bot, connected.
        core: The services.
        clock: Tells the time.
        owner: This process; unique among those that live.
        members: The processes of the bot.
        webhook: The route that Telegram calls, or None under polling.

    Attributes:
        contact: Whether updates are being taken.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database,
        bot: PollingBot,
        core: Core,
        clock: Clock,
        owner: str,
        members: Members,
        webhook: Webhook | None,
    ) -> None:
        self._settings = settings
        self._bot = bot
        self._clock = clock
        self._sleep = core.sleep
        self._is_alone = database.is_sqlite
        self._application = ApplicationBuilder().bot(bot).updater(None).build()
        self._conversation = build_conversation(self._application, database, core, settings, clock)
        self._webhook = webhook
        self.contact = Contact(clock)
        self._members = members
        self.inbox = Inbox(database, clock, bot.id, owner)
        was_cut_short = self._conversation.errors.was_cut_short
        self.queue = UpdateQueue(self._application, self.inbox, was_cut_short, core.telemetry, clock)

    async def start(self) -> None:
        """Take up what an earlier process left."""
        await self._application.initialize()
        await self._conversation.resume(is_alone=self._is_alone)
        # What the only process finds is its predecessor's, whoever took it.
        await self.queue.take_over(() if self._is_alone else None)

    def works(self) -> list[Work]:
        """What runs until the process ends."""
        works: list[Work] = [self._conversation.publish, partial(self._conversation.sweep, self._sleep)]
        if not self._is_alone:
            works.append(self._keep)
        if self._webhook is None:
            works.append(Poller(self._bot, self.queue, self.contact, self._clock).run)
        else:
            self._webhook.open(self.queue)
            works.append(self._keeper().run)
        return works

    def _keeper(self) -> WebhookKeeper:
        secret = self._settings.webhook_secret.get_secret_value()
        return WebhookKeeper(self._bot, self._settings.webhook_url, secret, self.contact, self._sleep)

    async def close(self) -> None:
        """Take no more updates, let handlers at work end, show the cards that are due."""
        if self._webhook is not None:
            self._webhook.close()
        await self.queue.close()
        if not self._is_alone:
            with suppress(SQLAlchemyError, OSError):
                async with asyncio.timeout(GIVE_BACK_SECONDS):
                    await self.inbox.give_back()
        await self._conversation.close()

    async def shutdown(self) -> None:
        """Let go of the connections to Telegram, last of all."""
        await self._application.shutdown()

    async def _keep(self) -> None:
        """Handle what dead processes took."""
        while True:
            await self._sleep(LOOK_SECONDS)
            try:
                await self.queue.take_over(await self._members.alive())
            except (SQLAlchemyError, OSError) as error:
                log.warning("inbox_met_an_outage", error=type(error).__name__)

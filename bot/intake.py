"""Updates in, from the inbox to the handlers: the half of the process that people talk to."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from functools import partial

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram.ext import ApplicationBuilder

from bot.conversation import build_conversation
from bot.core import Core
from bot.group_commit import GroupCommit
from bot.handling import UpdateHandler
from bot.lanes import Lanes
from bot.rush import Rush
from bot.settings import Settings
from bot.sieve import is_foreign_talk
from bot.supervision import Work, keep_running
from bot.telegram_session import PollingBot
from bot.updates import OVERHEARD, Incoming, Poller, Taking
from bot.webhook import Webhook, WebhookKeeper
from handlers.addressing import BotName
from services.clock import Clock
from services.contact import Contact
from services.generations.worker import Members
from services.inbox import Arrived, Inbox
from services.store.database import Database
from services.tasks import Tasks

LOOK_SECONDS = 5.0
"""Time between two searches for updates that a dead process took."""

GIVE_BACK_SECONDS = 1.0

DRAIN_SECONDS = 1.5
"""What handlers at work are given at the end; the inbox has the updates of those that do not make it."""

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
        self._sleep = core.sleep
        self._is_alone = database.is_sqlite
        self._application = ApplicationBuilder().bot(bot).updater(None).build()
        self._conversation = build_conversation(self._application, database, core, settings, clock)
        self._handling = Tasks()
        self._webhook = webhook
        self.contact = Contact(clock)
        self._members = members
        self.inbox = Inbox(database, clock, bot.id, owner)
        self._rush = Rush(clock)
        # It outlives the rest of the work: handlers that end while the process stops are to be remembered.
        self._committing = Tasks()
        self._handled = GroupCommit(self.inbox.handled)
        self._handler = UpdateHandler(
            self._application, self.inbox, self._handled.put, self._conversation.errors.was_cut_short, core.sleep
        )
        self.lanes = Lanes(self._handle, self._handling, core.sleep)
        self._is_talk = partial(is_foreign_talk, bot=BotName(bot.id, bot.username))
        self._taking = Taking(self.inbox, self.lanes, core.telemetry)

    async def start(self) -> None:
        """Take up what an earlier process left."""
        await self._application.initialize()
        self._committing.start(keep_running(self._handled.run, self._sleep), name="handled")
        await self._conversation.resume(is_alone=self._is_alone)
        # What the only process finds is its predecessor's, whoever took it.
        self.lanes.push(await self.inbox.take_over(() if self._is_alone else None))

    async def _handle(self, arrived: Arrived) -> bool:
        async with self._rush.turn():
            return await self._handler.handle(arrived)

    async def _take(self, items: Sequence[Incoming]) -> None:
        for item in items:
            if item.kind != OVERHEARD:
                self._rush.came()
        await self._taking.take(items)

    def works(self) -> list[Work]:
        """What runs until the process ends."""
        works: list[Work] = [self._conversation.publish, partial(self._conversation.sweep, self._sleep)]
        if not self._is_alone:
            works.append(self._keep)
        if self._webhook is None:
            works.append(Poller(self._bot, self._taking.take, self._is_talk, self.contact, self._sleep).run)
        else:
            commits = GroupCommit(self._take)
            self._webhook.open(commits.put, self._is_talk)
            works += [commits.run, self._keeper().run]
        return works

    def _keeper(self) -> WebhookKeeper:
        secret = self._settings.webhook_secret.get_secret_value()
        return WebhookKeeper(self._bot, self._settings.webhook_url, secret, self.contact, self._sleep)

    async def close(self) -> None:
        """Take no more updates, let handlers at work end, show the cards that are due."""
        if self._webhook is not None:
            self._webhook.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._handling.drain()
        await self._handling.cancel()
        await self._committing.cancel()
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
                self.lanes.push(await self.inbox.take_over(await self._members.living()))
            except (SQLAlchemyError, OSError) as error:
                log.warning("inbox_met_an_outage", error=type(error).__name__)

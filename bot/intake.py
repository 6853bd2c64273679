"""The half of the process that people talk to: updates in, and the handlers."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Self

from structlog import get_logger

from bot.polling import Poller, PollingBot
from bot.update_queue import UpdateQueue, wanted_updates
from bot.webhook import Webhook, WebhookKeeper
from handlers.context import BotApplication
from handlers.routing import make_application
from services.access import CLAIM_PREFIX
from services.cluster import Alone, Membership
from services.inbox import Inbox
from services.retries import OUTAGE
from services.services import Services
from services.telemetry import Contact

LOOK_SECONDS = 5.0
"""Time between two searches for updates that a dead process took."""

GIVE_BACK_SECONDS = 1.0

Work = Callable[[], Awaitable[object]]
"""Runs until it is cancelled, or returns when it has nothing (more) to do."""

log = get_logger(__name__)


@dataclass(slots=True)
class Intake:
    """Takes updates from :meth:`start` to :meth:`close`."""

    bot: PollingBot
    services: Services
    members: Membership | Alone
    webhook: Webhook | None
    """None for long polling."""
    application: BotApplication
    inbox: Inbox
    queue: UpdateQueue
    contact: Contact
    """Whether updates are being taken."""

    @classmethod
    def of(cls, bot: PollingBot, services: Services, members: Membership | Alone, webhook: Webhook | None) -> Self:
        """Build it; nothing is taken yet."""
        application = make_application(bot, services)
        inbox = Inbox(services.database, services.clock, bot.id, members.executor_id)
        queue = UpdateQueue(application, inbox, services.cut_short, services.clock)
        return cls(bot, services, members, webhook, application, inbox, queue, Contact(services.clock))

    async def start(self) -> None:
        """Take up what an earlier process left."""
        services = self.services
        await self.application.initialize()
        if services.database.is_sqlite:
            await services.cards.release_all()
        await services.card_timers.sweep()
        code = await services.claim_link.claim_link_code()
        if code is not None:
            link = f"https://t.me/{self.bot.username}?start={CLAIM_PREFIX}{code}"
            log.warning("no admin yet: whoever opens this link first is the admin", link=link)
        await self.queue.take_over(await self.members.alive())

    def works(self) -> list[Work]:
        """What runs until the process ends."""
        bot, services, clock = self.bot, self.services, self.services.clock
        kinds = wanted_updates(inline=bool(bot.supports_inline_queries), sells=services.sales.is_open)
        works: list[Work] = [partial(_publish_profile, services), services.card_timers.run]
        if not services.database.is_sqlite:
            works.append(self._take_over)
        if self.webhook is None:
            return [*works, Poller(bot, self.queue, self.contact, clock, kinds).run]
        self.webhook.open(self.queue)
        return [*works, WebhookKeeper(bot, self.webhook, self.contact, clock.sleep, kinds).run]

    async def _take_over(self) -> None:
        """Handle what dead processes took."""
        while True:
            await self.services.clock.sleep(LOOK_SECONDS)
            try:
                await self.queue.take_over(await self.members.alive())
            except OUTAGE as error:
                log.warning("inbox_met_an_outage", error=type(error).__name__)

    async def close(self) -> None:
        """Take no more updates, let handlers at work end, show the cards that are due."""
        if self.webhook is not None:
            self.webhook.close()
        await self.queue.close()
        if not self.services.database.is_sqlite:
            with suppress(*OUTAGE):
                async with asyncio.timeout(GIVE_BACK_SECONDS):
                    await self.inbox.give_back()
        await self.services.card_timers.close()


async def _publish_profile(services: Services) -> None:
    """Register commands and descriptions; what fails is logged by itself."""
    await services.profile.publish(await services.access.admin_ids())

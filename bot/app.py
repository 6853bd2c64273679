"""The running bot: everything in one process, from the first connection to the last commit."""

import asyncio
import gc
import os
import secrets
import signal
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from math import inf

from structlog import get_logger

from bot.data_dir import exclusive_data_dir, prepare_data_dir, remove_engine_files
from bot.errors import STATUS_CONFIGURATION, OperatorError
from bot.health import TELEGRAM_SILENCE, Monitoring
from bot.http import http_server
from bot.logs import install_loop_handler
from bot.outbox import Outbox
from bot.polling import Poller, PollingBot
from bot.settings import Settings
from bot.settings_loading import ignored_proxies
from bot.telegram_session import connect, make_bot
from bot.update_queue import UpdateQueue, wanted_updates
from bot.webhook import Webhook, WebhookKeeper
from bot.wiring import open_services
from handlers.routing import make_application
from services.access import CLAIM_PREFIX
from services.cards.store import release_all
from services.clock import Clock
from services.cluster import Alone, Membership
from services.retention import prune_hourly
from services.retries import OUTAGE, through_outages
from services.services import Services
from services.store.database import Database, DatabaseError, DatabaseHeldError, open_database
from services.store.engines import is_sqlite
from services.telemetry import Contact

STOP_SECONDS = 8.0
"""After so long a stop is final, whatever still hangs; it was asked to end within ten seconds."""

LATE_SECONDS = 3.0
"""A database that takes longer to open is held by another process, most likely."""

PAUSE_SECONDS = 2.0
"""Before what failed begins again."""

LOOK_SECONDS = 5.0
"""Time between two searches for updates that a dead process took."""

GIVE_BACK_SECONDS = 1.0

Work = Callable[[], Awaitable[object]]
"""Runs until it is cancelled, or returns when it has nothing (more) to do."""

log = get_logger(__name__)


class Role(Enum):
    """What a process does."""

    ALL = "run"
    """Everything, alone or among others."""
    WEB = "web"
    """Takes updates, and handles them."""
    WORKER = "worker"
    """Works on generations."""


def run_bot(settings: Settings, role: Role = Role.ALL) -> int:
    """Run until a signal asks to stop, and return the exit status, 0; ``OperatorError`` says what stands in the way."""
    if is_sqlite(settings.effective_database_url):
        if role is not Role.ALL:
            problem = f"DATABASE_URL must be a postgresql:// address for `{role.value}`; with SQLite, use `run`"
            raise OperatorError(problem, STATUS_CONFIGURATION)
        with exclusive_data_dir(settings.data_dir):
            remove_engine_files(settings.data_dir)
            asyncio.run(_until_signalled(settings, role))
    else:
        prepare_data_dir(settings.data_dir)
        asyncio.run(_until_signalled(settings, role))
    return 0


async def _until_signalled(settings: Settings, role: Role) -> None:
    stop = asyncio.Event()

    def ask_to_stop() -> None:
        if not stop.is_set():
            log.info("stopping")
            stop.set()
            last_resort = threading.Timer(STOP_SECONDS, os._exit, (0,))
            last_resort.daemon = True
            last_resort.start()

    install_loop_handler(asyncio.get_running_loop())
    if names := ignored_proxies():
        hint = "they count for nothing; set TELEGRAM_PROXY_URL for a proxy to Telegram"
        log.warning("proxies_ignored", names=", ".join(names), hint=hint)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask_to_stop)
    # What the start has made stays: going through it at each collection would stop everything for 100 ms.
    await Process(settings, stop, Clock(), gc.freeze, role).run()


@dataclass(slots=True)
class Intake:
    """The half of the process that people talk to: updates in, and the handlers."""

    bot: PollingBot
    services: Services
    members: Membership | Alone
    webhook: Webhook | None
    """None for long polling."""
    queue: UpdateQueue
    contact: Contact
    """Whether updates are being taken."""

    async def start(self) -> None:
        """Take up what an earlier process left."""
        services = self.services
        await self.queue.application.initialize()
        if services.database.is_sqlite:
            await services.database.write(release_all, durable=False)
        await services.card_timers.sweep()
        code = secrets.token_urlsafe(18)
        if await services.access.offer_claim(code):
            link = f"https://t.me/{self.bot.username}?start={CLAIM_PREFIX}{code}"
            log.warning("no admin yet: whoever opens this link first is the admin", link=link)
        await self._handle_abandoned()

    def works(self) -> list[Work]:
        """What runs until the process ends."""
        bot, services, clock = self.bot, self.services, self.services.clock
        kinds = wanted_updates(inline=bool(bot.supports_inline_queries), sells=services.sales.is_open)
        works: list[Work] = [partial(_publish_profile, services), services.card_timers.run]
        if not services.database.is_sqlite:
            works.append(self._watch_abandoned)
        if self.webhook is None:
            return [*works, Poller(bot, self.queue, self.contact, clock, kinds).run]
        # Telegram sends what waited when it likes, and does not say when that was all.
        self.queue.inbox.fetched = True
        self.webhook.queue = self.queue
        return [*works, WebhookKeeper(bot, self.webhook, self.contact, clock.sleep, kinds).run]

    async def _handle_abandoned(self) -> None:
        """Handle what dead processes took."""
        self.queue.handle(await self.queue.inbox.take_abandoned(await self.members.alive()))

    async def _watch_abandoned(self) -> None:
        while True:
            await self.services.clock.sleep(LOOK_SECONDS)
            try:
                await self._handle_abandoned()
            except OUTAGE as error:
                log.warning("inbox_met_an_outage", error=type(error).__name__)

    async def close(self) -> None:
        """Take no more updates, let handlers at work end, show the cards that are due."""
        if self.webhook is not None:
            self.webhook.queue = None
        await self.queue.close()
        if not self.services.database.is_sqlite:
            with suppress(*OUTAGE):
                async with asyncio.timeout(GIVE_BACK_SECONDS):
                    await self.services.inbox.give_back()
        await self.services.card_timers.close()


async def _publish_profile(services: Services) -> None:
    """Register commands and descriptions; what fails is logged by itself."""
    await services.profile.publish(await services.access.admin_ids())


@dataclass(slots=True)
class Process:
    """The bot in a running event loop."""

    settings: Settings
    stop: asyncio.Event
    """Set to end it."""
    clock: Clock
    ready: Callable[[], None] = lambda: None
    """Called once the process does its work."""
    role: Role = Role.ALL

    async def run(self) -> None:
        """Run until asked to stop, which may come at any moment of the start, too; raises as :func:`run_bot` does."""
        working = asyncio.create_task(self._run())
        stopping = asyncio.create_task(self.stop.wait())
        try:
            await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            working.cancel()
            with suppress(asyncio.CancelledError):
                await working
        log.info("stopped")

    async def _run(self) -> None:
        settings, clock, webhook = self.settings, self.clock, None
        monitoring, outbox = Monitoring(settings.genaipro_requests_per_minute, clock), Outbox(clock=clock)
        if settings.webhook_url and self.role is not Role.WORKER:
            webhook = Webhook(settings.webhook_url, settings.webhook_secret.get_secret_value())
        async with AsyncExitStack() as stack:
            database = await _open_database(settings.effective_database_url)
            stack.push_async_callback(database.close)
            monitoring.watch_database(database)
            routes = monitoring.routes() + ([webhook] if webhook else [])
            await stack.enter_async_context(http_server(settings.http_host, settings.http_port, routes))
            bot = make_bot(settings, monitoring.telegram, outbox)
            # A worker that has nothing to send does not hear from Telegram.
            monitoring.watch_telegram(outbox, inf if self.role is Role.WORKER else TELEGRAM_SILENCE)
            stack.push_async_callback(bot.shutdown)
            await connect(bot)
            members = self._membership(database, outbox)
            services = await open_services(stack, settings, database, bot, members, monitoring.times, clock)
            queue = UpdateQueue(make_application(bot, services), services.inbox, clock)
            await self._work(Intake(bot, services, members, webhook, queue, Contact(clock)), monitoring, outbox)

    def _membership(self, database: Database, outbox: Outbox) -> Membership | Alone:
        # A new name for each start: what bears another one is a dead process's, and goes on at once.
        name = f"{socket.gethostname()}-{secrets.token_hex(6)}"
        if database.is_sqlite:
            return Alone(name)
        works = self.role is not Role.WEB
        return Membership(database, name, self.clock.sleep, is_worker=works, on_count=outbox.share)

    async def _work(self, intake: Intake, monitoring: Monitoring, outbox: Outbox) -> None:
        services, members = intake.services, intake.members
        works: list[Work] = [services.changes.run, monitoring.loop.run, services.receipts.run, members.run]
        try:
            await members.join()
            if self.role is not Role.WEB:
                works += _worker_works(services, outbox)
                monitoring.watch_worker(services)
            if self.role is not Role.WORKER:
                await through_outages(self.clock.sleep, intake.start)
                works += intake.works()
                monitoring.watch_updates(intake.contact, lambda: intake.queue.waiting)
            monitoring.is_at_work = True
            log.info("ready", bot=f"@{intake.bot.username}", role=self.role.value)
            self.ready()
            async with asyncio.TaskGroup() as group:
                for work in works:
                    group.create_task(keep_running(work))
        except* OperatorError as failed:
            raise failed.exceptions[0] from None
        finally:
            monitoring.is_at_work = False
            # In the order in which work flows; what is in flight goes on after the next start.
            await intake.close()
            if self.role is not Role.WEB:
                await services.worker.close()
            await members.leave()
            await services.tasks.cancel()
            await intake.queue.application.shutdown()


async def _open_database(url: str) -> Database:
    """Open it; while another process holds it, wait and say so."""
    say = partial(log.warning, "database_is_held", hint="another process holds its lock; waiting")
    while True:
        late = asyncio.get_running_loop().call_later(LATE_SECONDS, say)
        try:
            return await open_database(url)
        except DatabaseHeldError:
            continue
        except DatabaseError as error:
            raise OperatorError(str(error)) from error
        finally:
            late.cancel()


def _worker_works(services: Services, outbox: Outbox) -> list[Work]:
    """What runs until the process ends where it works on generations."""
    return [
        services.worker.run,
        services.cancel_scopes.run,
        services.progress_log.run,
        *([services.payment_upkeep.run] if services.sales.has_books else []),
        partial(services.status.tick, services.clock.sleep, outbox.room),
        partial(prune_hourly, services.database, services.clock),
    ]


async def keep_running(work: Work) -> None:
    """Run some work, again whenever it fails, so that the rest goes on; only an ``OperatorError`` ends the process."""
    while True:
        try:
            await work()
        except OperatorError:
            raise
        except Exception:
            log.exception("work_failed", work=getattr(work, "__qualname__", type(work).__name__))
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return

"""The running bot: everything in one process, from the first connection to the last commit."""

import asyncio
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from enum import Enum
from functools import partial
from math import inf

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger

from bot.data_dir import exclusive_data_dir, prepare_data_dir, remove_engine_files
from bot.errors import STATUS_CONFIGURATION, OperatorError
from bot.health import TELEGRAM_SILENCE, Monitoring
from bot.housekeeping import Housekeeping
from bot.http import HttpServer
from bot.logs import install_loop_handler
from bot.memory import keep_to_one_arena, spare_the_collector
from bot.outbox import Outbox
from bot.polling import Poller
from bot.settings import Settings
from bot.stopping import StopRequestedError, unless_stopped
from bot.supervision import TokenRevokedError, Work, keep_running
from bot.telegram_session import PollingBot, connect, ignored_proxies, make_bot
from bot.update_queue import UpdateQueue, wanted_updates
from bot.webhook import Webhook, WebhookKeeper
from bot.wiring import open_services
from handlers.context import BotApplication
from handlers.routing import make_application
from services.access import CLAIM_PREFIX
from services.clock import Clock, SystemClock
from services.cluster import Alone, Membership
from services.generations.outages import through_outages
from services.inbox import Inbox
from services.services import Services
from services.store.database import (
    Database,
    DatabaseError,
    DatabaseHeldError,
    open_database,
)
from services.store.engines import is_sqlite
from services.telemetry import Contact

STOP_SECONDS = 8.0
"""After so long a stop is final, whatever still hangs; it was asked to end within ten seconds."""

LATE_SECONDS = 3.0
"""A database that takes longer to open is held by another process, most likely."""

LOOK_SECONDS = 5.0
"""Time between two searches for updates that a dead process took."""

GIVE_BACK_SECONDS = 1.0

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
    """Run until a signal asks to stop.

    Args:
        settings: With token and key.
        role: What this process does.

    Returns:
        The exit status, 0.

    Raises:
        OperatorError: Something stands in the way: the data directory, the database, the token, the port.
    """
    keep_to_one_arena()
    if is_sqlite(settings.effective_database_url):
        if role is not Role.ALL:
            raise OperatorError(
                f"DATABASE_URL must be a postgresql:// address for `{role.value}`; with SQLite, use `run`",
                STATUS_CONFIGURATION,
            )
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
    await Process(settings, stop, SystemClock(), spare_the_collector, role=role).run()


@dataclass(slots=True)
class Intake:
    """The half of the process that people talk to: updates in, and the handlers."""

    application: BotApplication
    inbox: Inbox
    queue: UpdateQueue
    contact: Contact
    """Whether updates are being taken."""


class Process:
    """The bot in a running event loop.

    Args:
        settings: With token and key.
        stop: Set to end it.
        clock: Tells the time.
        ready: Called once the process does its work.
        role: What it does.
    """

    def __init__(
        self,
        settings: Settings,
        stop: asyncio.Event,
        clock: Clock,
        ready: Callable[[], None] = lambda: None,
        role: Role = Role.ALL,
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._clock = clock
        self._ready = ready
        self._role = role
        self._monitoring = Monitoring(settings, clock)
        self._outbox = Outbox(clock=clock, sleep=clock.sleep)
        self._webhook: Webhook | None = None
        if settings.webhook_url and role is not Role.WORKER:
            secret = settings.webhook_secret.get_secret_value()
            self._webhook = Webhook(settings.webhook_url, secret, clock)

    async def run(self) -> None:
        """Run until asked to stop.

        Raises:
            OperatorError: Something stands in the way: the database, the token, the port.
        """
        async with AsyncExitStack() as stack:
            try:
                await self._run(stack)
            except StopRequestedError:
                log.info("stopped")

    async def _run(self, stack: AsyncExitStack) -> None:
        settings, clock = self._settings, self._clock
        database = await unless_stopped(self._stop, self._open_database())
        stack.push_async_callback(database.close)
        self._monitoring.watch_database(database)
        routes = self._monitoring.routes() + ([self._webhook.route()] if self._webhook else [])
        await stack.enter_async_context(HttpServer(settings.http_host, settings.http_port, routes))
        bot = make_bot(settings, self._monitoring.telegram, self._outbox)
        # A worker that has nothing to send does not hear from Telegram.
        self._monitoring.watch_telegram(self._outbox, inf if self._role is Role.WORKER else TELEGRAM_SILENCE)
        stack.push_async_callback(bot.shutdown)
        await unless_stopped(self._stop, connect(bot))
        # A new name for each start: what bears another one is a dead process's, and goes on at once.
        name = f"{socket.gethostname()}-{secrets.token_hex(6)}"
        works = self._role is not Role.WEB
        members = (
            Alone(name)
            if database.is_sqlite
            else Membership(database, name, clock.sleep, is_worker=works, on_count=self._outbox.share)
        )
        services = await open_services(stack, settings, database, bot, members, self._monitoring.times, clock)
        await self._work(bot, services, members)

    async def _open_database(self) -> Database:
        """Open it; while another process holds it, wait and say so."""
        url = self._settings.effective_database_url
        while True:
            opening = asyncio.ensure_future(open_database(url))
            try:
                await asyncio.wait({opening}, timeout=LATE_SECONDS)
                if not opening.done():
                    log.warning("database_is_held", hint="another process holds its lock; waiting")
                return await opening
            except DatabaseHeldError:
                continue
            except DatabaseError as error:
                raise OperatorError(str(error)) from error
            finally:
                opening.cancel()

    def _make_intake(self, bot: PollingBot, services: Services, members: Membership | Alone) -> Intake:
        application = make_application(bot, services)
        inbox = Inbox(services.database, self._clock, bot.id, members.executor_id)
        queue = UpdateQueue(application, inbox, services.cut_short, self._clock)
        return Intake(application, inbox, queue, Contact(self._clock))

    async def _work(self, bot: PollingBot, services: Services, members: Membership | Alone) -> None:
        intake = self._make_intake(bot, services, members)
        works: list[Work] = [services.changes.run, self._monitoring.loop.run, services.receipts.run]
        try:
            if isinstance(members, Membership):
                await members.join()
                works.append(members.run)
            if self._role is not Role.WEB:
                works += self._worker_works(services, intake)
                self._monitoring.watch_worker(services)
            if self._role is not Role.WORKER:
                starting = through_outages(self._clock.sleep, self._start_intake, intake, services, members)
                await unless_stopped(self._stop, starting)
                works += self._intake_works(bot, intake, services, members)
                self._monitoring.watch_updates(intake.contact, lambda: intake.queue.waiting)
            self._monitoring.started()
            log.info("ready", bot=f"@{bot.username}", role=self._role.value)
            self._ready()
            async with asyncio.TaskGroup() as group:
                for work in works:
                    group.create_task(keep_running(work))
                await self._stop.wait()
                raise StopRequestedError
        except* StopRequestedError:
            pass
        except* TokenRevokedError:
            raise OperatorError("TELEGRAM_BOT_TOKEN was revoked; set the new one from @BotFather") from None
        finally:
            self._monitoring.stopping()
            # In the order in which work flows; what is in flight goes on after the next start.
            await self._close_intake(intake, services, members)
            if self._role is not Role.WEB:
                await services.worker.close()
            if isinstance(members, Membership):
                await members.leave()
            await services.tasks.cancel()
            await intake.application.shutdown()
            log.info("stopped")

    def _worker_works(self, services: Services, intake: Intake) -> list[Work]:
        """What runs until the process ends where it works on generations."""
        housekeeping = Housekeeping(
            services.database, services.rows, services.results, intake.inbox, services.throttle, self._clock
        )
        return [
            services.worker.run,
            services.cancel_watch.run,
            services.progress_log.run,
            *([services.payment_upkeep.run] if services.sales.has_books else []),
            partial(services.board.tick, self._clock.sleep, self._outbox.room),
            housekeeping.run,
        ]

    async def _start_intake(self, intake: Intake, services: Services, members: Membership | Alone) -> None:
        """Take up what an earlier process left."""
        await intake.application.initialize()
        is_alone = isinstance(members, Alone)
        if is_alone:
            await services.cards.release_all()
        await services.card_timers.sweep()
        code = await services.claim_link.claim_link_code()
        if code is not None:
            link = f"https://t.me/{intake.application.bot.username}?start={CLAIM_PREFIX}{code}"
            log.warning("no admin yet: whoever opens this link first is the admin", link=link)
        # What the only process finds is its predecessor's, whoever took it.
        await intake.queue.take_over(() if is_alone else None)

    def _intake_works(
        self, bot: PollingBot, intake: Intake, services: Services, members: Membership | Alone
    ) -> list[Work]:
        """What runs until the process ends where it takes updates."""
        works: list[Work] = [partial(_publish_profile, services), services.card_timers.run]
        if isinstance(members, Membership):
            works.append(partial(self._take_over, intake.queue, members))
        kinds = wanted_updates(inline=bool(bot.supports_inline_queries), sells=self._settings.stars_per_video > 0)
        if self._webhook is None:
            works.append(Poller(bot, intake.queue, intake.contact, self._clock, kinds).run)
        else:
            self._webhook.open(intake.queue)
            secret = self._settings.webhook_secret.get_secret_value()
            url, sleep = self._settings.webhook_url, self._clock.sleep
            works.append(WebhookKeeper(bot, url, secret, intake.contact, sleep, kinds).run)
        return works

    async def _take_over(self, queue: UpdateQueue, members: Membership) -> None:
        """Handle what dead processes took."""
        while True:
            await self._clock.sleep(LOOK_SECONDS)
            try:
                await queue.take_over(await members.alive())
            except (SQLAlchemyError, OSError) as error:
                log.warning("inbox_met_an_outage", error=type(error).__name__)

    async def _close_intake(self, intake: Intake, services: Services, members: Membership | Alone) -> None:
        """Take no more updates, let handlers at work end, show the cards that are due."""
        if self._webhook is not None:
            self._webhook.close()
        await intake.queue.close()
        if isinstance(members, Membership):
            with suppress(SQLAlchemyError, OSError):
                async with asyncio.timeout(GIVE_BACK_SECONDS):
                    await intake.inbox.give_back()
        await services.card_timers.close()


async def _publish_profile(services: Services) -> None:
    """Register commands and descriptions; what fails is logged by itself."""
    await services.profile.publish(await services.access.admin_ids())

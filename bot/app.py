"""The running bot: everything in one process, from the first connection to the last commit."""

import asyncio
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack
from enum import Enum
from functools import partial
from math import inf

from structlog import get_logger
from telegram.ext import ExtBot

from bot.core import Core, build_core
from bot.data_dir import exclusive_data_dir, prepare_data_dir, remove_engine_files
from bot.errors import STATUS_CONFIGURATION, OperatorError
from bot.ground import Ground, Sleep
from bot.housekeeping import Housekeeping
from bot.http import HttpServer
from bot.intake import Intake
from bot.logs import install_loop_handler
from bot.memory import keep_to_one_arena, spare_the_collector
from bot.monitoring import TELEGRAM_SILENCE, Monitoring
from bot.outbox import Outbox
from bot.settings import Settings
from bot.stopping import StopRequestedError, unless_stopped
from bot.supervision import TokenRevokedError, Work, keep_running
from bot.telegram_session import PollingBot, connect, ignored_proxies, make_bot
from bot.webhook import Webhook
from services.clock import Clock, SystemClock
from services.cluster import Alone, Membership
from services.genaipro.rate_limit import ProcessRateLimit, SharedRateLimit
from services.generations.outages import through_outages
from services.store.database import (
    Database,
    DatabaseError,
    DatabaseHeldError,
    open_database,
)
from services.store.engines import is_sqlite

STOP_SECONDS = 8.0
"""After so long a stop is final, whatever still hangs; it was asked to end within ten seconds."""

LATE_SECONDS = 3.0
"""A database that takes longer to open is held by another process, most likely."""

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


class Process:
    """The bot in a running event loop.

    Args:
        settings: With token and key.
        stop: Set to end it.
        clock: Tells the time.
        ready: Called once the process does its work.
        role: What it does.
        sleep: Waits some seconds.
    """

    def __init__(
        self,
        settings: Settings,
        stop: asyncio.Event,
        clock: Clock,
        ready: Callable[[], None] = lambda: None,
        role: Role = Role.ALL,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._clock = clock
        self._ready = ready
        self._role = role
        self._sleep = sleep
        self._monitoring = Monitoring(settings, clock, sleep)
        self._webhook: Webhook | None = None
        if settings.webhook_url and role is not Role.WORKER:
            secret = settings.webhook_secret.get_secret_value()
            self._webhook = Webhook(settings.webhook_url, secret, self._monitoring.telemetry, clock)

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
        database = await unless_stopped(self._stop, self._open_database())
        stack.push_async_callback(database.close)
        self._monitoring.watch_database(database)
        routes = self._monitoring.routes() + ([self._webhook.route()] if self._webhook else [])
        http = HttpServer(self._settings.http_host, self._settings.http_port, routes)
        await stack.enter_async_context(http)
        bot = make_bot(self._settings, self._monitoring.telemetry, Outbox(clock=self._clock, sleep=self._sleep))
        # A worker that has nothing to send does not hear from Telegram.
        silence = inf if self._role is Role.WORKER else TELEGRAM_SILENCE
        self._monitoring.watch_bot(bot, silence)
        stack.push_async_callback(bot.shutdown)
        await unless_stopped(self._stop, connect(bot))
        # A new name for each start: what bears another one is a dead process's, and goes on at once.
        executor_id = f"{socket.gethostname()}-{secrets.token_hex(6)}"
        membership = None if database.is_sqlite else self._membership(database, bot, executor_id)
        core = await build_core(self._ground(database, bot, executor_id, membership), stack)
        await self._work(database, bot, core, executor_id, membership)

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

    def _membership(self, database: Database, bot: ExtBot[None], executor_id: str) -> Membership:
        works = self._role is not Role.WEB
        return Membership(database, executor_id, self._sleep, is_worker=works, on_count=_outbox(bot).share)

    def _ground(self, database: Database, bot: ExtBot[None], executor_id: str, membership: Membership | None) -> Ground:
        settings = self._settings
        per_minute = settings.genaipro_requests_per_minute
        if membership is None:
            pacer: ProcessRateLimit | SharedRateLimit = ProcessRateLimit(per_minute, self._clock, self._sleep)
        else:
            pacer = SharedRateLimit(per_minute, database, self._sleep)
        return Ground(
            settings=settings,
            database=database,
            bot=bot,
            clock=self._clock,
            sleep=self._sleep,
            executor_id=executor_id,
            members=membership or Alone(executor_id),
            pacer=pacer,
            telemetry=self._monitoring.telemetry,
        )

    async def _work(
        self, database: Database, bot: PollingBot, core: Core, executor_id: str, membership: Membership | None
    ) -> None:
        members = membership or Alone(executor_id)
        intake = Intake(self._settings, database, bot, core, self._clock, executor_id, members, self._webhook)
        works: list[Work] = [core.changes.run, self._monitoring.loop.run]
        try:
            if membership is not None:
                await membership.join()
                works.append(membership.run)
            if self._role is not Role.WEB:
                works += self._worker_works(database, bot, core, intake)
                self._monitoring.watch_worker(core)
            if self._role is not Role.WORKER:
                await unless_stopped(self._stop, through_outages(self._sleep, intake.start))
                works += intake.works()
                self._monitoring.watch_intake(intake)
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
            await intake.close()
            if self._role is not Role.WEB:
                await core.worker.close()
            if membership is not None:
                await membership.leave()
            await core.tasks.cancel()
            await intake.shutdown()
            log.info("stopped")

    def _worker_works(self, database: Database, bot: PollingBot, core: Core, intake: Intake) -> list[Work]:
        """What runs until the process ends where it works on generations."""
        housekeeping = Housekeeping(database, core.rows, core.results, intake.inbox, core.throttle, self._clock)
        return [
            core.worker.run,
            core.cancel_watch.run,
            core.progress_log.run,
            partial(core.board.tick, self._sleep, _outbox(bot).room),
            housekeeping.run,
        ]


def _outbox(bot: ExtBot[None]) -> Outbox:
    outbox = bot.rate_limiter
    assert isinstance(outbox, Outbox)
    return outbox

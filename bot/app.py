"""The running bot: everything in one process, from the first connection to the last commit."""

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import timedelta

from structlog import get_logger
from telegram.error import InvalidToken
from telegram.ext import ApplicationBuilder, ExtBot

from bot.conversation import Conversation, build_conversation
from bot.core import Core, Ground, build_core
from bot.data_dir import exclusive_data_dir
from bot.errors import OperatorError
from bot.housekeeping import Housekeeping
from bot.http import HttpServer, probe_route
from bot.lanes import Lanes
from bot.logs import install_loop_handler
from bot.settings import Settings
from bot.telegram_client import connect, make_bot
from bot.updates import AnyApplication, Poller, UpdateHandler, remove_left_over_webhook
from services.clock import Clock, SystemClock
from services.generations.engine import SINGLE_EXECUTOR
from services.inbox import Inbox
from services.store.database import Database, DatabaseError, open_database
from services.tasks import Tasks

STOP_SECONDS = 8.0
"""After so long a stop is final, whatever still hangs; it was asked to end within ten seconds."""

DRAIN_SECONDS = 1.5
"""What handlers at work are given; the inbox has the updates of those that do not make it."""

LEASE = timedelta(seconds=30)

log = get_logger(__name__)


class _StopRequestedError(Exception):
    """The process was asked to end."""


def run_bot(settings: Settings) -> int:
    """Run until a signal asks to stop.

    Args:
        settings: With token and key.

    Returns:
        The exit status, 0.

    Raises:
        OperatorError: Something stands in the way: the data directory, the database, the token, the port.
    """
    with exclusive_data_dir(settings.data_dir):
        asyncio.run(_until_signalled(settings))
    return 0


async def _until_signalled(settings: Settings) -> None:
    stop = asyncio.Event()

    def ask_to_stop() -> None:
        if not stop.is_set():
            log.info("stopping")
            stop.set()
            last_resort = threading.Timer(STOP_SECONDS, os._exit, (0,))
            last_resort.daemon = True
            last_resort.start()

    install_loop_handler(asyncio.get_running_loop())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ask_to_stop)
    await Process(settings, stop, SystemClock()).run()


class Process:
    """The bot in a running event loop; one at a time, for the job engine is one for each process.

    Args:
        settings: With token and key.
        stop: Set to end it.
        clock: Tells the time.
        ready: Called once updates are being taken.
    """

    def __init__(
        self, settings: Settings, stop: asyncio.Event, clock: Clock, ready: Callable[[], None] = lambda: None
    ) -> None:
        self._settings = settings
        self._stop = stop
        self._clock = clock
        self._ready = ready

    async def run(self) -> None:
        """Run until asked to stop.

        Raises:
            OperatorError: Something stands in the way: the database, the token, the port.
        """
        async with AsyncExitStack() as stack:
            database = await self._open_database(stack)
            http = HttpServer(
                self._settings.http_host,
                self._settings.http_port,
                [probe_route("/healthz", {"database": database.ping})],
            )
            await stack.enter_async_context(http)
            bot = make_bot(self._settings, self._clock)
            stack.push_async_callback(bot.shutdown)
            if not await self._connected(bot):
                return
            core = await build_core(self._ground(database, bot), stack)
            await self._work(database, bot, core)

    async def _open_database(self, stack: AsyncExitStack) -> Database:
        try:
            database = await open_database(self._settings.effective_database_url)
        except DatabaseError as error:
            raise OperatorError(str(error)) from error
        stack.push_async_callback(database.close)
        return database

    async def _connected(self, bot: ExtBot[None]) -> bool:
        """Whether Telegram was reached before the process was asked to stop."""
        connecting = asyncio.ensure_future(connect(bot))
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not connecting.done():
            connecting.cancel()
            with suppress(asyncio.CancelledError):
                await connecting
            return False
        connecting.result()
        return True

    def _ground(self, database: Database, bot: ExtBot[None]) -> Ground:
        jobs_url = self._settings.effective_database_url
        if database.is_sqlite:
            jobs_url = f"sqlite:///{self._settings.data_dir.absolute() / 'jobs.sqlite3'}"
        return Ground(self._settings, database, bot, self._clock, asyncio.sleep, SINGLE_EXECUTOR, jobs_url)

    async def _work(self, database: Database, bot: ExtBot[None], core: Core) -> None:
        application = ApplicationBuilder().bot(bot).updater(None).build()
        conversation = build_conversation(application, database, core, self._settings, self._clock)
        await application.initialize()
        inbox = Inbox(database, self._clock, SINGLE_EXECUTOR, LEASE)
        handling = Tasks()
        lanes = Lanes(UpdateHandler(application, inbox, asyncio.sleep).handle, handling)
        await core.engine.launch()
        lanes.push(await inbox.take_all_back())
        await conversation.resume()
        poller = Poller(bot, inbox, lanes, asyncio.sleep)
        housekeeping = Housekeeping(database, core.rows, core.engine, inbox, core.notices, self._clock, asyncio.sleep)
        log.info("ready", bot=f"@{bot.username}")
        self._ready()
        try:
            async with asyncio.TaskGroup() as group:
                for work in (
                    poller.run(),
                    core.dispatcher.run(),
                    core.cancel_watch.run(),
                    core.board.tick(asyncio.sleep),
                    core.changes.run(),
                    housekeeping.run(),
                    conversation.publish(),
                ):
                    group.create_task(work)
                await remove_left_over_webhook(bot)
                await self._stop.wait()
                raise _StopRequestedError
        except* _StopRequestedError:
            pass
        except* InvalidToken:
            raise OperatorError("TELEGRAM_BOT_TOKEN was revoked; set the new one from @BotFather") from None
        finally:
            await self._wind_down(core, conversation, handling, application)

    async def _wind_down(
        self, core: Core, conversation: Conversation, handling: Tasks, application: AnyApplication
    ) -> None:
        """Stop in the order in which work flows; what is in flight goes on after the next start."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await handling.drain()
        await handling.cancel()
        await conversation.close()
        await core.engine.shutdown()
        await core.tasks.cancel()
        await application.shutdown()
        log.info("stopped")

"""The owner is told that a new version cannot start, though the database, which knows the owner, cannot be used."""

import asyncio
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram.constants import ParseMode
from telegram.error import TelegramError

from bot.settings import Settings
from bot.telegram_session import make_bot
from services.alarm import TELL_EVERY
from services.clock import Clock, SystemClock
from services.store.old_engines import async_url, make_engine
from services.telemetry import Telemetry
from services.texts import Texts

TOLD_NAME = "told-of-failed-migration"
SECONDS = 10.0
"""What all of it may take: the process has something to say on its own, and ends."""

_ADMINS = text("SELECT subject_id FROM access WHERE kind = 'user' AND verdict = 'admin'")

log = get_logger(__name__)


async def tell_of_failed_migration(settings: Settings, clock: Clock) -> None:
    """Tell every admin, at most once an hour, however often the process is started again.

    Args:
        settings: With the token.
        clock: Tells the time.
    """
    told = settings.data_dir / TOLD_NAME
    if not await asyncio.to_thread(_is_due, told, clock):
        return
    try:
        async with asyncio.timeout(SECONDS):
            await _tell(settings, settings.admin_user_ids | await _claimed(settings))
    except TimeoutError:
        log.info("admin_not_told", error="TimeoutError")


def _is_due(told: Path, clock: Clock) -> bool:
    """Whether nobody was told within the last hour; from now on somebody was."""
    now = clock.now().timestamp()
    try:
        if timedelta(seconds=now - float(told.read_text())) < TELL_EVERY:
            return False
    except (OSError, ValueError):
        log.debug("nobody_told_yet")
    try:
        told.write_text(f"{now:.0f}")
    except OSError as error:
        log.info("telling_not_remembered", error=type(error).__name__)
    return True


async def _claimed(settings: Settings) -> set[int]:
    """The admin who came by the claim link, as far as the tables of the earlier version tell."""
    engine = make_engine(async_url(settings.effective_database_url))
    try:
        async with engine.connect() as connection:
            return set(await connection.scalars(_ADMINS))
    except (SQLAlchemyError, OSError) as error:
        log.info("admins_not_known", error=type(error).__name__)
        return set()
    finally:
        await engine.dispose()


async def _tell(settings: Settings, admin_ids: set[int] | frozenset[int]) -> None:
    words = Texts(settings.default_language).into(settings.default_language).html("alarm-migration")
    bot = make_bot(settings, Telemetry(CollectorRegistry(), SystemClock()))
    await bot.request.initialize()
    for admin_id in sorted(admin_ids):
        try:
            await bot.send_message(admin_id, words, parse_mode=ParseMode.HTML)
        except TelegramError as error:
            log.info("admin_not_told", error=type(error).__name__)
    await bot.request.shutdown()

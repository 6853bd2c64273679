"""What the services of a process stand on."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from telegram import Bot

from bot.settings import Settings
from services.clock import Clock
from services.genaipro.rate_limit import ProcessRateLimit, SharedRateLimit
from services.generations.worker import Members
from services.store.database import Database
from services.telemetry import Telemetry

Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Ground:
    """What the services stand on.

    Attributes:
        settings: The settings.
        database: The database.
        bot: The bot.
        clock: Tells the time.
        sleep: Waits some seconds.
        executor_id: This process; unique among those that ever were.
        members: The processes of the bot.
        pacer: The limit on calls to GenAIPro.
        telemetry: Counts.
    """

    settings: Settings
    database: Database
    bot: Bot
    clock: Clock
    sleep: Sleep
    executor_id: str
    members: Members
    pacer: ProcessRateLimit | SharedRateLimit
    telemetry: Telemetry

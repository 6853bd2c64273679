"""The bot as a client of the Bot API: addresses, connections, time limits, and the outbox in front of every call."""

from collections.abc import Sequence
from datetime import timedelta

from structlog import get_logger
from telegram.error import InvalidToken, TelegramError
from telegram.ext import ExtBot
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    retry_if_not_exception_type,
    wait_exponential,
)

from bot.errors import OperatorError
from bot.rate_limiter import Outbox, Sleep
from bot.settings import Settings
from bot.telegram_request import TelegramRequest
from services.clock import Clock
from services.telemetry import Telemetry

CONNECTIONS = 64
"""Calls to Telegram at once; the outbox lets fewer through."""

PATIENCE = timedelta(seconds=20)
"""How long Telegram may take to answer a small call."""

log = get_logger(__name__)


class PollingBot(ExtBot[None]):
    """The library's bot, which can also hand out updates as they came."""

    __slots__ = ()

    async def raw_updates(self, offset: int | None, hold: int, kinds: Sequence[str], margin: float) -> Sequence[object]:
        """New updates, unread: the library's own method fails as a whole where one of them cannot be read.

        Args:
            offset: The first one's number; those before it are confirmed. None: from the oldest.
            hold: Seconds that Telegram may hold the call open while there are none.
            kinds: What is wanted.
            margin: Seconds that the answer may take beyond that.

        Raises:
            telegram.error.TelegramError: Any failure.
        """
        found = await self._post(
            "getUpdates", {"offset": offset, "timeout": hold, "allowed_updates": kinds}, read_timeout=hold + margin
        )
        return found if isinstance(found, list) else []


def make_bot(settings: Settings, clock: Clock, sleep: Sleep, telemetry: Telemetry) -> PollingBot:
    """The bot, not connected yet.

    Args:
        settings: Token and addresses.
        clock: Tells the outbox the time.
        sleep: Lets the outbox wait some seconds.
        telemetry: Counts the calls.
    """
    seconds = PATIENCE.total_seconds()
    request = TelegramRequest(
        telemetry,
        CONNECTIONS,
        read_timeout=seconds,
        write_timeout=seconds,
        connect_timeout=10,
        pool_timeout=30,
    )
    polling = TelegramRequest(telemetry, 2, connect_timeout=10, pool_timeout=10)
    return PollingBot(
        settings.telegram_bot_token.get_secret_value(),
        base_url=f"{settings.telegram_api_url}/bot",
        base_file_url=f"{settings.telegram_api_url}/file/bot",
        request=request,
        get_updates_request=polling,
        rate_limiter=Outbox(clock=clock, sleep=sleep),
        local_mode=settings.telegram_local_mode,
    )


async def connect(bot: ExtBot[None]) -> None:
    """Learn who the bot is; waits, and says so, for as long as Telegram cannot be reached.

    Raises:
        OperatorError: Telegram refuses the token.
    """
    try:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(TelegramError) & retry_if_not_exception_type(InvalidToken),
            wait=wait_exponential(multiplier=0.5, max=15),
            before_sleep=_say,
            reraise=True,
        ):
            with attempt:
                await bot.initialize()
    except InvalidToken:
        # The library's message quotes the token.
        raise OperatorError(
            "TELEGRAM_BOT_TOKEN was refused by Telegram; copy it again from @BotFather (/mybots, API Token)"
        ) from None


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    log.warning("telegram_not_reached", error=type(error).__name__, attempt=state.attempt_number, waiting=True)

"""Updates in: fetched by long polling, committed to the inbox, then handled. Source: Bot API, ``getUpdates``.

Telegram is told that an update arrived by the offset of the next call, which is made after the commit. The library's
own updater confirms updates that it merely holds in memory, and a kill loses those.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, retry_if_exception_type, wait_random_exponential

from bot.lanes import Lanes, lane_of
from services.inbox import Arrived, Inbox

ALLOWED_UPDATES = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
"""The kinds of updates the bot is sent."""

POLL_SECONDS = 50
"""How long Telegram may hold a call open while there is nothing new."""

READ_MARGIN_SECONDS = 15.0

log = get_logger(__name__)

AnyApplication = Application[Any, Any, Any, Any, Any, Any]
Sleep = Callable[[float], Awaitable[None]]


class UpdateHandler:
    """Turns a stored update into calls of the handlers.

    Args:
        application: Holds the handlers; it catches and reports their errors.
        inbox: Is told when an update was handled.
        sleep: Waits some seconds.
    """

    def __init__(self, application: AnyApplication, inbox: Inbox, sleep: Sleep) -> None:
        self._application = application
        self._inbox = inbox
        self._sleep = sleep

    async def handle(self, arrived: Arrived) -> None:
        """Handle one update, and forget it."""
        update = Update.de_json(json.loads(arrived.payload), self._application.bot)
        await self._application.process_update(update)
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((SQLAlchemyError, OSError)),
            wait=wait_random_exponential(max=10),
            sleep=self._sleep,
        ):
            with attempt:
                await self._inbox.handled(arrived.update_id)


def arrived(update: Update) -> Arrived:
    """An update of the library as the inbox keeps it."""
    return Arrived(update.update_id, lane_of(update), update.to_json())


class Poller:
    """Fetches updates until it is cancelled.

    Args:
        bot: Makes the calls.
        inbox: Keeps the updates.
        lanes: Handles them.
        sleep: Waits some seconds.
    """

    def __init__(self, bot: Bot, inbox: Inbox, lanes: Lanes, sleep: Sleep) -> None:
        self._bot = bot
        self._inbox = inbox
        self._lanes = lanes
        self._sleep = sleep

    async def run(self) -> None:
        """Poll.

        Raises:
            InvalidToken: Telegram refuses the token.
        """
        offset: int | None = None
        while True:
            updates = await self._fetch(offset)
            await self._keep(updates)
            if updates:
                offset = updates[-1].update_id + 1

    async def _fetch(self, offset: int | None) -> Sequence[Update]:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            wait=_pause,
            before_sleep=_say,
            sleep=self._sleep,
            reraise=True,
        ):
            with attempt:
                return await self._bot.get_updates(
                    offset=offset,
                    timeout=POLL_SECONDS,
                    allowed_updates=ALLOWED_UPDATES,
                    read_timeout=READ_MARGIN_SECONDS,
                )
        raise AssertionError("the retries end by returning or raising")

    async def _keep(self, updates: Sequence[Update]) -> None:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((SQLAlchemyError, OSError)),
            wait=wait_random_exponential(max=10),
            before_sleep=lambda state: log.warning("inbox_met_an_outage", attempt=state.attempt_number),
            sleep=self._sleep,
        ):
            with attempt:
                self._lanes.push(await self._inbox.store([arrived(update) for update in updates]))


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, TelegramError) and not isinstance(error, InvalidToken)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, RetryAfter):
        # Seconds as a number or as a duration, by the library's setting.
        asked = error.retry_after
        return asked.total_seconds() if hasattr(asked, "total_seconds") else float(asked)
    return wait_random_exponential(multiplier=0.5, max=30)(state)


def _say(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, Conflict):
        log.error("another_process_polls", hint="stop the other process that runs with this token, or use a webhook")
        return
    log.warning("telegram_not_reached", error=type(error).__name__, attempt=state.attempt_number)


async def remove_left_over_webhook(bot: Bot) -> None:
    """Polling and a webhook exclude each other: remove one that an earlier set-up left."""
    with suppress(RetryAfter):
        info = await bot.get_webhook_info()
        if info.url:
            await bot.delete_webhook(drop_pending_updates=False)
            log.warning("webhook_removed", reason="WEBHOOK_URL is not set, so the bot polls")

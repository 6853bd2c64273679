"""Updates in: fetched by long polling, committed to the inbox, then handled. Source: Bot API, ``getUpdates``.

Telegram is told that an update arrived by the offset of the next call, which is made after the commit. The library's
own updater confirms updates that it merely holds in memory, and a kill loses those.
"""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram import Bot, Update, WebhookInfo
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from telegram.ext import Application
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, retry_if_exception_type, wait_random_exponential

from bot.lanes import Lanes, lane_of
from bot.supervision import TokenRevokedError
from services.contact import Contact
from services.generations.outages import through_outages
from services.inbox import Arrived, Inbox, Turn
from services.telemetry import Telemetry

ALLOWED_UPDATES = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
"""The kinds of updates the bot is sent."""

POLL_SECONDS = 50
"""How long Telegram may hold a call open while there is nothing new."""

READ_MARGIN_SECONDS = 15.0

OTHER = "other"
"""The kind of an update that was not asked for."""

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

    async def handle(self, arrived: Arrived) -> bool:
        """Handle one update, and forget it; one that is another process's by now is left to that.

        Returns:
            False when it is not its turn yet.
        """
        turn = await through_outages(self._sleep, self._inbox.turn, arrived)
        if turn is Turn.NOW:
            await self._process(arrived)
            await through_outages(self._sleep, self._inbox.handled, arrived.update_id)
        elif turn is Turn.LOST:
            log.info("update_left_to_another_process")
        return turn is not Turn.LATER

    async def _process(self, arrived: Arrived) -> None:
        try:
            update = Update.de_json(json.loads(arrived.payload), self._application.bot)
        except (TypeError, ValueError, KeyError) as error:
            # A shape that the library does not know; it must not hold up what follows in its lane.
            log.warning("update_not_understood", error=type(error).__name__)
        else:
            await self._application.process_update(update)


@dataclass(frozen=True, slots=True)
class Incoming:
    """An update on its way into the inbox.

    Attributes:
        arrived: As the inbox keeps it.
        kind: One of ``ALLOWED_UPDATES``, or ``other``.
    """

    arrived: Arrived
    kind: str


def kind_of(update: Update) -> str:
    """Which of the kinds that the bot is sent."""
    return next((kind for kind in ALLOWED_UPDATES if getattr(update, kind) is not None), OTHER)


def incoming(update: Update) -> Incoming:
    """An update of the library on its way into the inbox."""
    return Incoming(Arrived(update.update_id, lane_of(update), update.to_json()), kind_of(update))


class Taking:
    """Commits updates and hands on those that are new.

    Args:
        inbox: Keeps them.
        lanes: Handles them.
        telemetry: Counts them.
    """

    def __init__(self, inbox: Inbox, lanes: Lanes, telemetry: Telemetry) -> None:
        self._inbox = inbox
        self._lanes = lanes
        self._telemetry = telemetry

    async def take(self, items: Sequence[Incoming]) -> None:
        """Commit updates; repeated ones are dropped."""
        new = await self._inbox.store([item.arrived for item in items])
        self._lanes.push(new)
        kinds = {item.arrived.update_id: item.kind for item in items}
        self._telemetry.updates_taken([kinds[item.update_id] for item in new], len(items) - len(new))


class Poller:
    """Fetches updates until it is cancelled.

    Args:
        bot: Makes the calls.
        take: Commits updates.
        contact: Whether updates are being taken.
        sleep: Waits some seconds.
    """

    def __init__(
        self, bot: Bot, take: Callable[[Sequence[Incoming]], Awaitable[None]], contact: Contact, sleep: Sleep
    ) -> None:
        self._bot = bot
        self._take = take
        self._contact = contact
        self._sleep = sleep

    async def run(self) -> None:
        """Remove a webhook that is in the way, then poll.

        Raises:
            TokenRevokedError: Telegram refuses the token.
        """
        try:
            await remove_left_over_webhook(self._bot, self._sleep)
        except InvalidToken:
            # Also what the library makes of a server without webhooks; the next call tells the one from the other.
            log.info("webhook_not_known")
        offset: int | None = None
        # The first call returns at once: then it is known that updates can be had.
        hold = 0
        while True:
            try:
                updates = await self._fetch(offset, hold)
            except InvalidToken as error:
                raise TokenRevokedError from error
            await self._keep(updates)
            self._contact.answered()
            hold = POLL_SECONDS
            if updates:
                offset = updates[-1].update_id + 1

    async def _fetch(self, offset: int | None, hold: int) -> Sequence[Update]:
        async for attempt in persistently(self._sleep, self._say):
            with attempt:
                return await self._bot.get_updates(
                    offset=offset,
                    timeout=hold,
                    allowed_updates=ALLOWED_UPDATES,
                    read_timeout=READ_MARGIN_SECONDS,
                )
        raise AssertionError("the retries end by returning or raising")

    async def _keep(self, updates: Sequence[Update]) -> None:
        if not updates:
            return
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((SQLAlchemyError, OSError)),
            wait=wait_random_exponential(max=10),
            before_sleep=lambda state: self._outage(state.attempt_number),
            sleep=self._sleep,
        ):
            with attempt:
                await self._take([incoming(update) for update in updates])

    def _outage(self, attempt: int) -> None:
        self._contact.failed()
        log.warning("inbox_met_an_outage", attempt=attempt)

    def _say(self, error: BaseException | None, attempt: int) -> None:
        self._contact.failed()
        if isinstance(error, Conflict):
            log.error(
                "another_process_polls", hint="stop the other process that runs with this token, or use a webhook"
            )
            return
        log.warning("telegram_not_reached", error=type(error).__name__, attempt=attempt)


def persistently(sleep: Sleep, say: Callable[[BaseException | None, int], object]) -> AsyncRetrying:
    """Attempts at a call of the Bot API until it succeeds; only a refused token is final.

    Args:
        sleep: Waits some seconds.
        say: Is told each failure and the number of the attempt.
    """

    def tell(state: RetryCallState) -> None:
        say(state.outcome.exception() if state.outcome is not None else None, state.attempt_number)

    return AsyncRetrying(retry=retry_if_exception(_may_pass), wait=_pause, before_sleep=tell, sleep=sleep, reraise=True)


def _may_pass(error: BaseException) -> bool:
    return isinstance(error, TelegramError) and not isinstance(error, InvalidToken)


def _pause(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    if isinstance(error, RetryAfter):
        # Seconds as a number or as a duration, by the library's setting.
        asked = error.retry_after
        return asked.total_seconds() if hasattr(asked, "total_seconds") else float(asked)
    return wait_random_exponential(multiplier=0.5, max=30)(state)


async def remove_left_over_webhook(bot: Bot, sleep: Sleep) -> None:
    """Polling and a webhook exclude each other: remove one that an earlier set-up left.

    Args:
        bot: Makes the calls.
        sleep: Waits some seconds, while Telegram cannot be reached.

    Raises:
        InvalidToken: Telegram refuses the token.
    """

    def say(error: BaseException | None, attempt: int) -> None:
        log.warning("telegram_not_reached", error=type(error).__name__, attempt=attempt)

    async def remove() -> WebhookInfo:
        info = await bot.get_webhook_info()
        if info.url:
            await bot.delete_webhook(drop_pending_updates=False)
        return info

    async for attempt in persistently(sleep, say):
        with attempt:
            if (await remove()).url:
                log.warning("webhook_removed", reason="WEBHOOK_URL is not set, so the bot polls")

"""Stored updates become calls of the handlers; each is forgotten when it was handled."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from structlog import get_logger
from telegram import Update
from telegram.ext import Application
from tenacity import AsyncRetrying, RetryError, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from bot.group_commit import NotTakenError
from services.generations.outages import through_outages
from services.inbox import Arrived, Inbox, Turn

MOST_ATTEMPTS = 100
"""At one update whose handling an outage cuts short, some eight minutes in all: its lane waits meanwhile."""

log = get_logger(__name__)

AnyApplication = Application[Any, Any, Any, Any, Any, Any]
Sleep = Callable[[float], Awaitable[None]]


class _CutShortError(Exception):
    """An outage of the database ended the attempt."""


class UpdateHandler:
    """Turns a stored update into calls of the handlers.

    Args:
        application: Holds the handlers; it catches and reports their errors.
        inbox: Holds the updates.
        done: Commits that an update was handled; raises ``NotTakenError`` when it could not.
        was_cut_short: Whether an outage of the database ended the last attempt at an update.
        sleep: Waits some seconds.
    """

    def __init__(
        self,
        application: AnyApplication,
        inbox: Inbox,
        done: Callable[[int], Awaitable[None]],
        was_cut_short: Callable[[int], bool],
        sleep: Sleep,
    ) -> None:
        self._application = application
        self._inbox = inbox
        self._done = done
        self._was_cut_short = was_cut_short
        self._sleep = sleep

    async def handle(self, arrived: Arrived) -> bool:
        """Handle one update, and forget it; one that is another process's by now is left to that.

        Returns:
            False when it is not its turn yet.
        """
        turn = await through_outages(self._sleep, self._inbox.turn, arrived)
        if turn is Turn.NOW:
            await self._process(arrived)
            await self._forget(arrived.update_id)
        elif turn is Turn.LOST:
            log.info("update_left_to_another_process")
        return turn is not Turn.LATER

    async def _forget(self, update_id: int) -> None:
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(NotTakenError), wait=wait_random_exponential(max=10), sleep=self._sleep
        ):
            with attempt:
                await self._done(update_id)

    async def _process(self, arrived: Arrived) -> None:
        try:
            update = Update.de_json(json.loads(arrived.payload), self._application.bot)
        except Exception as error:  # noqa: BLE001 - the library raises whatever a wrong field leads to
            # A shape that the library does not know; it must not hold up what follows in its lane.
            log.warning("update_not_understood", error=type(error).__name__)
            return
        try:
            await self._through_outages(update)
        except RetryError:
            log.error("update_given_up", attempts=MOST_ATTEMPTS)

    async def _through_outages(self, update: Update) -> None:
        """Handle it again after each outage, as if a kill had cut the handlers short."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(_CutShortError),
            wait=wait_random_exponential(max=10),
            stop=stop_after_attempt(MOST_ATTEMPTS),
            sleep=self._sleep,
        ):
            with attempt:
                await self._application.process_update(update)
                if self._was_cut_short(update.update_id):
                    raise _CutShortError

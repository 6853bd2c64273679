"""Updates in: fetched by long polling and committed to the inbox. Source: Bot API, ``getUpdates``.

Telegram is told that an update arrived by the offset of the next call, which is made after the commit. The library's
own updater confirms updates that it merely holds in memory, and a kill loses those.
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram import Update
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, retry_if_exception_type, wait_random_exponential

from bot.lanes import Lanes, lane_of
from bot.supervision import TokenRevokedError
from services.contact import Contact
from services.inbox import Arrived, Inbox
from services.telemetry import Telemetry
from services.unsent import reason

ALLOWED_UPDATES = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
"""The kinds of updates the bot is sent."""

POLL_SECONDS = 50
"""How long Telegram may hold a call open while there is nothing new."""

READ_MARGIN_SECONDS = 15.0

OTHER = "other"
"""The kind of an update that was not asked for."""

OVERHEARD = "overheard"
"""The kind of messages in groups that are not for the bot."""

ODD_LANE = "odd"
"""The lane of updates that cannot be read."""

MOST_UPDATE_ID = 2**63 - 1

log = get_logger(__name__)

Sleep = Callable[[float], Awaitable[None]]
Judge = Callable[[Mapping[str, object]], bool]


def no_talk(_update: Mapping[str, object]) -> bool:
    """The judge who lets everything through."""
    return False


@dataclass(frozen=True, slots=True)
class Incoming:
    """An update on its way into the inbox.

    Attributes:
        arrived: As the inbox keeps it.
        kind: One of ``ALLOWED_UPDATES``, ``other``, or ``overheard``: confirmed, counted and forgotten.
    """

    arrived: Arrived
    kind: str


def kind_of(update: Update) -> str:
    """Which of the kinds that the bot is sent."""
    return next((kind for kind in ALLOWED_UPDATES if getattr(update, kind) is not None), OTHER)


def read_update(data: object, is_talk: Judge = no_talk, text: str | None = None) -> Incoming | None:
    """An update on its way into the inbox; None when it has no usable number.

    One whose content the library cannot read (a newer Bot API, an odd server) is taken all the same: refused, it
    would come again for ever and hold up what follows it.

    Args:
        data: The update as it came.
        is_talk: Whether it is a message in a group that is not for the bot.
        text: The same as JSON, where that is at hand.
    """
    if not isinstance(data, dict) or type(number := data.get("update_id")) is not int:
        return None
    if not 0 <= number <= MOST_UPDATE_ID:
        return None
    if is_talk(data):
        return Incoming(Arrived(number, "", ""), OVERHEARD)
    payload = json.dumps(data, ensure_ascii=False) if text is None else text
    try:
        update = Update.de_json(data)
        return Incoming(Arrived(number, lane_of(update), payload), kind_of(update))
    except Exception as error:  # noqa: BLE001 - the library raises whatever a wrong field leads to
        log.warning("update_not_readable", error=type(error).__name__)
        return Incoming(Arrived(number, ODD_LANE, payload), OTHER)


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
        kinds = {item.arrived.update_id: item.kind for item in items}
        ours = [item.arrived for item in items if item.kind != OVERHEARD]
        new = await self._inbox.store(ours)
        self._lanes.push(new)
        heard = [OVERHEARD] * (len(items) - len(ours))
        self._telemetry.updates_taken([kinds[item.update_id] for item in new] + heard, len(ours) - len(new))


class Fetching(Protocol):
    """The calls of the Bot API that polling takes (:class:`bot.telegram_session.PollingBot`)."""

    async def raw_updates(self, offset: int | None, hold: int, kinds: Sequence[str], margin: float) -> Sequence[object]:
        """New updates as they came; see :meth:`bot.telegram_session.PollingBot.raw_updates`."""
        ...

    async def delete_webhook(self, drop_pending_updates: bool | None = None) -> bool:
        """Remove the webhook."""
        ...


class Poller:
    """Fetches updates until it is cancelled.

    Args:
        bot: Makes the calls.
        take: Commits updates.
        is_talk: Whether an update is a message in a group that is not for the bot.
        contact: Whether updates are being taken.
        sleep: Waits some seconds.
    """

    def __init__(
        self,
        bot: Fetching,
        take: Callable[[Sequence[Incoming]], Awaitable[None]],
        is_talk: Judge,
        contact: Contact,
        sleep: Sleep,
    ) -> None:
        self._bot = bot
        self._take = take
        self._is_talk = is_talk
        self._contact = contact
        self._sleep = sleep

    async def run(self) -> None:
        """Poll; a webhook that is in the way is removed.

        Raises:
            TokenRevokedError: Telegram refuses the token.
        """
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
                offset = max(update.arrived.update_id for update in updates) + 1

    async def _fetch(self, offset: int | None, hold: int) -> Sequence[Incoming]:
        async for attempt in persistently(self._sleep, self._say):
            with attempt:
                try:
                    found = await self._bot.raw_updates(offset, hold, ALLOWED_UPDATES, READ_MARGIN_SECONDS)
                except Conflict as error:
                    await self._make_way(error)
                    raise
                read = (read_update(data, self._is_talk) for data in found)
                return [update for update in read if update is not None]
        raise AssertionError("the retries end by returning or raising")

    async def _make_way(self, conflict: Conflict) -> None:
        """Polling and a webhook exclude each other: remove one that an earlier set-up left."""
        if "webhook" not in conflict.message.lower():
            return
        try:
            await self._bot.delete_webhook(drop_pending_updates=False)
        except TelegramError as error:
            log.warning("webhook_not_removed", error=type(error).__name__)
        else:
            log.warning("webhook_removed", reason="WEBHOOK_URL is not set, so the bot polls")

    async def _keep(self, updates: Sequence[Incoming]) -> None:
        if not updates:
            return
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type((SQLAlchemyError, OSError)),
            wait=wait_random_exponential(max=10),
            before_sleep=lambda state: self._outage(state.attempt_number),
            sleep=self._sleep,
        ):
            with attempt:
                await self._take(updates)

    def _outage(self, attempt: int) -> None:
        self._contact.failed()
        log.warning("inbox_met_an_outage", attempt=attempt)

    def _say(self, error: BaseException | None, attempt: int) -> None:
        self._contact.failed()
        if isinstance(error, Conflict):
            if "webhook" not in error.message.lower():
                hint = "stop the other process that runs with this token, or use a webhook"
                log.error("another_process_polls", hint=hint)
            return
        log.warning("telegram_not_reached", error=reason(error), attempt=attempt)


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

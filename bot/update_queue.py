"""The way of an update through the process: stored, then in order for each person, then handled, then forgotten.

An update is committed to the inbox before Telegram is told that it arrived, so that a kill loses none. It is parsed
once, unless it has to wait or comes from a dead process.
"""

import asyncio
import json
from bisect import insort
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

from structlog import get_logger
from telegram import Bot, Update
from tenacity import AsyncRetrying, retry_if_result, stop_after_attempt, wait_random_exponential

from handlers.addressing import is_overheard
from handlers.context import BotApplication
from services.clock import Clock
from services.inbox import OTHER, OVERHEARD, Arrived, Inbox, Turn, lane_name
from services.retries import OUTAGE, through_outages
from services.store.base import storable
from services.tasks import Tasks
from services.telemetry import UPDATES, UPDATES_REPEATED

ALLOWED_UPDATES = (Update.MESSAGE, Update.EDITED_MESSAGE, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER)
"""The kinds of updates the bot is sent, in any case."""

NOT_STORED = (OVERHEARD, Update.PRE_CHECKOUT_QUERY)

ODD_LANE = "odd"
"""The lane of updates that cannot be read."""

MOST_HANDLERS = 256
"""Updates that are handled at once: far more than a process works on, so that slow handlers delay nobody else."""

MOST_ATTEMPTS = 100
"""At one update whose handling an outage cuts short, some eight minutes in all: its lane waits meanwhile."""

PAUSE_SECONDS = 0.1
"""Between two looks whether another process has handled what comes before."""

DRAIN_SECONDS = 1.5
"""What handlers at work are given at the end; the inbox has the updates of those that do not make it."""

log = get_logger(__name__)


def wanted_updates(*, inline: bool, sells: bool) -> tuple[str, ...]:
    """The kinds of updates the bot is sent; some come only with its inline mode on, or where videos have a price."""
    others = {Update.INLINE_QUERY: inline, Update.PRE_CHECKOUT_QUERY: sells}
    return (*ALLOWED_UPDATES, *(kind for kind, is_wanted in others.items() if is_wanted))


def _parsed(data: Any, payload: str, bot: Bot) -> Update:  # noqa: ANN401 - a JSON value
    """The update in a payload; halves of characters and NULs, which JSON can only escape, fit into no database."""
    return Update.de_json(_storable(data) if "\\u" in payload else data, bot)


def _storable(value: Any) -> Any:  # noqa: ANN401 - a JSON value
    if isinstance(value, dict):
        return {key: _storable(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_storable(part) for part in value]
    return storable(value) if isinstance(value, str) else value


def _lane_of(update: Update) -> str:
    """The lane of a person in a chat; what must be answered within seconds has one of its own."""
    if update.pre_checkout_query is not None or update.inline_query is not None:
        return f"now:{update.update_id}"
    chat, user = update.effective_chat, update.effective_user
    return lane_name(chat.id if chat else 0, user.id if user else 0)


@dataclass(slots=True, eq=False)
class UpdateQueue:
    """Takes updates, and runs the handlers over them, in order for one person in one chat, which is a lane."""

    application: BotApplication
    """Holds the handlers (``handlers/routing.py``); it catches and reports their errors."""
    inbox: Inbox
    clock: Clock
    _lanes: dict[str, list[Arrived]] = field(default_factory=dict)
    _tasks: Tasks = field(default_factory=Tasks)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(MOST_HANDLERS))

    @property
    def waiting(self) -> int:
        """Updates that are not handled yet."""
        return sum(len(lane) for lane in self._lanes.values())

    def read(self, data: object, text: str | None = None) -> Arrived | None:
        """An update on its way in, with the same as JSON where that is at hand; None when it has no usable number.

        One whose content the library cannot read (a newer Bot API, an odd server) is taken all the same: refused, it
        would come again for ever and hold up what follows it.
        """
        number = data.get("update_id") if isinstance(data, dict) else None
        if type(number) is not int or not 0 <= number < 2**63:
            return None
        payload = json.dumps(data) if text is None else text
        bot = self.application.bot
        try:
            update = _parsed(data, payload, bot)
            if is_overheard(update, bot.bot):
                return Arrived(number, "", "", OVERHEARD)
            kinds = wanted_updates(inline=True, sells=True)
            kind = next((kind for kind in kinds if getattr(update, kind) is not None), OTHER)
            return Arrived(number, _lane_of(update), payload, kind, update)
        except Exception as error:  # noqa: BLE001 - the library raises whatever a wrong field leads to
            log.warning("update_not_readable", error=type(error).__name__)
            return Arrived(number, ODD_LANE, payload)

    async def take(self, items: Sequence[Arrived]) -> None:
        """Commit updates, and handle those that are new, in the background.

        A caller that is cancelled leaves the commit to end by itself: an update in the inbox that nobody handles
        would wait for the next start.
        """
        failure = await asyncio.shield(self._tasks.start(self._take(items), name="updates-taken"))
        if failure is not None:
            raise failure

    def handle(self, items: Iterable[Arrived]) -> None:
        """Handle updates of the inbox in the background, each in its turn."""
        for item in items:
            lane = self._lanes.get(item.lane)
            must_wait = lane is not None or len(self._lanes) >= MOST_HANDLERS
            # Parsed again at its turn: thousands that wait parsed would make each garbage collection long.
            kept = replace(item, update=None) if must_wait else item
            if lane is None:
                self._lanes[item.lane] = [kept]
                self._tasks.start(self._work(item.lane), name=f"lane-{item.lane}")
            else:
                insort(lane, kept, key=attrgetter("update_id"))

    async def close(self) -> None:
        """Let handlers at work end, for a moment; the inbox has the rest."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._tasks.drain()
        await self._tasks.cancel()

    async def _take(self, items: Sequence[Arrived]) -> Exception | None:
        for item in items:
            if item.kind == Update.PRE_CHECKOUT_QUERY:
                # Worthless ten seconds later, and safe to lose: it waits for nothing, not even a commit.
                self._tasks.start(self._process(item), name=f"checkout-{item.update_id}")
        try:
            new = await self.inbox.store([item for item in items if item.kind not in NOT_STORED])
        except OUTAGE as error:
            return error
        self.handle(new)
        taken = [*new, *(item for item in items if item.kind in NOT_STORED)]
        for item in taken:
            UPDATES.labels(item.kind).inc()
        UPDATES_REPEATED.inc(len(items) - len(taken))
        return None

    async def _work(self, name: str) -> None:
        lane = self._lanes[name]
        try:
            while lane:
                # The first is chosen anew each time: an earlier one may have come late.
                item = lane[0]
                if await self._handle(item):
                    lane.remove(item)
                else:
                    await self.clock.sleep(PAUSE_SECONDS)
        finally:
            del self._lanes[name]

    async def _handle(self, item: Arrived) -> bool:
        """Handle one update, and forget it; False when it is not its turn yet."""
        turn = await through_outages(self.clock.sleep, self.inbox.turn, item)
        if turn is Turn.NOW:
            async with self._places:
                await self._process(item)
            await through_outages(self.clock.sleep, self.inbox.handled, item.update_id)
        elif turn is Turn.LOST:
            log.info("update_left_to_another_process")
        return turn is not Turn.LATER

    async def _process(self, item: Arrived) -> None:
        try:
            update = item.update or _parsed(json.loads(item.payload), item.payload, self.application.bot)
        except Exception as error:  # noqa: BLE001 - the library raises whatever a wrong field leads to
            # A shape that the library does not know; it must not hold up what follows in its lane.
            log.warning("update_not_understood", error=type(error).__name__)
            return
        # Again after each outage, as if a kill had cut the handlers short.
        again = AsyncRetrying(
            retry=retry_if_result(bool),
            wait=wait_random_exponential(max=10),
            stop=stop_after_attempt(MOST_ATTEMPTS),
            sleep=self.clock.sleep,
            retry_error_callback=lambda _: log.error("update_given_up", attempts=MOST_ATTEMPTS),
        )
        await again(self._is_cut_short, update)

    async def _is_cut_short(self, update: Update) -> bool:
        """Run the handlers; whether an outage of the database ended them."""
        await self.application.process_update(update)
        is_cut_short = update.update_id in self.inbox.cut_short
        self.inbox.cut_short.discard(update.update_id)
        return is_cut_short

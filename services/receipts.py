"""Receipts in groups: the message that made a request shows by the bot's reaction that it was heard, and its outcome.

The row of a generation keeps the reaction that was last given, so that each change costs one call, and one more after
a kill. Reactions are signs: the outbox sends them while nothing else could go, and one that Telegram refuses is left.
Source: Bot API page of ``setMessageReaction``.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import case, func, or_, select, update
from sqlalchemy.orm import Session
from structlog import get_logger
from telegram import Bot
from telegram.error import BadRequest, Forbidden, RetryAfter, TelegramError

from services.clock import Clock
from services.generations.model import FINAL, Generation, State
from services.generations.store import ROWS
from services.outbox.calls import is_group
from services.retries import through_outages
from services.store.database import Database
from services.store.schema import NO_MESSAGE, GenerationRow
from services.telegram_errors import Refusal, refusal_of, wait_of

HEARD, MADE, FAILED, NONE = "👀", "👍", "👎", ""
"""Reactions, all from Telegram's list; the last one takes the bot's reaction away."""

RECENT = timedelta(hours=1)
"""An end of longer ago is not marked any more after a kill."""

SETTLED = timedelta(seconds=30)
"""With several processes, what is younger is another one's, which gives the reaction at this moment."""

REFUSED_SECONDS = 3600.0
"""How long a chat that takes no reactions is left alone."""

REMEMBERED = 1000
"""Generations whose last reaction is kept in mind."""

_ABOUT_ONE_MESSAGE = (Refusal.MESSAGE_GONE, Refusal.UNCHANGED)

log = get_logger(__name__)


def receipt_of(state: State) -> str:
    """The reaction that the request's message shall have; empty for none."""
    reactions = {State.DONE: MADE, State.FAILED: FAILED, State.CANCELLED: NONE, State.UNPAID: NONE}
    return reactions.get(state, HEARD)


@dataclass(slots=True)
class Receipts:
    """Gives reactions, one after the other."""

    bot: Bot
    """Its rate limiter is the outbox."""
    database: Database
    clock: Clock
    _due: asyncio.Queue[str] = field(default_factory=asyncio.Queue)
    _noted: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _refusing: dict[int, float] = field(default_factory=dict)

    def note(self, generation: Generation) -> None:
        """Take note of where a generation stands; returns at once, repetitions cost nothing."""
        if not is_group(generation.chat_id) or generation.request_message_id == NO_MESSAGE:
            return
        wanted = receipt_of(generation.state)
        if self._noted.get(generation.id) == wanted:
            return
        self._noted[generation.id] = wanted
        if len(self._noted) > REMEMBERED:
            self._noted.popitem(last=False)
        self._due.put_nowait(generation.id)

    async def run(self) -> None:
        """Give what is due until cancelled, first what a process that died did not come to."""
        now = self.clock.now()
        until = now if self.database.is_sqlite else now - SETTLED
        for generation_id in await through_outages(self.clock.sleep, self.database.read, _pending, now - RECENT, until):
            self._due.put_nowait(generation_id)
        while True:
            await self._give(await self._due.get())

    async def _give(self, generation_id: str) -> None:
        row = await through_outages(self.clock.sleep, self.database.read, _row, generation_id)
        # Ids of messages are others in the supergroup that a group became: what was asked before has none there.
        if row is None or row.request_message_id == NO_MESSAGE:
            return
        wanted = receipt_of(State(row.state))
        if row.receipt == wanted:
            return
        if self._refusing.get(row.chat_id, 0.0) <= self.clock.monotonic():
            await self._react(row.chat_id, row.request_message_id, wanted)
        keep = partial(self.database.write, _keep, generation_id, wanted, durable=False)
        state = await through_outages(self.clock.sleep, keep)
        if state is not None and receipt_of(state) != wanted:
            # It went on meanwhile, maybe in another process, whose reaction may have come first.
            self._due.put_nowait(generation_id)

    async def _react(self, chat_id: int, message_id: int, reaction: str) -> None:
        try:
            await self.bot.set_message_reaction(chat_id, message_id, reaction or [])
        except TelegramError as error:
            log.debug("reaction_refused", chat_id=chat_id, error=type(error).__name__)
            self._leave(chat_id, error)

    def _leave(self, chat_id: int, error: TelegramError) -> None:
        """Leave a chat alone for a while where the refusal is about the chat."""
        if isinstance(error, RetryAfter):
            seconds = wait_of(error)
        elif isinstance(error, Forbidden) or (
            isinstance(error, BadRequest) and refusal_of(error) not in _ABOUT_ONE_MESSAGE
        ):
            seconds = REFUSED_SECONDS
        else:
            return
        now = self.clock.monotonic()
        still = {chat: until for chat, until in self._refusing.items() if until > now}
        self._refusing = still | {chat_id: now + seconds}


def _row(session: Session, generation_id: str) -> GenerationRow | None:
    return session.get(GenerationRow, generation_id)


def _keep(session: Session, generation_id: str, receipt: str) -> State | None:
    """Remember what was given; returns where the generation stands by now, or None when it is gone."""
    own = update(ROWS).where(ROWS.c.id == generation_id).values(receipt=receipt)
    state = session.scalar(own.returning(ROWS.c.state))
    return None if state is None else State(state)


def _pending(session: Session, since: datetime, until: datetime) -> list[str]:
    """Requests of groups whose reaction is not what it should be, oldest first."""
    wanted = case({state.value: receipt_of(state) for state in State}, value=ROWS.c.state)
    goes_on = ROWS.c.state.not_in([state.value for state in FINAL])
    query = select(ROWS.c.id).where(
        or_(goes_on, ROWS.c.finished_at > since),
        func.coalesce(ROWS.c.finished_at, ROWS.c.queued_at) <= until,
        (ROWS.c.chat_id < 0) & (ROWS.c.request_message_id != NO_MESSAGE),
        ROWS.c.receipt != wanted,
    )
    return list(session.scalars(query.order_by(ROWS.c.queued_at)))

"""The queue: orders become rows within the limits, rows get their turn. All of it is in the database."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from services.changes import Changes
from services.clock import Clock
from services.failures import Charged
from services.generations.model import (
    ACTIVE,
    FINAL,
    DailyLimitReached,
    Generation,
    Lease,
    Order,
    Placed,
    PlaceOutcome,
    Price,
    State,
    TooManyWaiting,
    VideoState,
)
from services.generations.store import CLAIM, ROWS, insert, rows_of
from services.store.database import Database
from services.store.schema import VideoRow
from services.tasks import SingleFlight

TOPIC = "queue"
"""What other processes hear of when something was placed."""

ANNOUNCE = timedelta(seconds=5)
"""How long a turn waits for the first status message to be sent."""

UNTOLD = timedelta(seconds=10)
"""How long an end that no run has made is left to the button that made it, before a worker tells it."""

PLACES_SECONDS = 0.1
"""Time between two looks at all places at least: with a thousand in the queue, one takes milliseconds."""

QUEUE_LOCK = 7205759403792794
"""PostgreSQL's advisory lock for decisions over the whole queue; SQLite has one writer anyway."""


_QUEUED = ROWS.c.state == State.QUEUED.value
_RUNNING = ROWS.c.state.in_([state.value for state in ACTIVE])
_UNDER_WAY = ROWS.c.state.not_in([state.value for state in FINAL | {State.UNPAID}])
"""In the queue or running; what nobody has paid for is neither."""

# Made once, for making a statement takes longer than the database takes over it.
_OF_KEY = select(ROWS.c.id).where(ROWS.c.request_key == bindparam("key"))
_STATES_OF = select(ROWS.c.state).where(ROWS.c.user_id == bindparam("user"), _UNDER_WAY)
_HOW_MANY_RUN = select(func.count()).where(_RUNNING)
_WHO_RUNS = select(ROWS.c.user_id).where(_RUNNING)
_FIRST_QUEUED = select(ROWS.c.id).where(_QUEUED).limit(1)

_TURN = ROWS.alias()
_TURNS = select(func.count()).where(
    _TURN.c.user_id == ROWS.c.user_id,
    _TURN.c.started_at.is_not(None),
    _TURN.c.finished_at.is_(None) | (_TURN.c.finished_at >= ROWS.c.queued_at),
)
"""The turns of its person since a generation was queued."""
_ALL_QUEUED = select(
    ROWS.c.id,
    ROWS.c.user_id,
    ROWS.c.queued_at,
    _TURNS.correlate(ROWS).scalar_subquery(),
    ROWS.c.status_message_id.is_not(None),
).where(_QUEUED)
"""The fields of :class:`Waiting`."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the owner allows."""

    max_active: int
    """Running at once, in all."""
    max_active_per_user: int
    """Running at once for one person."""
    max_queued_per_user: int
    """Waiting for one person."""
    daily_videos_per_user: int
    """A day (UTC) for one person; 0 means no limit."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A generation that waits."""

    id: str
    user_id: int
    queued_at: datetime
    turns: int = 0
    """Turns that this person had while it waited, those that still run included."""
    shown: bool = False
    """Whether it has a status message."""


def in_order(waiting: Sequence[Waiting]) -> list[Waiting]:
    """The queue as it will be served: everybody's first before anybody's second, then by age.

    A turn that was had while a generation waited counts as much as one that is still to come before it, so that a
    turn's end never puts somebody with many before somebody with one, and nobody's place grows but by new arrivals.
    """
    by_age = sorted(waiting, key=lambda item: (item.queued_at, item.id))
    turns: dict[str, int] = {}
    before: Counter[int] = Counter()
    for item in by_age:
        turns[item.id] = item.turns + before[item.user_id]
        before[item.user_id] += 1
    return sorted(by_age, key=lambda item: turns[item.id])


def to_start(waiting: Sequence[Waiting], active: Mapping[int, int], limits: Limits) -> list[Waiting]:
    """Which of all those that wait start now; ``active`` counts running generations by person."""
    running: Counter[int] = Counter(active)
    free = limits.max_active - running.total()
    chosen: list[Waiting] = []
    for item in in_order(waiting):
        if len(chosen) >= free:
            break
        if running[item.user_id] < limits.max_active_per_user:
            running[item.user_id] += 1
            chosen.append(item)
    return chosen


class Selling(Protocol):
    """Sells requests (``services.payments.sales.Sales``); where nobody pays, each has no price."""

    def price(self, session: Session, user_id: int, count: int) -> Price | None:
        """What a request of so many videos costs its requester."""
        ...

    def sell(self, session: Session, generation_id: str, order: Order, price: Price) -> None:
        """Write down how a request is paid, in the transaction that makes it."""
        ...


@dataclass(frozen=True, slots=True)
class Claimed:
    """The generations whose turn it is, in their order, and those that are left waiting."""

    generations: Sequence[Generation]
    left: Sequence[Waiting]

    def places(self) -> dict[str, int]:
        """The place of each that still waits and has a status message, from 1."""
        return {item.id: place for place, item in enumerate(in_order(self.left), 1) if item.shown}


@dataclass(slots=True)
class Queue:
    """Places orders and hands out turns."""

    database: Database
    clock: Clock
    limits: Limits
    new_id: Callable[[], str]
    changes: Changes
    selling: Selling | None = None
    """Sells requests; None where nobody ever pays."""
    changed: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    """Set when something was placed, or a place became free."""
    _positions: SingleFlight[dict[str, int]] = field(init=False)

    def __post_init__(self) -> None:
        """Hear of what other processes place, and share an answer about places among all who ask at the same time."""
        self.changes.listen(TOPIC, lambda _subject: self.changed.set())
        self._positions = SingleFlight(lambda: self.database.read(_places), PLACES_SECONDS)

    def place(self, session: Session, order: Order) -> PlaceOutcome:
        """Make an order a row, in the caller's transaction; the same request key never makes a second one."""
        lock_queue(session)
        known = session.scalar(_OF_KEY, {"key": order.request_key})
        if known is not None:
            return Placed(known, created=False)
        refusal = self._refusal(session, order)
        if refusal is not None:
            return refusal
        generation_id = self.new_id()
        price = None if self.selling is None else self.selling.price(session, order.user_id, order.options.count)
        insert(session, generation_id, order, self.clock.now(), price)
        if self.selling is not None and price is not None:
            self.selling.sell(session, generation_id, order, price)
        self.changes.announce(session, TOPIC)
        return Placed(generation_id, created=True)

    def _refusal(self, session: Session, order: Order) -> TooManyWaiting | DailyLimitReached | None:
        states = Counter(session.scalars(_STATES_OF, {"user": order.user_id}))
        waiting = states[State.QUEUED.value]
        running = states.total() - waiting
        everybody = session.scalar(_HOW_MANY_RUN)
        # One that can start at once does not wait: its place in the queue lasts an instant.
        room = max(0, min(self.limits.max_active_per_user - running, self.limits.max_active - int(everybody or 0)))
        if waiting >= self.limits.max_queued_per_user + room:
            return TooManyWaiting(self.limits.max_queued_per_user)
        limit, count = self.limits.daily_videos_per_user, order.options.count
        return day_is_full(session, limit, order.user_id, count, self.clock.now())

    async def claim_next(self, process_id: str) -> Claimed:
        """Give turns to as many as the limits allow, and make them this process's in the same commit."""
        return await self.database.write(claim_next, self.limits, process_id, self.clock.now())

    async def positions(self) -> dict[str, int]:
        """The place of every waiting generation, from 1; those who ask at about the same time share the answer."""
        return await self._positions.answer()

    async def leases(self) -> list[Lease]:
        """All that run, or have ended untold; what a button ended a moment ago is left to the button."""
        return await self.database.read(_leases, self.clock.now() - UNTOLD)


def day_is_full(session: Session, limit: int, user_id: int, count: int, now: datetime) -> DailyLimitReached | None:
    """Whether so many more videos are too many for a person's day; None when they are not.

    Those asked for today count unless they have failed: those on their way, those that came, and those that were
    cancelled when they had cost credits.
    """
    if not limit:
        return None
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    own = (ROWS.c.user_id == user_id) & (ROWS.c.queued_at >= midnight)
    paid_in_vain = (ROWS.c.state == State.CANCELLED.value) & (ROWS.c.charged != Charged.NO.value)
    asked = session.scalar(select(func.sum(ROWS.c.count)).where(own, _UNDER_WAY | paid_in_vain))
    made = session.scalar(
        select(func.count())
        .select_from(VideoRow)
        .join(ROWS, ROWS.c.id == VideoRow.generation_id)
        .where(own, ROWS.c.state == State.DONE.value, VideoRow.state != VideoState.FAILED.value)
    )
    left = max(0, limit - int(asked or 0) - int(made or 0))
    return DailyLimitReached(limit, left) if count > left else None


def claim_next(session: Session, limits: Limits, process_id: str, now: datetime) -> Claimed:
    """Give turns: one statement moves the rows on, raises their fencing tokens and sets their owner."""
    lock_queue(session)
    waiting = _waiting(session)
    # A run shall not overtake the sending of its status message; a process that died before it could send one, or a
    # chat where none can be sent, holds nothing up for long.
    announced = [item for item in waiting if item.shown or item.queued_at <= now - ANNOUNCE]
    chosen = to_start(announced, Counter(session.scalars(_WHO_RUNS)), limits) if announced else []
    places = {item.id: place for place, item in enumerate(chosen)}
    claimed: list[Generation] = []
    if chosen:
        claimed = rows_of(session, CLAIM, {"ids": list(places), "now": now, "process": process_id})
        claimed.sort(key=lambda one: places[one.id])
    begun = Counter(item.user_id for item in chosen)
    left = [
        # A copy of each of a thousand would cost more than the rest.
        replace(item, turns=item.turns + begun[item.user_id]) if item.user_id in begun else item
        for item in waiting
        if item.id not in places
    ]
    return Claimed(claimed, left)


def is_any_waiting(session: Session) -> bool:
    """Whether anything waits; asked by a worker that nobody has woken, for it takes no lock."""
    return session.execute(_FIRST_QUEUED).first() is not None


def _places(session: Session) -> dict[str, int]:
    return {item.id: place for place, item in enumerate(in_order(_waiting(session)), 1)}


def _leases(session: Session, untold_since: datetime) -> list[Lease]:
    ended = ROWS.c.state.in_([state.value for state in FINAL])
    untold = ended & ROWS.c.final_shown_at.is_(None)
    is_old = ROWS.c.taken_by.is_not(None) | (ROWS.c.finished_at <= untold_since)
    query = select(ROWS.c.id, ROWS.c.epoch, ROWS.c.taken_by)
    rows = session.execute(query.where(_RUNNING | (untold & is_old)))
    return [Lease(row.id, row.epoch, row.taken_by) for row in rows]


def _waiting(session: Session) -> list[Waiting]:
    return [Waiting(*row) for row in session.execute(_ALL_QUEUED)]


def lock_queue(session: Session) -> None:
    """Let no other transaction decide over the whole queue, or over what people are owed, until this one ends."""
    if session.get_bind().dialect.name != "sqlite":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": QUEUE_LOCK})

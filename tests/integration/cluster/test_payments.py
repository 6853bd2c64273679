"""Two processes on one PostgreSQL, and the same Stars."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from unittest.mock import AsyncMock

import pytest
from sqlalchemy import Select, select, text
from sqlalchemy.orm import Session

from services.access import OwnerLists
from services.changes import Changes
from services.clock import Clock
from services.cluster import Alone
from services.generations.model import Order, State
from services.generations.queue import lock_queue
from services.generations.store import insert
from services.options import VideoOptions
from services.payments import ledger, purchases
from services.payments.model import Charge, PaymentState, Verdict, payload_of, split
from services.payments.sales import Sales, Tariff
from services.payments.upkeep import PaymentUpkeep
from services.retention import forget_everything
from services.store.database import Database, open_database
from services.store.payment_tables import PaymentRow, PurchaseRow
from services.store.schema import GenerationRow

TAG = "0123456789abcdef"
NOW = datetime(2026, 3, 30, tzinfo=UTC)
CHARGE = Charge("c", 1, 50, payload_of(TAG, "g"), NOW)


def ask(session: Session, generation_id: str = "g") -> None:
    order = Order(f"key of {generation_id}", 1, None, 1, "en", 1, None, "a cat", VideoOptions(2), ())
    price = split(2, ledger.account(session, 1, 0), 25)
    insert(session, generation_id, order, NOW, price)
    purchases.sell(session, generation_id, 1, price, NOW, NOW + timedelta(hours=1))


def state_of(session: Session) -> str:
    return session.scalars(select(PaymentRow.state)).one()


def fail(session: Session) -> None:
    session.get_one(GenerationRow, "g").state = State.FAILED.value


async def waiting(database: Database, transactions: int) -> None:
    """Wait until so many transactions wait for a lock."""
    waits = text("SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(60):
        while await database.read(lambda session: session.scalar(waits)) < transactions:  # noqa: ASYNC110 - a lock tells nobody
            await asyncio.sleep(0.01)


async def test_each_step_is_taken_by_one(postgres_url: str) -> None:
    one, two = await open_database(postgres_url), await open_database(postgres_url)
    await one.write(ask)

    def agree(session: Session, query: str) -> Verdict:
        asked = Charge(query, 1, 50, CHARGE.payload, NOW)
        return purchases.agree(session, TAG, asked, NOW, 0)[0]

    verdicts = await asyncio.gather(one.write(agree, "1"), two.write(agree, "2"))
    assert sorted(verdicts) == [Verdict.AGREED, Verdict.TWICE]

    def receive(session: Session) -> purchases.Received:
        return purchases.receive(session, TAG, CHARGE, NOW)

    received = await asyncio.gather(*(database.write(receive) for database in (one, two) * 3))
    assert sorted((each.is_new, each.begins) for each in received) == [(False, False)] * 5 + [(True, True)]

    await one.write(fail)
    settled = await asyncio.gather(*(database.write(purchases.settle, "g", NOW) for database in (one, two) * 3))
    assert {each.stars for each in settled if each is not None} == {50}
    assert await one.read(state_of) == PaymentState.REFUNDING.value

    refunds = await asyncio.gather(*(database.write(purchases.refunded, "c", NOW) for database in (one, two) * 3))
    assert sorted(refund is not None for refund in refunds) == [False] * 5 + [True]
    assert await two.read(ledger.faults) == []
    assert (await two.read(ledger.totals)).returned == 50
    await one.close()
    await two.close()


async def test_what_was_just_agreed_to_does_not_run_out_of_time(postgres_url: str) -> None:
    """The agreement is committed while another process looks for what nobody has paid for in time."""
    one, two = await open_database(postgres_url), await open_database(postgres_url)
    await one.write(ask)
    late = NOW + timedelta(hours=2)
    agreed, go_on = threading.Event(), threading.Event()

    def agree(session: Session) -> Verdict:
        verdict, _ = purchases.agree(session, TAG, CHARGE, late, 0)
        agreed.set()
        assert go_on.wait(60)
        return verdict

    agreeing = asyncio.create_task(one.write(agree))
    await asyncio.to_thread(agreed.wait, 60)
    expiring = asyncio.create_task(two.write(purchases.expire, late))
    await waiting(two, 1)
    go_on.set()
    assert await agreeing is Verdict.AGREED
    assert await expiring == []
    await one.close()
    await two.close()


async def test_credit_is_not_spent_and_taken_away_at_once(postgres_url: str) -> None:
    """An admin gives a payment back while its credit pays for another request."""
    one, two = await open_database(postgres_url), await open_database(postgres_url)
    await one.write(ask)
    await one.write(lambda session: purchases.receive(session, TAG, CHARGE, NOW))

    def stop(session: Session) -> None:
        row = session.get_one(GenerationRow, "g")
        row.state, row.armed_at = State.CANCELLED.value, NOW
        session.flush()
        purchases.settle(session, "g", NOW)

    await one.write(stop)

    def spend(session: Session) -> None:
        lock_queue(session)
        price = split(2, ledger.account(session, 1, 0), 25)
        order = Order("other", 1, None, 1, "en", 1, None, "a dog", VideoOptions(2), ())
        insert(session, "h", order, NOW, price)
        purchases.sell(session, "h", 1, price, NOW, NOW)

    await asyncio.gather(one.write(spend), two.write(purchases.want_back, "c", NOW))
    assert await one.read(ledger.faults) == []
    await one.close()
    await two.close()


def end(session: Session, *, settled: bool) -> None:
    """Let all requests end, and be told."""
    for row in session.scalars(select(GenerationRow)).all():
        row.state, row.finished_at, row.final_shown_at = State.CANCELLED.value, NOW, NOW
        session.flush()
        if settled:
            purchases.settle(session, row.id, NOW)


def find_lost_payments(session: Session) -> None:
    """The comparison with Telegram's list, which holds a payment of either request, of the later one first."""
    ledger.open_till(session, 1, TAG, sells=True)
    database, clock = AsyncMock(is_sqlite=True), Clock()
    tariff = Tariff(25, 0, timedelta(hours=1), 0)
    sales = Sales(database, clock, Changes(database, clock), tariff, TAG, OwnerLists())
    upkeep = PaymentUpkeep(database, AsyncMock(id=1), sales, clock, Alone("one"), 60.0, *[AsyncMock()] * 4)
    lost = [Charge(name, 1, 50, payload_of(TAG, name), NOW) for name in ("h", "g")]
    received, _ = upkeep.write_down(session, lost, (), before=0, after=2)
    assert [one.begins for one in received] == [False, False]


def forget(session: Session) -> None:
    assert forget_everything(session, 1, NOW + timedelta(hours=1), sells=True)


def show_end(session: Session) -> None:
    purchases.settle(session, "g", NOW)


def expire(session: Session) -> None:
    purchases.expire(session, NOW + timedelta(hours=2))


def agree(session: Session) -> None:
    purchases.agree(session, TAG, CHARGE, NOW, 0)


HOLD_LATER = select(PurchaseRow).where(PurchaseRow.generation_id == "h").with_for_update()
HOLD_EARLIER = select(GenerationRow).where(GenerationRow.id == "g").with_for_update()


@pytest.mark.parametrize(
    ("prepare", "held", "first", "second"),
    [
        (partial(end, settled=False), HOLD_LATER, find_lost_payments, forget),
        (partial(end, settled=True), HOLD_EARLIER, forget, show_end),
        (lambda _session: None, HOLD_EARLIER, expire, agree),
    ],
    ids=["comparison and forget", "forget and an end shown again", "expiry and the question before a payment"],
)
async def test_two_that_lock_the_same_rows_wait_for_each_other(
    postgres_url: str,
    prepare: Callable[[Session], None],
    held: Select[Any],
    first: Callable[[Session], None],
    second: Callable[[Session], None],
) -> None:
    """Both come while somebody else has one of the rows; in different orders, each gets one that the other wants."""
    one, two = await open_database(postgres_url), await open_database(postgres_url)
    for generation_id in ("g", "h"):
        await one.write(ask, generation_id)
    await one.write(prepare)
    has_row, let_go = threading.Event(), threading.Event()

    def hold(session: Session) -> None:
        session.execute(held).all()
        has_row.set()
        assert let_go.wait(60)

    holding = asyncio.create_task(one.write(hold))
    await asyncio.to_thread(has_row.wait, 60)
    both = []
    for step in (first, second):
        both.append(asyncio.create_task(two.write(step)))
        await waiting(one, len(both))
    let_go.set()
    await asyncio.gather(holding, *both)
    assert await one.read(ledger.faults) == []
    await one.close()
    await two.close()

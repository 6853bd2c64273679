"""Two processes on one PostgreSQL, and the same Stars."""

import asyncio
import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from services.generations.model import Order, State
from services.generations.queue import lock_queue
from services.generations.store import insert
from services.payments import ledger, purchases, returns
from services.payments.model import Charge, PaymentState, Verdict, payload_of, split
from services.store.database import open_database
from services.store.payment_tables import PaymentRow
from services.store.schema import GenerationRow

TAG = "0123456789abcdef"
NOW = datetime(2026, 3, 30, tzinfo=UTC)
CHARGE = Charge("c", 1, 50, payload_of(TAG, "g"), NOW)


def ask(session: Session) -> None:
    order = Order("key", 1, None, 1, "en", 1, None, "a cat", 2, ())
    price = split(2, ledger.account(session, 1, 0), 25)
    insert(session, "g", order, NOW, price)
    purchases.sell(session, "g", 1, price, NOW, NOW + timedelta(hours=1))


def state_of(session: Session) -> str:
    return session.scalars(select(PaymentRow.state)).one()


def fail(session: Session) -> None:
    session.get_one(GenerationRow, "g").state = State.FAILED.value


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
    settled = await asyncio.gather(*(database.write(returns.settle, "g", NOW) for database in (one, two) * 3))
    assert {each.stars for each in settled if each is not None} == {50}
    assert await one.read(state_of) == PaymentState.REFUNDING.value

    refunds = await asyncio.gather(*(database.write(returns.refunded, "c", NOW) for database in (one, two) * 3))
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
    waits = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    async with asyncio.timeout(60):
        while not await two.read(lambda session: session.scalar(waits)):  # noqa: ASYNC110 - a lock tells nobody
            await asyncio.sleep(0.01)
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
        returns.settle(session, "g", NOW)

    await one.write(stop)

    def spend(session: Session) -> None:
        lock_queue(session)
        price = split(2, ledger.account(session, 1, 0), 25)
        order = Order("other", 1, None, 1, "en", 1, None, "a dog", 2, ())
        insert(session, "h", order, NOW, price)
        purchases.sell(session, "h", 1, price, NOW, NOW)

    await asyncio.gather(one.write(spend), two.write(returns.want_back, "c", NOW))
    assert await one.read(ledger.faults) == []
    await one.close()
    await two.close()

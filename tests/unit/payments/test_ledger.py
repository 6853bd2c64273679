"""Whatever happens to payments and requests, in whatever order and however often: the books add up."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Engine, create_engine, delete, select, update
from sqlalchemy.orm import Session

from services.generations.model import Order, State
from services.generations.store import insert
from services.options import MAX_VIDEOS, VideoOptions
from services.payments import ledger, purchases
from services.payments.model import Charge, PaymentState, Verdict, payload_of, split
from services.store.base import Base
from services.store.payment_tables import PaymentRow, PurchaseRow
from services.store.schema import GenerationRow, VideoRow

TAG = "0123456789abcdef"
PRICE, FREE = 25, 3
PEOPLE = (1, 2)


@cache
def tables() -> Engine:
    """The tables in memory, once: to make them, and to compile the statements anew, took half of the time."""
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    return engine


class Ledger(RuleBasedStateMachine):
    """Two people, their requests and their payments."""

    def __init__(self) -> None:
        super().__init__()
        self.session = Session(tables())
        for table in reversed(Base.metadata.sorted_tables):
            self.session.execute(delete(table))
        self.now = datetime(2026, 3, 30, tzinfo=UTC)
        self.ids: list[str] = []
        self.charges: list[Charge] = []

    def teardown(self) -> None:
        self.session.close()

    def commit(self) -> None:
        self.session.commit()
        self.session.expire_all()

    @rule(user=st.sampled_from(PEOPLE), count=st.integers(1, MAX_VIDEOS))
    def ask(self, user: int, count: int) -> None:
        generation_id = f"g{len(self.ids)}"
        order = Order(generation_id, user, None, user, "en", 1, None, "a cat", VideoOptions(count), ())
        price = split(count, ledger.account(self.session, user, FREE), PRICE)
        insert(self.session, generation_id, order, self.now, price)
        purchases.sell(self.session, generation_id, user, price, self.now, self.now + timedelta(hours=1))
        self.ids.append(generation_id)
        self.commit()

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), stars=st.sampled_from([0, 0, 0, 1]), stranger=st.booleans())
    def pay(self, data: st.DataObject, stars: int, stranger: bool) -> None:
        row = self.session.get_one(PurchaseRow, data.draw(st.sampled_from(self.ids)))
        user = 3 - row.user_id if stranger else row.user_id
        payload = payload_of(TAG, row.generation_id)
        charge = Charge(f"c{len(self.charges)}", user, max(1, row.stars + stars), payload, self.now)
        self.charges.append(charge)
        purchases.receive(self.session, TAG, charge, self.now)
        self.commit()

    @precondition(lambda self: self.charges)
    @rule(data=st.data())
    def hear_of_it_again(self, data: st.DataObject) -> None:
        charge = data.draw(st.sampled_from(self.charges))
        assert not purchases.receive(self.session, TAG, charge, self.now).is_new
        self.commit()

    @rule()
    def hear_of_another_program(self) -> None:
        purchases.receive(self.session, TAG, Charge("x", 1, 5, "shop:1", self.now), self.now)
        self.commit()

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), state=st.sampled_from([State.DONE, State.FAILED, State.CANCELLED]), armed=st.booleans())
    def end(self, data: st.DataObject, state: State, armed: bool) -> None:
        row = self.session.get_one(GenerationRow, data.draw(st.sampled_from(self.ids)))
        if row.state == State.QUEUED.value:
            made = data.draw(st.integers(1, row.count)) if state is State.DONE else 0
            for position in range(row.count if made else 0):
                given_out = "sent" if position < made else "failed"
                self.session.add(VideoRow(generation_id=row.id, position=position, state=given_out))
            row.state, row.armed_at = state.value, self.now if armed else None
        elif row.state == State.UNPAID.value:
            row.state = State.CANCELLED.value
        self.commit()

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def settle(self, data: st.DataObject) -> None:
        generation_id = data.draw(st.sampled_from(self.ids))
        once = purchases.settle(self.session, generation_id, self.now)
        self.commit()
        assert purchases.settle(self.session, generation_id, self.now) == once
        self.commit()

    @precondition(lambda self: self.charges)
    @rule(data=st.data(), done=st.booleans())
    def give_back(self, data: st.DataObject, done: bool) -> None:
        charge = data.draw(st.sampled_from(self.charges))
        if done:
            purchases.refunded(self.session, charge.charge_id, self.now)
        else:
            purchases.want_back(self.session, charge.charge_id, self.now)
        self.commit()

    @rule(seconds=st.integers(0, 5000))
    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        purchases.expire(self.session, self.now)
        self.commit()

    @rule(user=st.sampled_from(PEOPLE))
    def forget(self, user: int) -> None:
        ledger.give_up_free_videos(self.session, user, self.now)
        self.commit()
        assert ledger.account(self.session, user, FREE).free == 0

    @invariant()
    def the_books_add_up(self) -> None:
        assert ledger.faults(self.session) == []

    @invariant()
    def every_star_is_somewhere(self) -> None:
        known = {charge.charge_id: charge.stars for charge in self.charges}
        rows = self.session.scalars(select(PaymentRow)).all()
        assert {row.charge_id: row.stars for row in rows} == known
        totals = ledger.totals(self.session)
        assert totals.taken == sum(known.values())
        assert totals.returned + totals.returning <= totals.taken

    @invariant()
    def no_request_is_paid_twice(self) -> None:
        good = [PaymentState.PAID.value, PaymentState.USED.value, PaymentState.CREDITED.value]
        paid = self.session.scalars(select(PaymentRow.generation_id).where(PaymentRow.state.in_(good))).all()
        assert len(paid) == len(set(paid))


TestLedger = Ledger.TestCase
TestLedger.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as opened:
        yield opened
    engine.dispose()


def test_the_check_of_the_books_finds_what_is_wrong(session: Session) -> None:
    now = datetime(2026, 3, 30, tzinfo=UTC)
    order = Order("key", 1, None, 1, "en", 1, None, "a cat", VideoOptions(2), ())
    price = split(2, ledger.account(session, 1, 1), PRICE)
    insert(session, "g", order, now, price)
    purchases.sell(session, "g", 1, price, now, now)
    charge = Charge("c", 1, PRICE, payload_of(TAG, "g"), now)
    verdict, _ = purchases.agree(session, TAG, charge, now, 0)
    assert verdict is Verdict.AGREED
    assert purchases.receive(session, TAG, charge, now).begins
    assert ledger.faults(session) == []
    session.execute(update(PaymentRow).values(state="refunded"))
    assert any("is refunded" in line for line in ledger.faults(session))
    session.execute(update(PaymentRow).values(state="used"))
    assert any("owes another number" in line for line in ledger.faults(session))
    session.execute(update(PaymentRow).values(state="paid", stars=1))
    assert any("not written down" in line for line in ledger.faults(session))

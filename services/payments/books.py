"""The books: sums over the rows, and the check that every Star is accounted for."""

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from services.generations.model import FINAL
from services.payments.model import PaymentState
from services.store.payment_tables import MovementRow, PaymentRow, PurchaseRow
from services.store.schema import GenerationRow

_SUMS = tuple(
    func.coalesce(func.sum(column), 0).label(column.key)
    for column in (
        MovementRow.stars,
        MovementRow.free,
        MovementRow.credit,
        MovementRow.owed,
        MovementRow.made,
        MovementRow.bought,
    )
)


@dataclass(frozen=True, slots=True)
class Totals:
    """What was sold, in all."""

    taken: int
    """Stars that were paid."""
    returned: int
    """Stars that went back."""
    returning: int
    """Stars that shall go back, and have not yet."""
    credit: int
    """Videos that are owed to people as credit."""


def totals(session: Session) -> Totals:
    """Add everything up."""
    by_state = {
        state: int(stars)
        for state, stars in session.execute(
            select(PaymentRow.state, func.sum(PaymentRow.stars)).group_by(PaymentRow.state)
        )
    }
    credit = session.scalar(select(func.coalesce(func.sum(MovementRow.credit), 0))) or 0
    return Totals(
        sum(by_state.values()),
        by_state.get(PaymentState.REFUNDED.value, 0),
        by_state.get(PaymentState.REFUNDING.value, 0),
        int(credit),
    )


def faults(session: Session) -> list[str]:
    """What does not add up, a line each; empty where payments = videos + credit + refunds."""
    return [*_faults_of_people(session), *_faults_of_payments(session), *_faults_of_requests(session)]


def _faults_of_people(session: Session) -> list[str]:
    lines = []
    for row in session.execute(select(MovementRow.user_id, *_SUMS).group_by(MovementRow.user_id)):
        if row.free + row.credit + row.owed + row.made != row.bought:
            lines.append("somebody's videos do not add up to what they bought")
        if row.credit < 0:
            lines.append("somebody has used more credit than they had")
        if row.free > 0:
            lines.append("somebody got more free videos back than they used")
        if row.stars < 0:
            lines.append("somebody got more Stars back than they paid")
    return lines


def _faults_of_payments(session: Session) -> list[str]:
    moved = {
        row.key: row
        for row in session.execute(select(MovementRow.key, MovementRow.stars).where(MovementRow.stars != 0))
    }
    payments = session.scalars(select(PaymentRow)).all()
    lines = []
    for payment in payments:
        paid, back = moved.pop(f"paid:{payment.charge_id}", None), moved.pop(f"refunded:{payment.charge_id}", None)
        if paid is None or paid.stars != payment.stars:
            lines.append(f"payment {payment.charge_id} was not written down as it came")
        if (back is not None) != (payment.state == PaymentState.REFUNDED.value):
            lines.append(f"payment {payment.charge_id} is {payment.state}, which its movements do not say")
        if back is not None and back.stars != -payment.stars:
            lines.append(f"payment {payment.charge_id} did not go back as a whole")
    lines += [f"{key} is the movement of a payment that is not there" for key in moved]
    return lines


def _faults_of_requests(session: Session) -> list[str]:
    owed: dict[str | None, int] = defaultdict(int)
    for generation_id, amount in session.execute(
        select(MovementRow.generation_id, func.sum(MovementRow.owed)).group_by(MovementRow.generation_id)
    ):
        owed[generation_id] = int(amount)
    query = select(PurchaseRow, GenerationRow.state).join(GenerationRow, GenerationRow.id == PurchaseRow.generation_id)
    open_payments = _open_payments(session)
    lines = []
    for row, state in session.execute(query):
        expected = 0 if row.settled_at is not None else row.free + row.credit + open_payments[row.generation_id]
        if owed.pop(row.generation_id, 0) != expected:
            lines.append(f"request {row.generation_id} owes another number of videos than was paid for")
        if row.settled_at is not None and state not in {one.value for one in FINAL}:
            lines.append(f"request {row.generation_id} was settled before its end")
    lines += [f"request {key} is gone and still owes videos" for key, amount in owed.items() if amount]
    return lines


def _open_payments(session: Session) -> dict[str, int]:
    paid: dict[str, int] = defaultdict(int)
    state = PaymentRow.state == PaymentState.PAID.value
    for generation_id, videos in session.execute(select(PaymentRow.generation_id, PaymentRow.videos).where(state)):
        paid[generation_id] += videos
    return paid

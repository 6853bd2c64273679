"""The books of what is sold: payments, movements of Stars and videos, what somebody has, and whether all adds up.

A payment is known by the charge id that Telegram gave it, a movement by its key, so that a step that is repeated
changes nothing. All are plain functions within the caller's transaction. What they lock, they lock in one order:
the queue (:func:`lock_queue`) before several rows, then ``purchases``, ``generations`` and ``payments``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from services.generations.model import FINAL
from services.payments.model import Account, PaymentState
from services.store.base import affected, insert_new, table_of
from services.store.payment_tables import MovementRow, PaymentRow, PurchaseRow, TillRow
from services.store.schema import GenerationRow

LAST_PAYMENTS = 10
"""How many payments ``/balance`` shows."""

_MOVEMENTS = table_of(MovementRow)
_ACCOUNT = select(func.sum(_MOVEMENTS.c.free), func.sum(_MOVEMENTS.c.credit)).where(
    _MOVEMENTS.c.user_id == bindparam("user")
)


def open_till(session: Session, bot_id: int, new_tag: str, sells: bool) -> str:
    """What marks the payloads of this bot with this database; empty where it neither sells nor has sold."""
    if sells:
        insert_new(session, TillRow, bot_id=bot_id, tag=new_tag)
    return session.scalar(select(TillRow.tag).where(TillRow.bot_id == bot_id)) or ""


def next_offset(session: Session, bot_id: int) -> int:
    """The first transaction that was not compared yet."""
    return session.scalars(select(TillRow.next_offset).where(TillRow.bot_id == bot_id)).one()


def take_offset(session: Session, bot_id: int, before: int, after: int) -> bool:
    """Note how far the comparison has come; false when another process was faster."""
    own = (TillRow.bot_id == bot_id) & (TillRow.next_offset == before)
    return affected(session, update(TillRow).where(own).values(next_offset=after)) > 0


def account(session: Session, user_id: int, free_videos: int) -> Account:
    """What somebody has, where each person is given so many free videos once."""
    free, credit = (int(total or 0) for total in session.execute(_ACCOUNT, {"user": user_id}).one())
    if free_videos and session.get(MovementRow, _forfeit_key(user_id)) is not None:
        return Account(0, credit)
    return Account(max(0, free_videos + free), credit)


def purchase(session: Session, generation_id: str, *, lock: bool = False) -> tuple[PurchaseRow, GenerationRow] | None:
    """A request that was sold, and its row of ``generations``; None where there is none."""
    query = select(PurchaseRow, GenerationRow).join(GenerationRow).where(PurchaseRow.generation_id == generation_id)
    return session.execute(query.with_for_update() if lock else query).one_or_none()


def move(session: Session, key: str, row: PurchaseRow | PaymentRow, now: datetime, **amounts: int) -> None:
    """Write down a movement. That there is one of this key already is a fault, and undoes the transaction."""
    session.add(MovementRow(key=key, user_id=row.user_id, generation_id=row.generation_id, moved_at=now, **amounts))
    session.flush()


def balance(session: Session, user_id: int, free_videos: int) -> tuple[Account, Sequence[PaymentRow]]:
    """What somebody has, and their last payments, newest first."""
    query = select(PaymentRow).where(PaymentRow.user_id == user_id).order_by(PaymentRow.paid_at.desc())
    return account(session, user_id, free_videos), session.scalars(query.limit(LAST_PAYMENTS)).all()


def known_charges(session: Session, charge_ids: Sequence[str]) -> frozenset[str]:
    """Which of these payments have a row."""
    return frozenset(session.scalars(select(PaymentRow.charge_id).where(PaymentRow.charge_id.in_(charge_ids))))


def give_up_free_videos(session: Session, user_id: int, now: datetime) -> None:
    """Give up somebody's free videos, for good; what they paid, and their credit, stay."""
    insert_new(session, MovementRow, key=_forfeit_key(user_id), user_id=user_id, moved_at=now)


def _forfeit_key(user_id: int) -> str:
    return f"forfeit:{user_id}"


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
    sums = select(PaymentRow.state, func.sum(PaymentRow.stars)).group_by(PaymentRow.state)
    by_state = {state: int(stars) for state, stars in session.execute(sums)}
    return Totals(
        taken=sum(by_state.values()),
        returned=by_state.get(PaymentState.REFUNDED.value, 0),
        returning=by_state.get(PaymentState.REFUNDING.value, 0),
        credit=int(session.scalar(select(func.sum(MovementRow.credit))) or 0),
    )


def faults(session: Session) -> list[str]:
    """What does not add up, a line each; empty where payments = videos + credit + refunds."""
    return [*_faults_of_people(session), *_faults_of_payments(session), *_faults_of_requests(session)]


def _faults_of_people(session: Session) -> list[str]:
    columns = (
        MovementRow.stars, MovementRow.free, MovementRow.credit, MovementRow.owed, MovementRow.made, MovementRow.bought,
    )  # fmt: skip
    sums = select(*(func.sum(column).label(column.key) for column in columns)).group_by(MovementRow.user_id)
    lines = []
    for row in session.execute(sums):
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
    stars = select(MovementRow.key, MovementRow.stars).where(MovementRow.stars != 0)
    moved = dict(session.execute(stars).all())
    lines = []
    for payment in session.scalars(select(PaymentRow)).all():
        paid, back = moved.pop(f"paid:{payment.charge_id}", None), moved.pop(f"refunded:{payment.charge_id}", None)
        if paid != payment.stars:
            lines.append(f"payment {payment.charge_id} was not written down as it came")
        if (back is not None) != (payment.state == PaymentState.REFUNDED.value):
            lines.append(f"payment {payment.charge_id} is {payment.state}, which its movements do not say")
        if back is not None and back != -payment.stars:
            lines.append(f"payment {payment.charge_id} did not go back as a whole")
    lines += [f"{key} is the movement of a payment that is not there" for key in moved]
    return lines


def _faults_of_requests(session: Session) -> list[str]:
    owes = select(MovementRow.generation_id, func.sum(MovementRow.owed)).group_by(MovementRow.generation_id)
    owed = dict(session.execute(owes).all())
    buys = select(PaymentRow.generation_id, func.sum(PaymentRow.videos)).group_by(PaymentRow.generation_id)
    paid = dict(session.execute(buys.where(PaymentRow.state == PaymentState.PAID.value)).all())
    lines = []
    for row, state in session.execute(select(PurchaseRow, GenerationRow.state).join(GenerationRow)):
        expected = 0 if row.settled_at is not None else row.free + row.credit + paid.get(row.generation_id, 0)
        if owed.pop(row.generation_id, 0) != expected:
            lines.append(f"request {row.generation_id} owes another number of videos than was paid for")
        if row.settled_at is not None and state not in {one.value for one in FINAL}:
            lines.append(f"request {row.generation_id} was settled before its end")
    lines += [f"request {key} is gone and still owes videos" for key, amount in owed.items() if amount]
    return lines

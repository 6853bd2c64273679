"""The books of what is sold: payments, movements of Stars and videos, and what somebody has.

A payment is known by the charge id that Telegram gave it, a movement by its key, so that a step that is repeated
changes nothing. All are plain functions within the caller's transaction.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.payments.model import (
    Account,
    Payment,
    PaymentState,
)
from services.store.base import affected, insert_new
from services.store.payment_tables import MovementRow, PaymentRow, PurchaseRow, TillRow
from services.store.schema import GenerationRow


def till_tag(session: Session, bot_id: int, new_tag: str) -> str:
    """What makes the payloads of this bot, with this database, recognisable."""
    insert_new(session, TillRow, bot_id=bot_id, tag=new_tag, next_offset=0)
    return session.scalars(select(TillRow.tag).where(TillRow.bot_id == bot_id)).one()


def known_tag(session: Session, bot_id: int) -> str | None:
    """The same where this bot has sold before; None where it never has."""
    return session.scalar(select(TillRow.tag).where(TillRow.bot_id == bot_id))


def next_offset(session: Session, bot_id: int) -> int:
    """The first transaction that was not compared yet."""
    return session.scalars(select(TillRow.next_offset).where(TillRow.bot_id == bot_id)).one()


def take_offset(session: Session, bot_id: int, before: int, after: int) -> bool:
    """Note how far the comparison has come; false when another process was faster."""
    own = (TillRow.bot_id == bot_id) & (TillRow.next_offset == before)
    return affected(session, update(TillRow).where(own).values(next_offset=after)) > 0


def account(session: Session, user_id: int, free_videos: int) -> Account:
    """What somebody has.

    Args:
        session: Reads.
        user_id: The person.
        free_videos: How many each person is given, once.
    """
    sums = select(func.coalesce(func.sum(MovementRow.free), 0), func.coalesce(func.sum(MovementRow.credit), 0))
    free, credit = session.execute(sums.where(MovementRow.user_id == user_id)).one()
    if free_videos and session.get(MovementRow, _forfeit_key(user_id)) is not None:
        return Account(0, int(credit))
    return Account(max(0, free_videos + int(free)), int(credit))


def purchase(session: Session, generation_id: str, *, lock: bool = False) -> tuple[PurchaseRow, GenerationRow] | None:
    """A request that was sold, and its row of ``generations``; None where there is none."""
    query = (
        select(PurchaseRow, GenerationRow)
        .join(GenerationRow, GenerationRow.id == PurchaseRow.generation_id)
        .where(PurchaseRow.generation_id == generation_id)
    )
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else (row[0], row[1])


def move(session: Session, key: str, user_id: int, generation_id: str | None, now: datetime, **amounts: int) -> None:
    """Write down a movement. That there is one of this key already is a fault, and undoes the transaction."""
    session.add(MovementRow(key=key, user_id=user_id, generation_id=generation_id, moved_at=now, **amounts))
    session.flush()


def as_payment(row: PaymentRow) -> Payment:
    """What a row says."""
    state = PaymentState(row.state)
    return Payment(
        charge_id=row.charge_id,
        user_id=row.user_id,
        generation_id=row.generation_id,
        stars=row.stars,
        videos=row.videos,
        credit=row.credit,
        state=state,
        paid_at=row.paid_at,
        attempts=row.attempts,
    )


def payment(session: Session, charge_id: str) -> Payment | None:
    """One payment, or None."""
    row = session.get(PaymentRow, charge_id)
    return None if row is None else as_payment(row)


def payments_of(session: Session, user_id: int, limit: int) -> list[Payment]:
    """Somebody's last payments, newest first."""
    query = select(PaymentRow).where(PaymentRow.user_id == user_id).order_by(PaymentRow.paid_at.desc()).limit(limit)
    return [as_payment(row) for row in session.scalars(query)]


def known_charges(session: Session, charge_ids: Sequence[str]) -> frozenset[str]:
    """Which of these payments have a row."""
    return frozenset(session.scalars(select(PaymentRow.charge_id).where(PaymentRow.charge_id.in_(charge_ids))))


def give_up_free_videos(session: Session, user_id: int, now: datetime) -> None:
    """Give up somebody's free videos, for good; what they paid, and their credit, stay."""
    forfeit = {"user_id": user_id, "moved_at": now, "stars": 0, "free": 0, "credit": 0, "owed": 0, "made": 0}
    insert_new(session, MovementRow, key=_forfeit_key(user_id), bought=0, **forfeit)


def _forfeit_key(user_id: int) -> str:
    return f"forfeit:{user_id}"

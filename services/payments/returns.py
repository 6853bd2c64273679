"""What was paid becomes a video or comes back: settling a request that has ended, and refunds.

Each step is written down before it is acted upon.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.generations.model import FINAL, WERE_LINKED, WERE_SENT, State
from services.generations.queue import lock_queue
from services.payments import ledger
from services.payments.model import GIVEN_BACK, PaymentState, Settlement, divide
from services.store.payment_tables import MovementRow, PaymentRow, PurchaseRow
from services.store.schema import GenerationRow, VideoRow


def settle(session: Session, generation_id: str, now: datetime) -> Settlement | None:
    """Let everything that was paid for a request that has ended become a video, or come back; repeating it is harmless.

    Returns:
        What came back; None when the request has not ended, or was not sold.
    """
    found = ledger.purchase(session, generation_id, lock=True)
    if found is None or State(found[1].state) not in FINAL:
        return None
    row, generation = found
    if row.settled_at is None:
        row.settled_at = now
        _settle(session, row, generation, now)
        session.flush()
    return _settlement(session, generation_id)


def settle_all_of(session: Session, user_id: int, now: datetime) -> None:
    """Settle somebody's requests that have ended and are about to be deleted."""
    lock_queue(session)
    # Those that are settled, too: they are about to go with their requests, which are locked after them.
    rows = session.scalars(select(PurchaseRow).where(PurchaseRow.user_id == user_id).with_for_update()).all()
    for row in rows:
        if row.settled_at is None:
            settle(session, row.generation_id, now)


def _settle(session: Session, row: PurchaseRow, generation: GenerationRow, now: datetime) -> None:
    own = (PaymentRow.generation_id == row.generation_id) & (PaymentRow.state == PaymentState.PAID.value)
    payment = session.scalar(select(PaymentRow).where(own).with_for_update())
    paid = 0 if payment is None else payment.videos
    made = _made(session, row.generation_id) if generation.state == State.DONE.value else 0
    # What was armed and not taken back may have reached the service.
    was_stopped = generation.state == State.CANCELLED.value and generation.armed_at is not None
    division = divide(row.free, row.credit, paid, made, was_stopped=was_stopped)
    owed = row.free + row.credit + paid - division.refunded
    if owed:
        became = {"made": division.made, "free": division.free, "credit": division.credit}
        ledger.move(session, f"end:{row.generation_id}", row, now, owed=-owed, **became)
    if payment is None:
        return
    if division.refunded:
        _undo(session, payment, now)
    else:
        payment.credit = division.credit_of_payment
        payment.state = (PaymentState.CREDITED if payment.credit else PaymentState.USED).value


def _made(session: Session, generation_id: str) -> int:
    given = [state.value for state in WERE_SENT | WERE_LINKED]
    videos = (VideoRow.generation_id == generation_id) & VideoRow.state.in_(given)
    return session.scalar(select(func.count()).select_from(VideoRow).where(videos)) or 0


def _settlement(session: Session, generation_id: str) -> Settlement:
    end = session.get(MovementRow, f"end:{generation_id}")
    back = (PaymentRow.generation_id == generation_id) & PaymentRow.state.in_([state.value for state in GIVEN_BACK])
    stars = int(session.scalar(select(func.sum(PaymentRow.stars)).where(back)) or 0)
    return Settlement(stars) if end is None else Settlement(stars, end.free, end.credit)


def want_back(session: Session, charge_id: str, now: datetime) -> PaymentRow | None:
    """Want a payment refunded, whatever became of it; credit of it that is left goes.

    Returns:
        The payment; None when there is none, or it goes back already.
    """
    row = _payment_to_give_back(session, charge_id)
    if row is None or PaymentState(row.state) in GIVEN_BACK:
        return None
    _undo(session, row, now)
    return row


def _payment_to_give_back(session: Session, charge_id: str) -> PaymentRow | None:
    # Credit is taken away here, and must not be spent meanwhile.
    lock_queue(session)
    return session.scalar(select(PaymentRow).where(PaymentRow.charge_id == charge_id).with_for_update())


def _undo(session: Session, row: PaymentRow, now: datetime) -> None:
    """Take back the videos that a payment bought, as far as they are there, and want its Stars refunded."""
    if PaymentState(row.state) in GIVEN_BACK:
        raise ValueError(f"a payment that is {row.state} cannot be refunded")
    if row.state == PaymentState.PAID.value:
        ledger.move(session, f"unbought:{row.charge_id}", row, now, owed=-row.videos, bought=-row.videos)
    elif row.credit and (left := min(row.credit, max(0, ledger.account(session, row.user_id, 0).credit))):
        ledger.move(session, f"revoked:{row.charge_id}", row, now, credit=-left, bought=-left)
    row.state, row.retry_at = PaymentState.REFUNDING.value, now


def refunds_due(session: Session, now: datetime) -> Sequence[PaymentRow]:
    """Payments that shall go back and whose time has come, oldest first."""
    due = (PaymentRow.state == PaymentState.REFUNDING.value) & (PaymentRow.retry_at <= now)
    return session.scalars(select(PaymentRow).where(due).order_by(PaymentRow.retry_at)).all()


def refund_failed(session: Session, charge_id: str, retry_at: datetime) -> None:
    """Try a refund again later."""
    own = (PaymentRow.charge_id == charge_id) & (PaymentRow.state == PaymentState.REFUNDING.value)
    session.execute(update(PaymentRow).where(own).values(attempts=PaymentRow.attempts + 1, retry_at=retry_at))


def refunded(session: Session, charge_id: str, now: datetime) -> PaymentRow | None:
    """Note that a payment went back, on whoever's wish; None when that is known, or there is none."""
    row = _payment_to_give_back(session, charge_id)
    if row is None or row.state == PaymentState.REFUNDED.value:
        return None
    if row.state != PaymentState.REFUNDING.value:
        _undo(session, row, now)
    row.state, row.retry_at = PaymentState.REFUNDED.value, None
    ledger.move(session, f"refunded:{charge_id}", row, now, stars=-row.stars)
    return row

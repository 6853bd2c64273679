"""A request that is sold: invoiced, agreed to, paid or out of time, settled at its end; and payments that go back.

What was paid becomes a video or comes back. Each step is written down before it is acted upon.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from services.generations.model import FINAL, UNPAID_IN_TIME, WERE_LINKED, WERE_SENT, Price, State
from services.generations.queue import day_is_full, lock_queue
from services.payments import ledger
from services.payments.model import GIVEN_BACK, Charge, Invoice, PaymentState, Settlement, Verdict, divide, request_of
from services.store.base import affected, insert_new
from services.store.payment_tables import MovementRow, PaymentRow, PurchaseRow
from services.store.schema import GenerationRow, VideoRow

AGREED_FOR = timedelta(minutes=1)
"""How long a payment that was agreed to may still come."""

UNSENT_FOR = timedelta(seconds=30)
"""An invoice whose sending was not heard of for so long is sent again; a second one does no harm."""

_UNPAID = GenerationRow.state == State.UNPAID.value

# Asked every second: made once, for making a statement takes longer than the database takes over it.
_WAITING = select(PurchaseRow.generation_id).join(GenerationRow).where(_UNPAID)
_LATE = _WAITING.where(PurchaseRow.due_at <= bindparam("now")).limit(1)
_UNSENT = _WAITING.where(
    GenerationRow.chat_id == GenerationRow.user_id,
    PurchaseRow.invoice_message_id.is_(None),
    func.coalesce(PurchaseRow.invoiced_at, GenerationRow.queued_at) < bindparam("asked_before"),
)
"""Those in private chats whose invoice is not known to be sent."""
_REFUNDS_DUE = (
    select(PaymentRow)
    .where(PaymentRow.state == PaymentState.REFUNDING.value, PaymentRow.retry_at <= bindparam("now"))
    .order_by(PaymentRow.retry_at)
)


@dataclass(frozen=True, slots=True)
class Received:
    """What a payment did."""

    charge: Charge
    generation_id: str | None
    """The request that it is for; None where it was somebody else's payload."""
    is_new: bool = False
    begins: bool = False
    """Whether it paid for its request; otherwise it goes back."""


def sell(session: Session, generation_id: str, user_id: int, price: Price, now: datetime, due_at: datetime) -> None:
    """Write down how a new request is paid; free videos and credit are used at once."""
    row = PurchaseRow(
        generation_id=generation_id,
        user_id=user_id,
        free=price.free,
        credit=price.credit,
        videos=price.videos,
        stars=price.stars,
        due_at=due_at,
    )
    session.add(row)
    prepaid = price.free + price.credit
    if prepaid:
        uses = {"free": -price.free, "credit": -price.credit, "owed": prepaid}
        ledger.move(session, f"use:{generation_id}", row, now, **uses)


def invoice(session: Session, generation_id: str) -> Invoice | None:
    """What is to be asked for a request; None when it is not, or no longer, waiting for its payment."""
    found = ledger.purchase(session, generation_id)
    if found is None or found[1].state != State.UNPAID.value:
        return None
    row, generation = found
    return Invoice(generation_id, row.user_id, generation.language, row.videos, row.stars, row.invoice_message_id)


def claim_invoice(session: Session, generation_id: str, now: datetime) -> Invoice | None:
    """Take it upon oneself to send a request's invoice; None when it is not due, or somebody has sent or sends it."""
    due = invoice(session, generation_id)
    if due is None:
        return None
    own = PurchaseRow.generation_id == generation_id
    unsent = PurchaseRow.invoice_message_id.is_(None)
    unclaimed = PurchaseRow.invoiced_at.is_(None) | (PurchaseRow.invoiced_at < now - UNSENT_FOR)
    claim = update(PurchaseRow).where(own, unsent, unclaimed).values(invoiced_at=now)
    return due if affected(session, claim) else None


def invoice_sent(session: Session, generation_id: str, message_id: int, now: datetime) -> None:
    """Remember which message is a request's invoice."""
    sent = update(PurchaseRow).where(PurchaseRow.generation_id == generation_id)
    session.execute(sent.values(invoice_message_id=message_id, invoiced_at=now))


def agree(session: Session, tag: str, asked: Charge, now: datetime, daily_videos: int) -> tuple[Verdict, str | None]:
    """Decide whether somebody may pay, and commit it before they are told.

    In place of a charge id, ``asked`` has the id of the query; ``daily_videos`` is 0 for no limit.

    Returns:
        The verdict, and the language of the request where there is one.
    """
    generation_id = request_of(tag, asked.payload)
    found = None if generation_id is None else ledger.purchase(session, generation_id, lock=True)
    if found is None:
        return Verdict.GONE, None
    row, generation = found
    verdict = _judge(row, generation, asked, now)
    if verdict is Verdict.AGREED and day_is_full(session, daily_videos, row.user_id, generation.count, now):
        verdict = Verdict.DAY_IS_FULL
    if verdict is Verdict.AGREED:
        row.agreed_at, row.agreed_query = now, asked.charge_id
    return verdict, generation.language


def _judge(row: PurchaseRow, generation: GenerationRow, asked: Charge, now: datetime) -> Verdict:
    state = State(generation.state)
    if row.user_id != asked.user_id:
        return Verdict.NOT_YOURS
    if state in FINAL:
        return Verdict.ENDED
    if state is not State.UNPAID:
        return Verdict.PAID
    if row.stars != asked.stars:
        return Verdict.WRONG_AMOUNT
    is_repeated = row.agreed_query == asked.charge_id
    if row.agreed_at is not None and row.agreed_at > now - AGREED_FOR and not is_repeated:
        return Verdict.TWICE
    return Verdict.AGREED


def receive(session: Session, tag: str, charge: Charge, now: datetime, *, went_back: bool = False) -> Received:
    """Take a payment: it begins its request in this transaction, or it is wanted back.

    A payment with a payload that is not this bot's changes nothing, and one that Telegram says was refunded already
    (``went_back``) begins nothing.
    """
    generation_id = request_of(tag, charge.payload)
    if generation_id is None:
        return Received(charge, None)
    found = ledger.purchase(session, generation_id, lock=True)
    is_new = insert_new(
        session,
        PaymentRow,
        charge_id=charge.charge_id,
        user_id=charge.user_id,
        generation_id=generation_id,
        stars=charge.stars,
        videos=0,
        state=PaymentState.REFUNDING.value,
        paid_at=charge.paid_at,
        retry_at=now,
    )
    if not is_new:
        return Received(charge, generation_id)
    payment = session.get_one(PaymentRow, charge.charge_id)
    begins = found is not None and not went_back and _begin(session, found[0], payment, now)
    bought = payment.videos
    ledger.move(session, f"paid:{charge.charge_id}", payment, now, stars=payment.stars, owed=bought, bought=bought)
    return Received(charge, generation_id, is_new=True, begins=begins)


def _begin(session: Session, row: PurchaseRow, payment: PaymentRow, now: datetime) -> bool:
    """Begin a request that waits for exactly this payment."""
    if row.user_id != payment.user_id or row.stars != payment.stars:
        return False
    own = update(GenerationRow).where(GenerationRow.id == row.generation_id, _UNPAID)
    # Its place in the queue, and its share of the day's quota, are those of the moment it is paid.
    if not affected(session, own.values(state=State.QUEUED.value, queued_at=now)):
        return False
    payment.state, payment.videos, payment.retry_at = PaymentState.PAID.value, row.videos, None
    return True


def expire(session: Session, now: datetime) -> list[str]:
    """End the requests that nobody has paid for in time; not those whose payment may be on its way."""
    late = (PurchaseRow.due_at <= now) & (PurchaseRow.agreed_at.is_(None) | (PurchaseRow.agreed_at <= now - AGREED_FOR))
    lock_queue(session)
    query = select(GenerationRow).select_from(PurchaseRow).join(GenerationRow).where(_UNPAID, late)
    rows = session.scalars(query.with_for_update()).all()
    for row in rows:
        row.state, row.note, row.finished_at = State.CANCELLED.value, UNPAID_IN_TIME, now
    return [row.id for row in rows]


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


def work_left(session: Session, now: datetime) -> tuple[bool, Sequence[PaymentRow], Sequence[str]]:
    """What is due: whether any may have to end, payments that go back, oldest first, and whose invoice was not sent."""
    refunds = session.scalars(_REFUNDS_DUE, {"now": now}).all()
    unsent = session.scalars(_UNSENT, {"asked_before": now - UNSENT_FOR}).all()
    return session.scalar(_LATE, {"now": now}) is not None, refunds, unsent

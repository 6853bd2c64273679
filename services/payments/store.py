"""The rows of the ledger: plain functions within the caller's transaction.

Each step is written down before it is acted upon. A payment is known by the charge id that Telegram gave it, a movement
by its key, so that a step that is repeated changes nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from services.generations.model import (
    FINAL,
    UNPAID_IN_TIME,
    WERE_LINKED,
    WERE_SENT,
    DailyLimitReached,
    Price,
    State,
)
from services.generations.queue import lock_queue
from services.payments.model import (
    GIVEN_BACK,
    Account,
    Charge,
    End,
    Invoice,
    Payment,
    PaymentState,
    Settlement,
    Verdict,
    divide,
    may_become,
    payload_of,
    request_of,
)
from services.store.dialects import affected, insert_new
from services.store.schema import GenerationRow, MovementRow, PaymentRow, PurchaseRow, TillRow, VideoRow

AGREED_FOR = timedelta(minutes=1)
"""How long a payment that was agreed to may still come."""


@dataclass(frozen=True, slots=True)
class Received:
    """What a payment did."""

    is_new: bool
    generation_id: str | None
    """The request that it is for; None where it was somebody else's payload."""
    begins: bool = False
    """Whether it paid for its request; otherwise it goes back."""


def till_tag(session: Session, bot_id: int, new_tag: str) -> str:
    """What makes the payloads of this bot, with this database, recognisable."""
    insert_new(session, TillRow, bot_id=bot_id, tag=new_tag, next_offset=0)
    return session.scalars(select(TillRow.tag).where(TillRow.bot_id == bot_id)).one()


def known_tag(session: Session, bot_id: int) -> str | None:
    """The same where this bot has sold before; None where it never has."""
    return session.scalar(select(TillRow.tag).where(TillRow.bot_id == bot_id))


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


def sell(session: Session, generation_id: str, user_id: int, price: Price, now: datetime, due_at: datetime) -> None:
    """Write down how a new request is paid; free videos and credit are used at once."""
    session.add(
        PurchaseRow(
            generation_id=generation_id,
            user_id=user_id,
            free=price.free,
            credit=price.credit,
            videos=price.videos,
            stars=price.stars,
            due_at=due_at,
        )
    )
    prepaid = price.free + price.credit
    if prepaid:
        uses = {"free": -price.free, "credit": -price.credit, "owed": prepaid}
        _move(session, f"use:{generation_id}", user_id, generation_id, now, **uses)


def invoice(session: Session, tag: str, generation_id: str) -> Invoice | None:
    """What is to be asked for a request; None when it is not, or no longer, waiting for its payment."""
    found = _purchase(session, generation_id)
    if found is None or found[1].state != State.UNPAID.value:
        return None
    row, generation = found
    payload = payload_of(tag, generation_id)
    return Invoice(
        generation_id, row.user_id, generation.language, row.videos, row.stars, payload, row.invoice_message_id
    )


def claim_invoice(session: Session, tag: str, generation_id: str, now: datetime, again_before: datetime) -> bool:
    """Take it upon oneself to send a request's invoice, unless somebody has or does.

    Args:
        session: May write.
        tag: Of this bot's payloads.
        generation_id: The request.
        now: The time.
        again_before: What was taken on before this time, and not finished, is taken on anew.
    """
    if invoice(session, tag, generation_id) is None:
        return False
    own = PurchaseRow.generation_id == generation_id
    unsent = PurchaseRow.invoice_message_id.is_(None)
    unclaimed = PurchaseRow.invoiced_at.is_(None) | (PurchaseRow.invoiced_at < again_before)
    return affected(session, update(PurchaseRow).where(own, unsent, unclaimed).values(invoiced_at=now)) > 0


def invoice_sent(session: Session, generation_id: str, message_id: int, now: datetime) -> None:
    """Remember which message is a request's invoice."""
    sent = update(PurchaseRow).where(PurchaseRow.generation_id == generation_id)
    session.execute(sent.values(invoice_message_id=message_id, invoiced_at=now))


def agree(
    session: Session,
    tag: str,
    asked: Charge,
    now: datetime,
    day_is_full: Callable[[Session, int, int], DailyLimitReached | None],
) -> tuple[Verdict, str | None]:
    """Decide whether somebody may pay, and commit it before they are told.

    Args:
        session: May write.
        tag: Of this bot's payloads.
        asked: What they are about to pay; in place of a charge id, the id of the query.
        now: The time.
        day_is_full: Whether the videos of a request are too many for a person's day.

    Returns:
        The verdict, and the language of the request where there is one.
    """
    generation_id = request_of(tag, asked.payload)
    found = None if generation_id is None else _purchase(session, generation_id, lock=True)
    if found is None:
        return Verdict.GONE, None
    row, generation = found
    verdict = _judge(row, generation, asked, now)
    if verdict is Verdict.AGREED and day_is_full(session, row.user_id, generation.count) is not None:
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

    A payment with a payload that is not this bot's changes nothing.

    Args:
        session: May write.
        tag: Of this bot's payloads.
        charge: The payment.
        now: The time.
        went_back: Whether Telegram says that it was refunded already, so that it begins nothing.
    """
    generation_id = request_of(tag, charge.payload)
    if generation_id is None:
        return Received(is_new=False, generation_id=None)
    purchase = _purchase(session, generation_id, lock=True)
    row = {
        "charge_id": charge.charge_id,
        "user_id": charge.user_id,
        "generation_id": generation_id,
        "stars": charge.stars,
        "videos": 0,
        "credit": 0,
        "attempts": 0,
        "state": PaymentState.REFUNDING.value,
        "paid_at": charge.paid_at,
        "retry_at": now,
    }
    if not insert_new(session, PaymentRow, **row):
        return Received(is_new=False, generation_id=generation_id)
    begins = purchase is not None and not went_back and _begin(session, purchase[0], charge, now)
    videos = purchase[0].videos if purchase is not None and begins else 0
    _move(
        session, f"paid:{charge.charge_id}", charge.user_id, generation_id, now,
        stars=charge.stars, owed=videos, bought=videos,
    )  # fmt: skip
    return Received(True, generation_id, begins)


def _begin(session: Session, row: PurchaseRow, charge: Charge, now: datetime) -> bool:
    if row.user_id != charge.user_id or row.stars != charge.stars:
        return False
    unpaid = (GenerationRow.id == row.generation_id) & (GenerationRow.state == State.UNPAID.value)
    # Its place in the queue, and its share of the day's quota, are those of the moment it is paid.
    queued = update(GenerationRow).where(unpaid).values(state=State.QUEUED.value, queued_at=now)
    if not affected(session, queued):
        return False
    used = update(PaymentRow).where(PaymentRow.charge_id == charge.charge_id)
    session.execute(used.values(state=PaymentState.PAID.value, videos=row.videos, retry_at=None))
    return True


def settle(session: Session, generation_id: str, now: datetime) -> Settlement | None:
    """Let everything that was paid for a request that has ended become a video, or come back; repeating it is harmless.

    Returns:
        What came back; None when the request has not ended, or was not sold.
    """
    found = _purchase(session, generation_id, lock=True)
    if found is None or State(found[1].state) not in FINAL:
        return None
    row, generation = found
    if row.settled_at is None:
        row.settled_at = now
        _settle(session, row, generation, now)
        session.flush()
    return _settlement(session, generation_id)


def _settle(session: Session, row: PurchaseRow, generation: GenerationRow, now: datetime) -> None:
    own = (PaymentRow.generation_id == row.generation_id) & (PaymentRow.state == PaymentState.PAID.value)
    payment = session.scalar(select(PaymentRow).where(own).with_for_update())
    given = [state.value for state in WERE_SENT | WERE_LINKED]
    videos = (VideoRow.generation_id == row.generation_id) & VideoRow.state.in_(given)
    made = session.scalar(select(func.count()).select_from(VideoRow).where(videos)) or 0
    paid = 0 if payment is None else payment.videos
    division = divide(_end_of(generation), row.free, row.credit, paid, made)
    owed = row.free + row.credit + paid - division.refunded
    if owed:
        _move(
            session, f"end:{row.generation_id}", row.user_id, row.generation_id, now,
            owed=-owed, made=division.made, free=division.free, credit=division.credit,
        )  # fmt: skip
    if payment is None:
        return
    if division.refunded:
        _want_back(session, payment, now, division.refunded)
    else:
        payment.credit = division.credit_of_payment
        payment.state = (PaymentState.CREDITED if payment.credit else PaymentState.USED).value


def _end_of(generation: GenerationRow) -> End:
    if generation.state == State.DONE.value:
        return End.VIDEOS
    # What was armed and not taken back may have reached the service.
    if generation.state == State.CANCELLED.value and generation.armed_at is not None:
        return End.STOPPED
    return End.NOTHING


def _settlement(session: Session, generation_id: str) -> Settlement:
    end = session.get(MovementRow, f"end:{generation_id}")
    back = (PaymentRow.generation_id == generation_id) & PaymentRow.state.in_([state.value for state in GIVEN_BACK])
    stars = session.scalar(select(func.coalesce(func.sum(PaymentRow.stars), 0)).where(back)) or 0
    return Settlement(int(stars), 0 if end is None else end.free, 0 if end is None else end.credit)


def want_back(session: Session, charge_id: str, now: datetime) -> Payment | None:
    """Want a payment refunded, whatever became of it; credit of it that is left goes.

    Returns:
        The payment; None when there is none, or it goes back already.
    """
    row = _payment_to_give_back(session, charge_id)
    if row is None or PaymentState(row.state) in GIVEN_BACK:
        return None
    _undo(session, row, now)
    return _payment(row)


def _payment_to_give_back(session: Session, charge_id: str) -> PaymentRow | None:
    # Credit is taken away here, and must not be spent meanwhile.
    lock_queue(session)
    return session.scalar(select(PaymentRow).where(PaymentRow.charge_id == charge_id).with_for_update())


def _undo(session: Session, row: PaymentRow, now: datetime) -> None:
    """Take back what a payment brought, as far as that is there, and want its Stars refunded."""
    if row.state == PaymentState.PAID.value:
        _want_back(session, row, now, row.videos)
        return
    left = min(row.credit, max(0, account(session, row.user_id, 0).credit)) if row.credit else 0
    if left:
        _move(
            session, f"revoked:{row.charge_id}", row.user_id, row.generation_id, now, credit=-left, bought=-left
        )  # fmt: skip
    _want_back(session, row, now, 0)


def _want_back(session: Session, row: PaymentRow, now: datetime, owed: int) -> None:
    if not may_become(PaymentState(row.state), PaymentState.REFUNDING):
        raise ValueError(f"a payment that is {row.state} cannot be refunded")
    row.state, row.retry_at = PaymentState.REFUNDING.value, now
    if owed:
        _move(
            session, f"unbought:{row.charge_id}", row.user_id, row.generation_id, now, owed=-owed, bought=-owed
        )  # fmt: skip


def refunds_due(session: Session, now: datetime) -> list[Payment]:
    """Payments that shall go back and whose time has come, oldest first."""
    due = (PaymentRow.state == PaymentState.REFUNDING.value) & (PaymentRow.retry_at <= now)
    return [_payment(row) for row in session.scalars(select(PaymentRow).where(due).order_by(PaymentRow.retry_at))]


def refund_failed(session: Session, charge_id: str, retry_at: datetime) -> None:
    """Try a refund again later."""
    own = (PaymentRow.charge_id == charge_id) & (PaymentRow.state == PaymentState.REFUNDING.value)
    session.execute(update(PaymentRow).where(own).values(attempts=PaymentRow.attempts + 1, retry_at=retry_at))


def refunded(session: Session, charge_id: str, now: datetime) -> bool:
    """Note that a payment went back, on whoever's wish; false when that is known, or there is none."""
    row = _payment_to_give_back(session, charge_id)
    if row is None or row.state == PaymentState.REFUNDED.value:
        return False
    if row.state != PaymentState.REFUNDING.value:
        _undo(session, row, now)
    row.state, row.retry_at = PaymentState.REFUNDED.value, None
    _move(session, f"refunded:{charge_id}", row.user_id, row.generation_id, now, stars=-row.stars)
    return True


def expire(session: Session, now: datetime) -> list[str]:
    """End the requests that nobody has paid for in time; not those whose payment may be on its way."""
    late = (PurchaseRow.due_at <= now) & (PurchaseRow.agreed_at.is_(None) | (PurchaseRow.agreed_at <= now - AGREED_FOR))
    query = select(GenerationRow.id).join(PurchaseRow, PurchaseRow.generation_id == GenerationRow.id)
    query = query.where(GenerationRow.state == State.UNPAID.value, late)
    ids = list(session.scalars(query.with_for_update(of=GenerationRow)))
    ended = {"state": State.CANCELLED.value, "note": UNPAID_IN_TIME, "finished_at": now}
    if ids:
        still = GenerationRow.id.in_(ids) & (GenerationRow.state == State.UNPAID.value)
        session.execute(update(GenerationRow).where(still).values(**ended))
    return ids


def work_left(session: Session, now: datetime, unsent_before: datetime) -> tuple[bool, bool, list[str]]:
    """What is to be done: whether requests are to be ended, whether refunds are due, and whose invoice was not sent.

    Args:
        session: Reads.
        now: The time.
        unsent_before: An invoice in a private chat that was asked for before this time, and is not known to be sent.
    """
    unpaid = select(
        GenerationRow.id, GenerationRow.chat_id, GenerationRow.user_id, GenerationRow.queued_at,
        PurchaseRow.due_at, PurchaseRow.invoiced_at, PurchaseRow.invoice_message_id,
    ).join(PurchaseRow, PurchaseRow.generation_id == GenerationRow.id)  # fmt: skip
    rows = session.execute(unpaid.where(GenerationRow.state == State.UNPAID.value)).all()
    unsent = [
        row.id
        for row in rows
        if row.chat_id == row.user_id
        and row.invoice_message_id is None
        and (row.invoiced_at or row.queued_at) < unsent_before
    ]
    return any(row.due_at <= now for row in rows), bool(refunds_due(session, now)), unsent


def payment(session: Session, charge_id: str) -> Payment | None:
    """One payment, or None."""
    row = session.get(PaymentRow, charge_id)
    return None if row is None else _payment(row)


def payments_of(session: Session, user_id: int, limit: int) -> list[Payment]:
    """Somebody's last payments, newest first."""
    query = select(PaymentRow).where(PaymentRow.user_id == user_id).order_by(PaymentRow.paid_at.desc()).limit(limit)
    return [_payment(row) for row in session.scalars(query)]


def give_up_free_videos(session: Session, user_id: int, now: datetime) -> None:
    """Give up somebody's free videos, for good; what they paid, and their credit, stay."""
    forfeit = {"user_id": user_id, "moved_at": now, "stars": 0, "free": 0, "credit": 0, "owed": 0, "made": 0}
    insert_new(session, MovementRow, key=_forfeit_key(user_id), bought=0, **forfeit)


def settle_all_of(session: Session, user_id: int, now: datetime) -> None:
    """Settle somebody's requests that have ended and are about to be deleted."""
    query = select(PurchaseRow.generation_id).where(PurchaseRow.user_id == user_id, PurchaseRow.settled_at.is_(None))
    for generation_id in session.scalars(query).all():
        settle(session, generation_id, now)


def next_offset(session: Session, bot_id: int) -> int:
    """The first transaction that was not compared yet."""
    return session.scalars(select(TillRow.next_offset).where(TillRow.bot_id == bot_id)).one()


def take_offset(session: Session, bot_id: int, before: int, after: int) -> bool:
    """Note how far the comparison has come; false when another process was faster."""
    own = (TillRow.bot_id == bot_id) & (TillRow.next_offset == before)
    return affected(session, update(TillRow).where(own).values(next_offset=after)) > 0


def known_charges(session: Session, charge_ids: Sequence[str]) -> frozenset[str]:
    """Which of these payments have a row."""
    return frozenset(session.scalars(select(PaymentRow.charge_id).where(PaymentRow.charge_id.in_(charge_ids))))


def _forfeit_key(user_id: int) -> str:
    return f"forfeit:{user_id}"


def _purchase(session: Session, generation_id: str, *, lock: bool = False) -> tuple[PurchaseRow, GenerationRow] | None:
    query = (
        select(PurchaseRow, GenerationRow)
        .join(GenerationRow, GenerationRow.id == PurchaseRow.generation_id)
        .where(PurchaseRow.generation_id == generation_id)
    )
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    return None if row is None else (row[0], row[1])


def _move(session: Session, key: str, user_id: int, generation_id: str | None, now: datetime, **amounts: int) -> None:
    """Write down a movement. That there is one of this key already is a fault, and undoes the transaction."""
    session.add(MovementRow(key=key, user_id=user_id, generation_id=generation_id, moved_at=now, **amounts))
    session.flush()


def _payment(row: PaymentRow) -> Payment:
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

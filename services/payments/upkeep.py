"""What happens to payments by itself: requests that nobody pays end, Stars go back, the books are checked.

They are compared with Telegram's own list, too. Source: Bot API, ``getStarTransactions``.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.orm import Session
from structlog import get_logger
from telegram import Bot, StarTransaction, TransactionPartnerUser
from telegram.error import BadRequest, TelegramError

from services.clock import Clock
from services.cluster import Alone, Membership
from services.generations.queue import lock_queue
from services.payments import ledger, purchases
from services.payments.model import Charge, request_of
from services.payments.sales import Sales
from services.retries import OUTAGE
from services.store.database import Database
from services.store.payment_tables import PaymentRow
from services.tasks import rest_until
from services.telegram_errors import Refusal, refusal_of
from services.telemetry import CREDIT_VIDEOS, PAYMENT_FAULTS, REFUNDS_REFUSED, STARS_RETURNED

LOOK_SECONDS = 1.0
CHECK_SECONDS = 3600.0
"""Time between two checks of the books."""
FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=1)

PAGE = 100
"""Transactions that Telegram lists at once, at most."""

log = get_logger(__name__)


@dataclass(slots=True)
class PaymentUpkeep:
    """Looks after payments; in one process of several."""

    database: Database
    telegram: Bot
    sales: Sales
    clock: Clock
    members: Membership | Alone
    check_interval: float
    """Seconds between two comparisons with Telegram's list."""
    show: Callable[[str], Awaitable[None]]
    """Shows a request that waits, and asks for its payment where that is due; idempotent."""
    tell_end: Callable[[str], Awaitable[None]]
    """Tells the end of a request that was not paid in time."""
    show_end_again: Callable[[str], Awaitable[None]]
    """Shows an end that was told once more: its money has moved."""
    alarm: Callable[[str], Awaitable[None]]
    """Tells the admins, by the key of a text, at most once in a while."""
    _compare_at: float = 0.0
    _check_at: float = 0.0

    async def run(self) -> None:
        """Work until cancelled. A database or a Telegram that does not answer is asked again."""
        while True:
            try:
                if self.members.is_leader:
                    await self.look()
            except (TelegramError, *OUTAGE) as error:
                log.warning("payments_met_an_outage", error=type(error).__name__)
            await rest_until(self.sales.refund_wanted, LOOK_SECONDS)

    async def look(self) -> None:
        """Do what is due now."""
        now = self.clock.now()
        is_any_late, refunds, unsent = await self.database.read(purchases.work_left, now)
        if is_any_late:
            for generation_id in await self.database.write(purchases.expire, now):
                log.info("not_paid_in_time", generation=generation_id)
                await self.tell_end(generation_id)
        for payment in refunds:
            await self._refund(payment)
        for generation_id in unsent:
            await self.show(generation_id)
        await self._compare()
        await self._check()

    async def _refund(self, payment: PaymentRow) -> None:
        """Give a payment back, which was committed as wanted before. That it went back already is what was wanted."""
        try:
            await self.telegram.refund_star_payment(payment.user_id, payment.charge_id)
        except BadRequest as error:
            if refusal_of(error) is not Refusal.ALREADY_REFUNDED:
                await self._refused(payment, error)
                return
        except TelegramError as error:
            log.warning("refund_not_answered", charge=payment.charge_id, error=type(error).__name__)
            await self._later(payment)
            return
        if await self.database.write(purchases.refunded, payment.charge_id, self.clock.now()):
            log.info("refunded", charge=payment.charge_id, stars=payment.stars)
            STARS_RETURNED.inc(payment.stars)

    async def _refused(self, payment: PaymentRow, error: BadRequest) -> None:
        """The bot's balance is too small, or Telegram does not know the payment: the admins can mend it."""
        log.error("refund_refused", charge=payment.charge_id, stars=payment.stars, reason=error.message)
        REFUNDS_REFUSED.inc()
        await self._later(payment)
        await self.alarm("refund-balance" if refusal_of(error) is Refusal.TOO_FEW_STARS else "refund")

    async def _later(self, payment: PaymentRow) -> None:
        wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(payment.attempts, 10))
        await self.database.write(purchases.refund_failed, payment.charge_id, self.clock.now() + wait)

    async def _compare(self) -> None:
        """Compare what came since the last time with what was committed, and write down what was not known."""
        if self.clock.monotonic() < self._compare_at:
            return
        self._compare_at = self.clock.monotonic() + min(self.check_interval, FIRST_RETRY.total_seconds())
        before = await self.database.read(ledger.next_offset, self.telegram.id)
        paid, given_back, after = await self._own_transactions(before)
        received, refunded = await self.database.write(self.write_down, paid, given_back, before, after)
        for one in received:
            self.sales.took(one)
        for payment in refunded:
            log.warning("refunded_elsewhere", charge=payment.charge_id)
            STARS_RETURNED.inc(payment.stars)
        self._compare_at = self.clock.monotonic() + self.check_interval
        for one in received:
            if one.generation_id is not None:
                show = self.show if one.begins else self.show_end_again
                await show(one.generation_id)

    async def _own_transactions(self, offset: int) -> tuple[list[Charge], set[str], int]:
        """Payments, refunds, and the offset after them, on all pages: those of one may stand on different ones."""
        paid: list[Charge] = []
        given_back: set[str] = set()
        while True:
            page = (await self.telegram.get_star_transactions(offset=offset, limit=PAGE)).transactions
            paid += [charge for one in page if (charge := self._own_charge(one)) is not None]
            given_back |= {one.id for one in page if one.receiver is not None}
            offset += len(page)
            if len(page) < PAGE:
                return paid, given_back, offset

    def _own_charge(self, one: StarTransaction) -> Charge | None:
        """The payment for a request of this bot's; None for anything else."""
        if not isinstance(one.source, TransactionPartnerUser):
            return None
        payload = one.source.invoice_payload or ""
        if request_of(self.sales.tag, payload) is None:
            # What another program, or another database, sold with this token is not ours to judge.
            log.info("payment_of_another_program", charge=one.id, stars=one.amount)
            return None
        return Charge(one.id, one.source.user.id, one.amount, payload, one.date)

    def write_down(
        self, session: Session, paid: Sequence[Charge], given_back: Collection[str], before: int, after: int
    ) -> tuple[list[purchases.Received], list[PaymentRow]]:
        """Take the payments that were not known, and note the refunds that somebody else made."""
        lock_queue(session)
        if not ledger.take_offset(session, self.telegram.id, before, after):
            return [], []
        known = ledger.known_charges(session, [charge.charge_id for charge in paid])
        received = [
            self.sales.receive_in(session, one, went_back=one.charge_id in given_back)
            for one in paid
            if one.charge_id not in known
        ]
        now = self.clock.now()
        refunded = [purchases.refunded(session, charge_id, now) for charge_id in given_back]
        return received, [payment for payment in refunded if payment is not None]

    async def _check(self) -> None:
        if self.clock.monotonic() < self._check_at:
            return
        faults = await self.database.read(ledger.faults)
        totals = await self.database.read(ledger.totals)
        self._check_at = self.clock.monotonic() + CHECK_SECONDS
        CREDIT_VIDEOS.set(totals.credit)
        PAYMENT_FAULTS.set(len(faults))
        for fault in faults:
            log.error("books_do_not_add_up", fault=fault)
        if faults:
            await self.alarm("books")

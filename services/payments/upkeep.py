"""What happens to payments by itself: requests that nobody pays end, Stars go back, the books are checked.

They are compared with Telegram's own list, too. Source: Bot API, ``getStarTransactions``.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy.orm import Session
from structlog import get_logger
from telegram import Bot, StarTransaction, TransactionPartnerUser
from telegram.error import BadRequest, TelegramError

from services.clock import Clock
from services.cluster import Alone, Membership
from services.payments import ledger, purchases, returns
from services.payments.invoices import UNSENT_FOR
from services.payments.model import Charge, Payment, request_of
from services.payments.sales import Sales
from services.retries import OUTAGE
from services.store.database import Database
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


class RequestDisplay(Protocol):
    """Where requests are shown (:class:`services.orders.Generations`)."""

    async def placed(self, generation_id: str) -> None:
        """Show a request that waits, and ask for its payment where that is due; idempotent."""
        ...

    async def tell_end(self, generation_id: str) -> None:
        """Tell the end of a request that was not paid in time."""
        ...

    async def show_end_again(self, generation_id: str) -> None:
        """Show an end that was told once more: its money has moved."""
        ...


@dataclass(frozen=True, slots=True)
class Compared:
    """What a comparison found."""

    received: Sequence[tuple[Charge, purchases.Received]] = ()
    """Payments that were not known."""
    refunded: Sequence[tuple[str, int]] = ()
    """Payments that somebody else has refunded, with their Stars."""


@dataclass(frozen=True, slots=True)
class _News:
    """What Telegram's list holds beyond an offset."""

    paid: Sequence[Charge]
    given_back: frozenset[str]
    before: int
    after: int


@dataclass(slots=True)
class Comparison:
    """Compares what was committed with what Telegram knows."""

    database: Database
    telegram: Bot
    sales: Sales
    clock: Clock
    bot_id: int

    async def run(self) -> Compared:
        """Compare what came since the last time, and write down what was not known.

        Raises:
            telegram.error.TelegramError: Telegram does not answer.
        """
        before = await self.database.read(ledger.next_offset, self.bot_id)
        news = await self._news(before)
        if news.after == before:
            return Compared()
        compared = await self.database.write(self._compare, news)
        for charge, received in compared.received:
            self.sales.took(charge, received)
        for charge_id, stars in compared.refunded:
            log.warning("refunded_elsewhere", charge=charge_id)
            STARS_RETURNED.inc(stars)
        return compared

    async def _news(self, before: int) -> _News:
        """All pages: a payment and its refund may stand on different ones."""
        paid: list[Charge] = []
        given_back: set[str] = set()
        offset = before
        while True:
            page = (await self.telegram.get_star_transactions(offset=offset, limit=PAGE)).transactions
            for one in page:
                self._sort(one, paid, given_back)
            offset += len(page)
            if len(page) < PAGE:
                return _News(paid, frozenset(given_back), before, offset)

    def _sort(self, one: StarTransaction, paid: list[Charge], given_back: set[str]) -> None:
        if one.receiver is not None:
            given_back.add(one.id)
        source = one.source
        if not isinstance(source, TransactionPartnerUser):
            return
        payload = source.invoice_payload or ""
        if request_of(self.sales.tag, payload) is None:
            # What another program, or another database, sold with this token is not ours to judge.
            log.info("payment_of_another_program", charge=one.id, stars=one.amount)
            return
        paid.append(Charge(one.id, source.user.id, one.amount, payload, one.date))

    def _compare(self, session: Session, news: _News) -> Compared:
        if not ledger.take_offset(session, self.bot_id, news.before, news.after):
            return Compared()
        now = self.clock.now()
        known = ledger.known_charges(session, [charge.charge_id for charge in news.paid])
        fresh = [charge for charge in news.paid if charge.charge_id not in known]
        back = news.given_back
        received = [(one, self.sales.receive_in(session, one, went_back=one.charge_id in back)) for one in fresh]
        refunded = []
        for charge_id in news.given_back:
            payment = ledger.payment(session, charge_id)
            if payment is not None and returns.refunded(session, charge_id, now):
                refunded.append((charge_id, payment.stars))
        return Compared(received, refunded)


@dataclass(slots=True)
class PaymentUpkeep:
    """Looks after payments; in one process of several."""

    database: Database
    telegram: Bot
    sales: Sales
    comparison: Comparison
    shown: RequestDisplay
    clock: Clock
    members: Membership | Alone
    check_interval: float
    """Seconds between two comparisons with Telegram's list."""
    alarm: Callable[[str], Awaitable[None]]
    """Tells the admins, by the key of a text, at most once in a while."""
    wake: asyncio.Event
    """Set when a payment shall go back."""
    _compare_at: float = field(default=0.0)
    _check_at: float = field(default=0.0)

    async def run(self) -> None:
        """Work until cancelled. A database or a Telegram that does not answer is asked again."""
        while True:
            try:
                if self.members.is_leader:
                    await self.look()
            except (TelegramError, *OUTAGE) as error:
                log.warning("payments_met_an_outage", error=type(error).__name__)
            await self._pause()

    async def look(self) -> None:
        """Do what is due now."""
        now = self.clock.now()
        is_any_late, is_refund_due, unsent = await self.database.read(purchases.work_left, now, now - UNSENT_FOR)
        if is_any_late:
            for generation_id in await self.database.write(purchases.expire, now):
                log.info("not_paid_in_time", generation=generation_id)
                await self.shown.tell_end(generation_id)
        if is_refund_due:
            for payment in await self.database.read(returns.refunds_due, now):
                await self._refund(payment)
        for generation_id in unsent:
            await self.shown.placed(generation_id)
        await self._compare()
        await self._check()

    async def _refund(self, payment: Payment) -> None:
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
        if await self.database.write(returns.refunded, payment.charge_id, self.clock.now()):
            log.info("refunded", charge=payment.charge_id, stars=payment.stars)
            STARS_RETURNED.inc(payment.stars)

    async def _refused(self, payment: Payment, error: BadRequest) -> None:
        """The bot's balance is too small, or Telegram does not know the payment: the admins can mend it."""
        log.error("refund_refused", charge=payment.charge_id, stars=payment.stars, reason=error.message)
        REFUNDS_REFUSED.inc()
        await self._later(payment)
        await self.alarm("refund-balance" if refusal_of(error) is Refusal.TOO_FEW_STARS else "refund")

    async def _later(self, payment: Payment) -> None:
        wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(payment.attempts, 10))
        await self.database.write(returns.refund_failed, payment.charge_id, self.clock.now() + wait)

    async def _compare(self) -> None:
        if self.clock.monotonic() < self._compare_at:
            return
        self._compare_at = self.clock.monotonic() + min(self.check_interval, FIRST_RETRY.total_seconds())
        compared = await self.comparison.run()
        self._compare_at = self.clock.monotonic() + self.check_interval
        for _charge, received in compared.received:
            if received.begins and received.generation_id is not None:
                await self.shown.placed(received.generation_id)
            elif received.generation_id is not None:
                await self.shown.show_end_again(received.generation_id)

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

    async def _pause(self) -> None:
        waits = {
            asyncio.ensure_future(self.wake.wait()),
            asyncio.ensure_future(self.clock.sleep(LOOK_SECONDS)),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
        self.wake.clear()

"""What happens to payments by itself: requests that nobody pays end, Stars go back, the books are checked."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from sqlalchemy.exc import SQLAlchemyError
from structlog import get_logger
from telegram.error import BadRequest, TelegramError

from services.clock import Clock
from services.payments import purchases, returns
from services.payments.comparing import Comparison
from services.payments.invoices import UNSENT_FOR
from services.payments.model import Payment
from services.payments.sales import Sales
from services.store.database import Database
from services.telegram_errors import Refusal, refusal_of
from services.telemetry import CREDIT_VIDEOS, PAYMENT_FAULTS, REFUNDS_REFUSED, STARS_RETURNED

LOOK_SECONDS = 1.0
CHECK_SECONDS = 3600.0
"""Time between two checks of the books."""
FIRST_RETRY = timedelta(seconds=30)
LAST_RETRY = timedelta(hours=1)

log = get_logger(__name__)


class StarGiver(Protocol):
    """Gives Stars back (:class:`telegram.Bot`)."""

    async def refund_star_payment(self, user_id: int, telegram_payment_charge_id: str) -> bool:
        """Refund the whole of a payment."""
        ...


class Leader(Protocol):
    """The processes of the bot, as far as one of them does things for all."""

    @property
    def is_leader(self) -> bool:
        """Whether this process is the one."""
        ...


class RequestDisplay(Protocol):
    """Where requests are shown (:class:`services.orders.Generations`)."""

    async def placed(self, generation_id: str) -> None:
        """Show a request that waits, and ask for its payment where that is due; idempotent."""
        ...

    async def show_end(self, generation_id: str) -> None:
        """Show the end of a request, once more where it was shown: its money has moved."""
        ...


@dataclass(slots=True)
class PaymentUpkeep:
    """Looks after payments; in one process of several."""

    database: Database
    telegram: StarGiver
    sales: Sales
    comparison: Comparison
    shown: RequestDisplay
    clock: Clock
    members: Leader
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
            except (SQLAlchemyError, OSError, TelegramError) as error:
                log.warning("payments_met_an_outage", error=type(error).__name__)
            await self._pause()

    async def look(self) -> None:
        """Do what is due now."""
        now = self.clock.now()
        is_any_late, is_refund_due, unsent = await self.database.read(purchases.work_left, now, now - UNSENT_FOR)
        if is_any_late:
            for generation_id in await self.database.write(purchases.expire, now):
                log.info("not_paid_in_time", generation=generation_id)
                await self.shown.show_end(generation_id)
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
                await self.shown.show_end(received.generation_id)

    async def _check(self) -> None:
        if self.clock.monotonic() < self._check_at:
            return
        faults = await self.sales.books_faults()
        totals = await self.sales.totals()
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

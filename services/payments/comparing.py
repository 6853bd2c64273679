"""Comparison with Telegram's own list of payments. Source: Bot API, ``getStarTransactions``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session
from structlog import get_logger
from telegram import StarTransaction, StarTransactions, TransactionPartnerUser

from services.clock import Clock
from services.payments import ledger, purchases, returns
from services.payments.model import Charge, request_of
from services.payments.sales import Sales
from services.store.database import Database
from services.telemetry import STARS_RETURNED

PAGE = 100

log = get_logger(__name__)


class StarBooks(Protocol):
    """Telegram's books on the bot's Stars (:class:`telegram.Bot`)."""

    async def get_star_transactions(self, offset: int | None = None, limit: int | None = None) -> StarTransactions:
        """Transactions from an offset on, oldest first."""
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
    telegram: StarBooks
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
        now: datetime = self.clock.now()
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

"""Selling requests: what they cost, their invoices, who may pay, and what each payment does.

Source: Bot API, ``sendInvoice`` and "Payments in Telegram Stars".
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from sqlalchemy.orm import Session
from structlog import get_logger
from telegram import Bot, LabeledPrice
from telegram.error import TelegramError

from services.access import OwnerLists, is_admin
from services.changes import Changes
from services.clock import Clock
from services.generations.model import Order, Price
from services.generations.queue import TOPIC as QUEUE_TOPIC
from services.outbox.calls import Priority, sending
from services.payments import ledger, purchases
from services.payments.model import Account, Charge, Invoice, Settlement, Verdict, payload_of, split
from services.retries import OUTAGE
from services.store.database import Database
from services.store.payment_tables import PaymentRow
from services.telemetry import STARS_TAKEN
from services.texts import Texts

CURRENCY = "XTR"
"""Telegram's name for Stars."""

PAY_PREFIX = "pay_"
"""Of the parameter of a deep link that leads to an invoice."""

JUDGED_WITHIN = 2.0
"""Seconds until the database's verdict on a payment must be there: the answer is due within three."""

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tariff:
    """The owner's terms."""

    stars: int
    """Price of a video; 0 where nobody pays."""
    free_videos: int
    """Videos that each person has free, once."""
    timeout: timedelta
    """How long a request waits for its payment."""
    daily_videos: int
    """Videos of one person in a day; 0 for no limit."""


@dataclass(slots=True)
class Sales:
    """Sells requests, and keeps the books on it. Without a price, requests cost nothing and no statement is made."""

    database: Database
    clock: Clock
    changes: Changes
    tariff: Tariff
    tag: str
    """Marks the payloads of this bot; empty where it has never sold anything."""
    owner_lists: OwnerLists
    """Admins never pay."""
    refund_wanted: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    """Set when a payment shall go back."""

    @property
    def is_open(self) -> bool:
        """Whether videos have a price."""
        return self.tariff.stars > 0

    @property
    def has_books(self) -> bool:
        """Whether anything was or may be sold."""
        return bool(self.tag)

    def price(self, session: Session, user_id: int, count: int) -> Price | None:
        """What a request of so many videos costs its requester; None for nothing."""
        if not self.is_open or is_admin(self.owner_lists, session, user_id):
            return None
        return split(count, ledger.account(session, user_id, self.tariff.free_videos), self.tariff.stars)

    async def quote(self, user_id: int, count: int) -> Price | None:
        """The same for a request that is not made yet."""
        return await self.database.read(self.price, user_id, count) if self.is_open else None

    def sell(self, session: Session, generation_id: str, order: Order, price: Price) -> None:
        """Write down how a request is paid, in the transaction that makes it."""
        now = self.clock.now()
        purchases.sell(session, generation_id, order.user_id, price, now, now + self.tariff.timeout)

    async def judge(self, asked: Charge) -> tuple[Verdict, str | None]:
        """Decide whether somebody may pay, and in which language to tell them; what is agreed to is committed."""
        late = self.clock.monotonic() + JUDGED_WITHIN
        try:
            async with asyncio.timeout(JUDGED_WITHIN):
                return await self.database.write(self._judge, asked, late, urgent=True)
        except (TimeoutError, *OUTAGE) as error:
            log.warning("payment_not_judged", error=type(error).__name__)
            return Verdict.LATE, None

    def _judge(self, session: Session, asked: Charge, late: float) -> tuple[Verdict, str | None]:
        judged = purchases.agree(session, self.tag, asked, self.clock.now(), self.tariff.daily_videos)
        if self.clock.monotonic() >= late:
            # It waited for the lock, and nobody waits for it any more: refused, it must not look agreed to.
            session.rollback()
            return Verdict.LATE, None
        return judged

    async def receive(self, charge: Charge) -> purchases.Received:
        """Take a payment, once; it begins its request, or goes back."""
        received = await self.database.write(self.receive_in, charge)
        self.took(received)
        return received

    def receive_in(self, session: Session, charge: Charge, *, went_back: bool = False) -> purchases.Received:
        """The same within a transaction; :meth:`took` is to be called after its commit."""
        received = purchases.receive(session, self.tag, charge, self.clock.now(), went_back=went_back)
        if received.begins:
            self.changes.announce(session, QUEUE_TOPIC)
        return received

    def took(self, received: purchases.Received) -> None:
        """Count a payment that was committed, and have it refunded where it bought nothing."""
        charge = received.charge
        if received.generation_id is None:
            log.warning("payment_of_another_program", charge=charge.charge_id, stars=charge.stars)
        elif received.is_new:
            log.info("paid", charge=charge.charge_id, stars=charge.stars, generation=received.generation_id)
            STARS_TAKEN.inc(charge.stars)
            if not received.begins:
                log.info("payment_bought_nothing", charge=charge.charge_id)
                self.refund_wanted.set()

    async def settle(self, generation_id: str) -> Settlement | None:
        """Settle a request that has ended and was sold; what came back to its requester."""
        settlement = await self.database.write(purchases.settle, generation_id, self.clock.now())
        if settlement is not None and settlement.stars:
            self.refund_wanted.set()
        return settlement

    async def balance(self, user_id: int) -> tuple[Account, Sequence[PaymentRow]]:
        """What somebody has, and their last payments, newest first."""
        return await self.database.read(ledger.balance, user_id, self.tariff.free_videos)

    async def refund(self, charge_id: str) -> PaymentRow | None:
        """Want a payment back, whatever it brought.

        Returns:
            It; None when there is no such payment, or it goes back already.
        """
        payment = await self.database.write(purchases.want_back, charge_id, self.clock.now())
        if payment is not None:
            self.refund_wanted.set()
        return payment


def pay_link(bot_name: str, generation_id: str) -> str:
    """The address of the private chat that asks for a request's invoice."""
    return f"https://t.me/{bot_name}?start={PAY_PREFIX}{generation_id}"


class InvoiceOutcome(StrEnum):
    """What became of the wish for an invoice."""

    SENT = "sent"
    NOT_YOURS = "not-yours"
    NOT_DUE = "not-due"
    """The request waits for no payment (any more)."""
    NOT_SENT = "not-sent"


@dataclass(slots=True)
class Invoices:
    """Sends the invoices of requests to their requesters."""

    bot: Bot
    database: Database
    clock: Clock
    texts: Texts
    tag: str
    """Marks the payloads of this bot."""

    async def send_first(self, generation_id: str) -> None:
        """Send a request's invoice unless it was sent; what fails is tried again by the upkeep of payments."""
        now = self.clock.now()
        invoice = await self.database.write(purchases.claim_invoice, generation_id, now)
        if invoice is not None:
            await self._send(invoice)

    async def send_again(self, generation_id: str, user_id: int) -> InvoiceOutcome:
        """Send it because its requester asks for it; an earlier one that is still there goes."""
        invoice = await self.database.read(purchases.invoice, generation_id)
        if invoice is None:
            return InvoiceOutcome.NOT_DUE
        if invoice.user_id != user_id:
            return InvoiceOutcome.NOT_YOURS
        if not await self._send(invoice):
            return InvoiceOutcome.NOT_SENT
        if invoice.message_id is not None:
            try:
                with sending(Priority.ANSWER):
                    await self.bot.delete_message(user_id, invoice.message_id)
            except TelegramError as error:
                log.info("invoice_left", error=type(error).__name__)
        return InvoiceOutcome.SENT

    async def _send(self, invoice: Invoice) -> bool:
        phrases = self.texts.into(invoice.language)
        title = phrases.plain("invoice-title", count=invoice.videos)
        try:
            with sending(Priority.ANSWER):
                message = await self.bot.send_invoice(
                    invoice.user_id,
                    title,
                    phrases.plain("invoice-description", count=invoice.videos),
                    payload_of(self.tag, invoice.generation_id),
                    CURRENCY,
                    [LabeledPrice(title, invoice.stars)],
                    start_parameter=f"{PAY_PREFIX}{invoice.generation_id}",
                )
        except TelegramError as error:
            log.warning("invoice_not_sent", generation=invoice.generation_id, error=type(error).__name__)
            return False
        sent = invoice.generation_id, message.message_id, self.clock.now()
        await self.database.write(purchases.invoice_sent, *sent, durable=False)
        return True

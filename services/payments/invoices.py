"""Invoices out. Source: Bot API, ``sendInvoice`` and "Payments in Telegram Stars"."""

from dataclasses import dataclass
from enum import StrEnum

from structlog import get_logger
from telegram import Bot, LabeledPrice
from telegram.error import TelegramError

from services.clock import Clock
from services.outbox.calls import Priority, sending
from services.payments import purchases
from services.payments.model import Invoice
from services.store.database import Database
from services.texts import Texts

CURRENCY = "XTR"
"""Telegram's name for Stars."""

PAY_PREFIX = "pay_"
"""Of the parameter of a deep link that leads to an invoice."""

log = get_logger(__name__)


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
        invoice = await self.database.write(purchases.claim_invoice, self.tag, generation_id, now)
        if invoice is not None:
            await self._send(invoice)

    async def send_again(self, generation_id: str, user_id: int) -> InvoiceOutcome:
        """Send it because its requester asks for it; an earlier one that is still there goes."""
        invoice = await self.database.read(purchases.invoice, self.tag, generation_id)
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
                    invoice.payload,
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

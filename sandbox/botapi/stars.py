"""Telegram Stars: invoices, checkouts, payments, the bot's balance and its transactions, as values and their store."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sandbox.botapi.model import Invoice, JsonObject


class CheckoutState(StrEnum):
    """How far somebody has come who presses Pay."""

    ASKED = "asked"
    """The bot has been asked whether it agrees."""
    APPROVED = "approved"
    """The bot has agreed, the Stars have not moved yet; see ``Watch.hold_payments``."""
    PAID = "paid"
    REFUSED = "refused"
    """By the bot, or for want of Stars; ``error`` is what the payer reads."""
    EXPIRED = "expired"
    """The bot did not answer in time."""

    @property
    def over(self) -> bool:
        """Whether nothing more comes of it."""
        return self not in {CheckoutState.ASKED, CheckoutState.APPROVED}


@dataclass(slots=True)
class Checkout:
    """One attempt to pay an invoice."""

    query_id: str
    user_id: int
    invoice: Invoice
    asked_at: float
    """By the monotonic clock, seconds."""
    state: CheckoutState = CheckoutState.ASKED
    error: str = ""
    charge_id: str = ""
    """Once it is paid."""


@dataclass(slots=True)
class Payment:
    """Stars that somebody has paid to the bot."""

    charge_id: str
    user_id: int
    amount: int
    payload: str
    paid_at: datetime
    refunded: bool = False


@dataclass(frozen=True, slots=True)
class Transaction:
    """A movement of the bot's Stars; a refund has the id of its payment."""

    charge_id: str
    amount: int
    """Above 0, whichever way they go."""
    at: datetime
    incoming: bool
    partner: JsonObject

    def wire(self) -> JsonObject:
        """A ``StarTransaction``."""
        wire: JsonObject = {"id": self.charge_id, "amount": self.amount, "date": int(self.at.timestamp())}
        return wire | {"source" if self.incoming else "receiver": self.partner}


@dataclass(slots=True)
class StarAccount:
    """The bot's Stars."""

    checkouts: dict[str, Checkout] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    transactions: list[Transaction] = field(default_factory=list)
    """Oldest first."""
    holding: bool = False
    """Payments that the bot has agreed to wait."""

    @property
    def balance(self) -> int:
        """Stars that the bot has."""
        return sum(one.amount if one.incoming else -one.amount for one in self.transactions)

    def new_checkout(self, user_id: int, invoice: Invoice, now: float) -> Checkout:
        """An attempt to pay, not yet told to the bot."""
        checkout = Checkout(str(secrets.randbits(62)), user_id, invoice, now)
        self.checkouts[checkout.query_id] = checkout
        return checkout

    def take(self, user_id: int, amount: int, payload: str, at: datetime, partner: JsonObject) -> Payment:
        """Book a payment."""
        payment = Payment(f"stx{secrets.token_urlsafe(30)}", user_id, amount, payload, at)
        self.payments[payment.charge_id] = payment
        self.transactions.append(Transaction(payment.charge_id, amount, at, incoming=True, partner=partner))
        return payment

    def give_back(self, payment: Payment, at: datetime, partner: JsonObject) -> None:
        """Book the refund of a payment."""
        payment.refunded = True
        self.transactions.append(Transaction(payment.charge_id, payment.amount, at, incoming=False, partner=partner))

    def withdraw(self, amount: int, at: datetime) -> None:
        """Book Stars that the owner takes out."""
        partner: JsonObject = {"type": "fragment", "withdrawal_state": {"type": "pending"}}
        self.transactions.append(
            Transaction(f"wdr{secrets.token_urlsafe(30)}", amount, at, incoming=False, partner=partner)
        )

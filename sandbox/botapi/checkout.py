"""Buying with Stars, step by step: the question to the bot, the payment, the refund, and the messages about them."""

from sandbox.botapi.backend import Backend
from sandbox.botapi.delivery import deliver
from sandbox.botapi.model import Invoice, JsonObject, User
from sandbox.botapi.stars import Checkout, CheckoutState, Payment
from sandbox.botapi.wire import user_wire

TOO_FEW = "BALANCE_TOO_LOW"
TIMEOUT = "BOT_PRECHECKOUT_TIMEOUT"


def begin(backend: Backend, user: User, invoice: Invoice) -> Checkout:
    """Somebody presses Pay and confirms: ask the bot, unless they have too few Stars."""
    checkout = backend.stars.new_checkout(user.user_id, invoice, backend.clock.monotonic())
    if user.stars < invoice.amount:
        _end(backend, checkout, CheckoutState.REFUSED, TOO_FEW)
        return checkout
    query: JsonObject = {
        "id": checkout.query_id,
        "from": user_wire(user),
        "currency": "XTR",
        "total_amount": invoice.amount,
        "invoice_payload": invoice.payload,
    }
    backend.note_other("checkout_begun", "person", _details(checkout))
    backend.updates.push("pre_checkout_query", query)
    return checkout


def answer(backend: Backend, checkout: Checkout, error: str | None) -> None:
    """The bot has answered; None = it agrees."""
    if error is not None:
        _end(backend, checkout, CheckoutState.REFUSED, error)
        return
    checkout.state = CheckoutState.APPROVED
    backend.signal.notify()
    if not backend.stars.holding:
        pay(backend, checkout)


def expire(backend: Backend, checkout: Checkout) -> None:
    """The bot has not answered in time."""
    if checkout.state is CheckoutState.ASKED:
        _end(backend, checkout, CheckoutState.EXPIRED, TIMEOUT)


def abandon(backend: Backend, checkout: Checkout) -> None:
    """The payer turns away although the bot has agreed."""
    _end(backend, checkout, CheckoutState.EXPIRED)


def pay(backend: Backend, checkout: Checkout) -> None:
    """Move the Stars of a checkout that the bot has agreed to, and tell the bot."""
    user = backend.world.users[checkout.user_id]
    if user.stars < checkout.invoice.amount:
        _end(backend, checkout, CheckoutState.REFUSED, TOO_FEW)
        return
    checkout.charge_id = charge(backend, user, checkout.invoice.amount, checkout.invoice.payload).charge_id
    _end(backend, checkout, CheckoutState.PAID)


def charge(backend: Backend, user: User, amount: int, payload: str) -> Payment:
    """Move Stars from somebody to the bot, with the service message about it."""
    now = backend.clock.now()
    payment = backend.stars.take(user.user_id, amount, payload, now, _partner(user, payload))
    user.stars -= amount
    _tell(backend, user, "successful_payment", payment)
    return payment


def refund(backend: Backend, payment: Payment) -> None:
    """Move the Stars of a payment back, with the service message about it."""
    user = backend.world.users[payment.user_id]
    backend.stars.give_back(payment, backend.clock.now(), _partner(user, payment.payload))
    user.stars += payment.amount
    _tell(backend, user, "refunded_payment", payment)


def _partner(user: User, payload: str) -> JsonObject:
    return {
        "type": "user",
        "transaction_type": "invoice_payment",
        "user": user_wire(user),
        "invoice_payload": payload,
    }


def _tell(backend: Backend, user: User, kind: str, payment: Payment) -> None:
    """Both service messages stand in the private chat, wherever the invoice was."""
    chat = backend.world.chats[user.user_id]
    message = backend.world.new_message(chat, user)
    message.fields = {
        kind: {
            "currency": "XTR",
            "total_amount": payment.amount,
            "invoice_payload": payment.payload,
            "telegram_payment_charge_id": payment.charge_id,
            "provider_payment_charge_id": f"{user.user_id}_{message.message_id}",
        }
    }
    backend.world.post(chat, message)
    backend.note("message_sent", "person", message)
    deliver(backend, message)


def _end(backend: Backend, checkout: Checkout, state: CheckoutState, error: str = "") -> None:
    checkout.state, checkout.error = state, error
    backend.note_other("checkout_ended", "bot", _details(checkout))


def _details(checkout: Checkout) -> JsonObject:
    return {
        "query_id": checkout.query_id,
        "user_id": checkout.user_id,
        "chat_id": checkout.user_id,
        "title": checkout.invoice.title,
        "amount": checkout.invoice.amount,
        "state": checkout.state.value,
        "text": checkout.error,
    }

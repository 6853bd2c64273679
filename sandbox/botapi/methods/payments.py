"""Methods that sell for Telegram Stars (https://core.telegram.org/bots/payments-stars)."""

import re

from sandbox.botapi import checkout
from sandbox.botapi.backend import Backend
from sandbox.botapi.errors import QUERY_TOO_OLD, bad_request
from sandbox.botapi.methods.base import Handler, draft_message, publish
from sandbox.botapi.model import Button, Invoice, JsonObject
from sandbox.botapi.params import Call
from sandbox.botapi.stars import CheckoutState
from sandbox.botapi.wire import message_wire

MAX_AMOUNT = 100_000
"""Stars of one invoice at most."""
MAX_PAGE = 100
START_PARAMETER = re.compile(r"[A-Za-z0-9_-]{0,64}")
_NOT_FOR_STARS = (
    "max_tip_amount", "suggested_tip_amounts", "provider_data", "need_name", "need_phone_number", "need_email",
    "need_shipping_address", "send_phone_number_to_provider", "send_email_to_provider", "is_flexible",
)  # fmt: skip


async def send_invoice(backend: Backend, call: Call) -> object:
    """Send an invoice in Stars."""
    chat = backend.world.open_chat(call.chat_id)
    invoice = _invoice(call)
    markup = call.structure("reply_markup")
    message = draft_message(backend, call, chat, pay=True)
    if markup is None or not message.keyboard:
        label = f"Pay ⭐️{invoice.amount}"
        message.keyboard = ((Button(label, None, None, {"text": label, "pay": True}),),)
    backend.admit(chat)
    message.invoice = invoice
    message.fields = {"invoice": invoice.wire()}
    return message_wire(backend.world, publish(backend, chat, message))


def _invoice(call: Call) -> Invoice:
    title, description = call.text("title"), call.text("description")
    payload, start = call.text("payload"), call.text("start_parameter")
    if not 1 <= len(title) <= 32:
        raise bad_request("TITLE_INVALID")
    if not 1 <= len(description) <= 255:
        raise bad_request("DESCRIPTION_INVALID")
    if not 1 <= len(payload.encode()) <= 128:
        raise bad_request("INVOICE_PAYLOAD_INVALID")
    if not START_PARAMETER.fullmatch(start):
        raise bad_request("START_PARAM_INVALID")
    if call.text("currency") != "XTR":
        raise bad_request("CURRENCY_INVALID")
    if call.text("provider_token"):
        raise bad_request("PAYMENT_PROVIDER_INVALID")
    if any(call.params.get(name) for name in _NOT_FOR_STARS):
        raise bad_request("STARS_INVOICE_INVALID")
    return Invoice(title, description, payload, _price(call), start)


def _price(call: Call) -> int:
    prices = call.array("prices") or []
    if len(prices) != 1:
        raise bad_request("STARS_INVOICE_INVALID")
    price = prices[0]
    if not isinstance(price, dict) or set(price) != {"label", "amount"} or not isinstance(price["label"], str):
        raise bad_request("can't parse labeled price: LabeledPrice must be an Object")
    amount = price["amount"]
    if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= MAX_AMOUNT or not price["label"]:
        raise bad_request("CURRENCY_TOTAL_AMOUNT_INVALID")
    return amount


async def answer_pre_checkout(backend: Backend, call: Call) -> object:
    """Agree to a payment, or refuse it with a sentence; once and in time."""
    asked = backend.stars.checkouts.get(call.text("pre_checkout_query_id"))
    error = call.text("error_message")
    if not call.flag("ok") and not error.strip():
        raise bad_request("ERROR_TEXT_EMPTY")
    now = backend.clock.monotonic()
    if asked is None or asked.state is not CheckoutState.ASKED or now - asked.asked_at > backend.options.checkout_ttl:
        raise bad_request(QUERY_TOO_OLD)
    checkout.answer(backend, asked, None if call.flag("ok") else error)
    return True


async def refund_payment(backend: Backend, call: Call) -> object:
    """Give back the whole of a payment."""
    user = backend.world.users.get(call.number("user_id"))
    if user is None:
        raise bad_request("invalid user_id specified")
    charge_id = call.text("telegram_payment_charge_id")
    if not charge_id:
        raise bad_request("CHARGE_ID_EMPTY")
    payment = backend.stars.payments.get(charge_id)
    if payment is None or payment.user_id != user.user_id:
        raise bad_request("CHARGE_NOT_FOUND")
    if payment.refunded:
        raise bad_request("CHARGE_ALREADY_REFUNDED")
    if backend.stars.balance < payment.amount:
        raise bad_request(checkout.TOO_FEW)
    checkout.refund(backend, payment)
    return True


async def get_transactions(backend: Backend, call: Call) -> object:
    """The bot's transactions from ``offset`` on, oldest first."""
    offset, limit = call.number("offset"), call.number("limit", MAX_PAGE)
    if offset < 0:
        raise bad_request("parameter offset must be non-negative")
    if backend.options.strict and not 1 <= limit <= MAX_PAGE:
        raise bad_request(f"parameter limit must be 1-{MAX_PAGE} (strict mode)")
    limit = min(max(limit, 1), MAX_PAGE)
    return {"transactions": [one.wire() for one in backend.stars.transactions[offset : offset + limit]]}


async def get_balance(backend: Backend, call: Call) -> object:
    """The bot's Stars."""
    del call
    balance: JsonObject = {"amount": backend.stars.balance}
    return balance


METHODS: dict[str, Handler] = {
    "sendInvoice": send_invoice,
    "answerPreCheckoutQuery": answer_pre_checkout,
    "refundStarPayment": refund_payment,
    "getStarTransactions": get_transactions,
    "getMyStarBalance": get_balance,
}

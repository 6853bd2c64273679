"""Paying in Stars: the question before a payment, the payment, the deep link to an invoice, and the commands.

Source: Bot API, "Payments in Telegram Stars", ``answerPreCheckoutQuery``.
"""

import re
from collections.abc import Sequence

from structlog import get_logger
from telegram import Message, Update
from telegram.error import TelegramError

from handlers.admin import for_admins
from handlers.context import Context
from handlers.visitors import for_visitors
from services.payments.model import Account, Charge, Verdict
from services.payments.sales import CURRENCY, PAY_PREFIX, InvoiceOutcome
from services.screens import Screen
from services.store.payment_tables import PaymentRow
from services.texts import Phrases

PAY_LINK = re.compile(rf"(?a)\A/start(?:@\w+)? {PAY_PREFIX}(?P<id>[0-9a-zA-Z_-]{{1,40}})\s*\Z")
"""What the deep link of a request's button sends."""

log = get_logger(__name__)


async def judge_payment(update: Update, context: Context) -> None:
    """The question before a payment: agreed to, or refused with a sentence, within three seconds."""
    query, texts, sales = update.pre_checkout_query, context.services.texts, context.services.sales
    if query is None:
        return
    verdict, language = Verdict.GONE, None
    if query.currency == CURRENCY:
        asked = Charge(query.id, query.from_user.id, query.total_amount, query.invoice_payload, sales.clock.now())
        verdict, language = await sales.judge(asked)
    log.info("payment_judged", verdict=verdict.value)
    phrases = texts.into(language or texts.choose(query.from_user.language_code))
    try:
        if verdict is Verdict.AGREED:
            await query.answer(ok=True)
        else:
            await query.answer(ok=False, error_message=phrases.plain(f"pay-refused-{verdict.value}"))
    except TelegramError as error:
        # Unanswered, it comes to nothing; agreed to, it may come to a payment all the same.
        log.info("payment_answered_too_late", error=type(error).__name__)


async def take_payment(update: Update, context: Context) -> None:
    """A payment has come: it is committed together with the start of its request, or goes back.

    Whoever paid is not asked whether they may use the bot: what they paid must buy a video or come back.
    """
    charge, services = _charge_of(update.message), context.services
    if charge is None:
        return
    received = await services.sales.receive(charge)
    if received.generation_id is None:
        return
    if received.begins or not received.is_new:
        # Shown again when it is repeated: the process that took it may have died in between.
        await services.orders.show(received.generation_id)
    else:
        await services.orders.show_end_again(received.generation_id)


async def note_refund(update: Update, _context: Context) -> None:
    """A refund has arrived: Telegram tells the person by itself."""
    refund = update.message.refunded_payment if update.message is not None else None
    if refund is not None:
        log.info("refund_arrived", charge=refund.telegram_payment_charge_id)


@for_visitors
async def send_invoice(_update: Update, context: Context) -> None:
    """The deep link of a request's button: send its invoice, to whoever asked for the request."""
    generation_id = context.match["id"] if context.match else ""
    outcome = await context.services.invoices.send_again(generation_id, context.visitor.caller.user_id)
    if outcome is not InvoiceOutcome.SENT:
        await context.answer_text(f"invoice-{outcome.value}")


@for_visitors
async def balance(_update: Update, context: Context) -> None:
    """``/balance``: what the person has, and their last payments."""
    account, payments = await context.services.sales.balance(context.visitor.caller.user_id)
    await context.answer(Screen(balance_text(context.visitor.phrases, account, payments)))


@for_visitors
async def terms(_update: Update, context: Context) -> None:
    """``/terms``: the owner's terms."""
    tariff = context.services.sales.tariff
    await context.answer_text("terms", stars=tariff.stars, free=tariff.free_videos)


@for_visitors
async def paysupport(_update: Update, context: Context) -> None:
    """``/paysupport``: what to do when something is wrong with a payment."""
    await context.answer_text("paysupport")


@for_admins
async def refund(_update: Update, context: Context) -> None:
    """``/refund <charge id>``: give a payment back, whatever it brought."""
    services, arguments = context.services, context.args or []
    if len(arguments) != 1:
        await context.answer_text("refund-usage")
        return
    payment = await services.sales.refund(arguments[0])
    if payment is None:
        await context.answer_text("refund-unknown")
        return
    log.warning("refund_by_admin", charge=payment.charge_id, admin=context.visitor.caller.user_id)
    await context.answer_text("refund-wanted", stars=payment.stars)
    await services.orders.show_end_again(payment.generation_id)


def _charge_of(message: Message | None) -> Charge | None:
    paid = message.successful_payment if message is not None else None
    if message is None or message.from_user is None or paid is None or paid.currency != CURRENCY:
        return None
    return Charge(
        paid.telegram_payment_charge_id, message.from_user.id, paid.total_amount, paid.invoice_payload, message.date
    )


def balance_text(phrases: Phrases, account: Account, payments: Sequence[PaymentRow]) -> str:
    """What somebody has, and what became of their last payments."""
    lines: list[str] = [
        phrases.html("balance-free", count=account.free),
        phrases.html("balance-credit", count=account.credit),
    ]
    lines += ["", phrases.html("balance-payments")] if payments else []
    lines += [_payment_line(phrases, payment) for payment in payments]
    return "\n".join(lines)


def _payment_line(phrases: Phrases, payment: PaymentRow) -> str:
    became = phrases.plain(
        "balance-became", state=payment.state, videos=payment.videos - payment.credit, credit=payment.credit
    )
    # Ids and dates are handed over as words, for no language is to change them.
    return phrases.html(
        "balance-payment",
        date=payment.paid_at.strftime("%Y-%m-%d"),
        stars=payment.stars,
        charge=payment.charge_id,
        became=became,
    )

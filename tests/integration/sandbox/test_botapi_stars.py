"""Telegram Stars: invoices, checkouts, payments, refunds and transactions, as strict as Telegram."""

import asyncio
from typing import Any, cast

import pytest
import telegram
from telegram import LabeledPrice

from sandbox.botapi import BotApiOptions, BotApiServer, CheckoutState, FaultKind, Person
from tests.hand_clock import HandClock
from tests.integration.sandbox.botapi_tools import call, refusal
from tests.integration.sandbox.second_opinion import check_calls, check_type
from tests.integration.sandbox.typed import types

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


def invoice(chat_id: int, amount: int = 10, **changes: Any) -> dict[str, Any]:
    """Parameters of ``sendInvoice`` in Stars."""
    prices = [{"label": "Video", "amount": amount}]
    fixed = {"title": "Videos", "description": "2 videos", "payload": "order-1", "currency": "XTR", "prices": prices}
    return {"chat_id": chat_id} | fixed | changes


async def sent(server: BotApiServer, chat_id: int, **changes: Any) -> int:
    """The number of an invoice's message."""
    body = await call(server, "sendInvoice", **invoice(chat_id, **changes))
    assert body["ok"], body
    check_type(types.Message, body["result"])
    return int(body["result"]["message_id"])


async def agree(server: BotApiServer, error: str = "") -> dict[str, Any]:
    """Answer the newest pre-checkout query, once there is one."""
    queries = await server.wait_for(
        lambda: [u for u in server.backend.updates.pending if u.kind == "pre_checkout_query"]
    )
    query = queries[-1]
    check_type(types.Update, query.wire())
    params: dict[str, Any] = {"ok": not error} | ({"error_message": error} if error else {})
    return await call(server, "answerPreCheckoutQuery", pre_checkout_query_id=query.payload["id"], **params)


async def bought(server: BotApiServer, person: Person, **changes: Any) -> str:
    """Have somebody buy something; the charge id."""
    message_id = await sent(server, person.chat_id, **changes)
    paying, answer = await asyncio.gather(person.pay(message_id), agree(server))
    assert answer["ok"]
    assert paying.state is CheckoutState.PAID
    return str(paying.charge_id)


async def test_purchase_with_a_real_bot(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    alice.give_stars(25)
    message = await bot.send_invoice(
        alice.chat_id, "Videos", "2 videos", "order-1", "XTR", [LabeledPrice("Video", 20)], start_parameter="o1"
    )
    assert message.invoice is not None
    assert (message.invoice.total_amount, message.invoice.start_parameter) == (20, "o1")
    assert botapi.line(alice.chat_id, message.message_id).labels() == ["Pay ⭐️20"]
    paying = asyncio.create_task(alice.pay(message.message_id))
    queries = await bot.get_updates(timeout=5)
    query = queries[-1].pre_checkout_query
    assert query is not None
    assert (query.invoice_payload, query.total_amount, query.from_user.id) == ("order-1", 20, alice.user_id)
    await query.answer(ok=True)
    checkout = await paying
    payment = (await bot.get_updates(offset=queries[-1].update_id + 1, timeout=5))[0].effective_message
    assert payment is not None
    assert payment.successful_payment is not None
    assert payment.successful_payment.telegram_payment_charge_id == checkout.charge_id
    assert (alice.stars, (await bot.get_my_star_balance()).amount) == (5, 20)
    assert await bot.refund_star_payment(alice.user_id, checkout.charge_id)
    assert (alice.stars, botapi.star_balance) == (25, 0)
    transactions = (await bot.get_star_transactions()).transactions
    assert [(one.id, one.source is None, one.receiver is None) for one in transactions] == [
        (checkout.charge_id, False, True),
        (checkout.charge_id, True, False),
    ]
    assert [line.kind for line in botapi.transcript(alice.chat_id)] == [
        "invoice", "successful_payment", "refunded_payment",
    ]  # fmt: skip
    check_calls(botapi.calls())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"title": ""}, "TITLE_INVALID"),
        ({"title": "x" * 33}, "TITLE_INVALID"),
        ({"description": "x" * 256}, "DESCRIPTION_INVALID"),
        ({"payload": "é" * 65}, "INVOICE_PAYLOAD_INVALID"),
        ({"currency": "USD"}, "CURRENCY_INVALID"),
        ({"provider_token": "1:TEST:x"}, "PAYMENT_PROVIDER_INVALID"),
        ({"prices": []}, "STARS_INVOICE_INVALID"),
        ({"prices": [{"label": "a", "amount": 1}] * 2}, "STARS_INVOICE_INVALID"),
        ({"max_tip_amount": 5}, "STARS_INVOICE_INVALID"),
        ({"amount": 0}, "CURRENCY_TOTAL_AMOUNT_INVALID"),
        ({"start_parameter": "a b"}, "START_PARAM_INVALID"),
        ({"reply_markup": {"inline_keyboard": [[{"text": "No", "callback_data": "n"}]]}}, "REPLY_MARKUP_BUY_EMPTY"),
    ],
)
async def test_invoices_that_telegram_refuses(
    botapi: BotApiServer, alice: Person, changes: dict[str, Any], reason: str
) -> None:
    assert await refusal(botapi, "sendInvoice", **invoice(alice.chat_id, **changes)) == f"Bad Request: {reason}"


async def test_invoice_with_buttons_of_its_own(botapi: BotApiServer, alice: Person) -> None:
    rows = [[{"text": "Pay ⭐", "pay": True}], [{"text": "Cancel", "callback_data": "c", "style": "danger"}]]
    message_id = await sent(botapi, alice.chat_id, reply_markup={"inline_keyboard": rows})
    line = botapi.line(alice.chat_id, message_id)
    assert [(one.label, one.action) for row in line.buttons for one in row] == [
        ("Pay ⭐", "pay"),
        ("Cancel", "callback_data"),
    ]
    await alice.press(message_id, "Cancel")
    assert botapi.presses()[-1].data == "c"


async def test_bot_may_refuse_a_payment(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(10)
    message_id = await sent(botapi, alice.chat_id)
    checkout, _ = await asyncio.gather(alice.pay(message_id), agree(botapi, "This request has ended."))
    assert (checkout.state, checkout.error) == (CheckoutState.REFUSED, "This request has ended.")
    assert (alice.stars, botapi.star_balance) == (10, 0)


async def test_too_few_stars_never_reach_the_bot(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(9)
    checkout = await alice.pay(await sent(botapi, alice.chat_id))
    assert (checkout.state, checkout.error) == (CheckoutState.REFUSED, "BALANCE_TOO_LOW")
    assert not botapi.backend.updates.produced


async def test_silent_bot_loses_the_sale() -> None:
    async with BotApiServer(BotApiOptions(checkout_ttl=0.05)) as server:
        alice = server.add_person("Alice", started=True, stars=10)
        checkout = await alice.pay(await sent(server, alice.chat_id))
        assert (checkout.state, alice.stars) == (CheckoutState.EXPIRED, 10)
        assert (await agree(server))["description"] == TOO_OLD


async def test_late_or_second_answer_is_refused(clock: HandClock) -> None:
    async with BotApiServer(clock=clock) as server:
        alice = server.add_person("Alice", started=True, stars=30)
        message_id = await sent(server, alice.chat_id)
        alice.begin_payment(message_id)
        clock.seconds += 11
        assert (await agree(server))["description"] == TOO_OLD
        alice.begin_payment(message_id)
        assert (await agree(server))["ok"]
        assert (await agree(server))["description"] == TOO_OLD
        empty = await refusal(server, "answerPreCheckoutQuery", pre_checkout_query_id="1", ok=False)
        assert empty == "Bad Request: ERROR_TEXT_EMPTY"
        assert alice.stars == 20


async def test_bot_that_does_not_ask_for_queries_sells_nothing() -> None:
    async with BotApiServer(BotApiOptions(checkout_ttl=0.05)) as server:
        alice = server.add_person("Alice", started=True, stars=10)
        await call(server, "getUpdates", timeout=0, allowed_updates=["message"])
        checkout = await alice.pay(await sent(server, alice.chat_id))
        assert checkout.state is CheckoutState.EXPIRED
        assert not server.backend.updates.produced


async def test_forwarded_invoice_leads_to_the_bot_or_can_be_paid(botapi: BotApiServer, alice: Person) -> None:
    bob = botapi.add_person("Bob", stars=50)
    group = botapi.add_group("Friends", [alice, bob]).chat_id
    bound = await alice.forward(await sent(botapi, alice.chat_id, start_parameter="o1"), group)
    free = await alice.forward(await sent(botapi, alice.chat_id), group)
    with pytest.raises(LookupError):
        bob.begin_payment(bound.message_id, chat=group)
    button = botapi.line(group, bound.message_id).buttons[0][0]
    assert button.url == "https://t.me/pho2video_bot?start=o1"
    for _ in range(2):
        checkout, _ = await asyncio.gather(bob.pay(free.message_id, chat=group), agree(botapi))
        assert checkout.state is CheckoutState.PAID
    assert (bob.stars, botapi.star_balance) == (30, 20)
    assert [line.kind for line in botapi.transcript(bob.chat_id)] == ["successful_payment"] * 2
    forwards = [u for u in botapi.backend.updates.produced if "forward_origin" in u.payload]
    for update in forwards:
        check_type(types.Update, update.wire())


async def test_open_form_outlives_its_message(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(10)
    message_id = await sent(botapi, alice.chat_id)
    form = alice.open_invoice(message_id)
    await alice.delete(message_id)
    with pytest.raises(LookupError):
        alice.begin_payment(message_id)
    checkout, _ = await asyncio.gather(alice.pay(form), agree(botapi))
    assert checkout.state is CheckoutState.PAID


async def test_payment_may_come_long_after_the_agreement(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(20)
    message_id = await sent(botapi, alice.chat_id)
    for paid, state in ((True, CheckoutState.PAID), (False, CheckoutState.EXPIRED)):
        botapi.hold_payments()
        checkout = alice.begin_payment(message_id)
        await agree(botapi)
        assert checkout.state is CheckoutState.APPROVED
        botapi.release_payments(paid=paid)
        assert checkout.state is state
    assert alice.stars == 10


async def test_refunds_are_whole_and_happen_once(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(20)
    bob = botapi.add_person("Bob")
    charge = await bought(botapi, alice)
    ours = {"user_id": alice.user_id, "telegram_payment_charge_id": charge}
    for wrong, reason in (
        (ours | {"user_id": bob.user_id}, "CHARGE_NOT_FOUND"),
        (ours | {"telegram_payment_charge_id": "stx1"}, "CHARGE_NOT_FOUND"),
        (ours | {"telegram_payment_charge_id": ""}, "CHARGE_ID_EMPTY"),
        (ours | {"user_id": 5}, "invalid user_id specified"),
    ):
        assert await refusal(botapi, "refundStarPayment", **wrong) == f"Bad Request: {reason}"
    botapi.withdraw_stars(5)
    assert await refusal(botapi, "refundStarPayment", **ours) == "Bad Request: BALANCE_TOO_LOW"
    await bought(botapi, alice)
    assert (await call(botapi, "refundStarPayment", **ours))["ok"]
    assert await refusal(botapi, "refundStarPayment", **ours) == "Bad Request: CHARGE_ALREADY_REFUNDED"
    assert (alice.stars, botapi.star_balance) == (10, 5)
    update = botapi.backend.updates.produced[-1]
    check_type(types.Update, update.wire())
    assert cast("dict[str, Any]", update.payload["refunded_payment"])["telegram_payment_charge_id"] == charge


async def test_refund_may_work_and_be_refused_all_the_same(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(10)
    charge = await bought(botapi, alice)
    botapi.fail("refundStarPayment", after=True, description="Bad Request: CHARGE_ALREADY_REFUNDED")
    refused = await refusal(botapi, "refundStarPayment", user_id=alice.user_id, telegram_payment_charge_id=charge)
    assert (refused, alice.stars) == ("Bad Request: CHARGE_ALREADY_REFUNDED", 10)
    assert botapi.calls("refundStarPayment")[-1].applied


async def test_lost_answer_of_a_refund(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(10)
    charge = await bought(botapi, alice)
    botapi.fail("refundStarPayment", FaultKind.HTML, after=True, status=502)
    with pytest.raises(Exception, match=r"mimetype|JSON"):
        await call(botapi, "refundStarPayment", user_id=alice.user_id, telegram_payment_charge_id=charge)
    assert (botapi.payments[0].refunded, alice.stars) == (True, 10)


async def test_transactions_are_paged_oldest_first(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(1000)
    for number in range(5):
        alice.pay_unasked(1 + number, f"other-{number}")
    botapi.refund_elsewhere(botapi.payments[1].charge_id)
    botapi.withdraw_stars(3)
    whole = await call(botapi, "getStarTransactions")
    check_type(types.StarTransactions, whole["result"])
    entries = whole["result"]["transactions"]
    assert [one["amount"] for one in entries] == [1, 2, 3, 4, 5, 2, 3]
    assert [one["source"]["invoice_payload"] for one in entries[:5]] == [f"other-{number}" for number in range(5)]
    assert (entries[5]["id"], entries[5]["receiver"]["type"]) == (entries[1]["id"], "user")
    assert entries[6]["receiver"]["type"] == "fragment"
    page = await call(botapi, "getStarTransactions", offset=5, limit=1)
    assert page["result"]["transactions"] == entries[5:6]
    assert (await call(botapi, "getStarTransactions", offset=7))["result"] == {"transactions": []}
    for wrong in ({"limit": 0}, {"limit": 101}, {"offset": -1}):
        assert await refusal(botapi, "getStarTransactions", **wrong)
    assert (await call(botapi, "getMyStarBalance"))["result"] == {"amount": botapi.star_balance}


async def test_payments_can_be_lost_on_their_way_to_the_bot(botapi: BotApiServer, alice: Person) -> None:
    alice.give_stars(20)
    botapi.lose_update("successful_payment")
    lost = await bought(botapi, alice)
    heard = await bought(botapi, alice)
    told = [
        cast("dict[str, Any]", one.payload["successful_payment"])["telegram_payment_charge_id"]
        for one in botapi.backend.updates.produced
        if "successful_payment" in one.payload
    ]
    assert told == [heard]
    assert [one.charge_id for one in botapi.payments] == [lost, heard]

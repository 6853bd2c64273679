"""Paying in Stars, from outside: people with Stars at a server, and what becomes of each."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.botapi.model import Invoice
from sandbox.botapi.person import Person
from sandbox.botapi.stars import Checkout, CheckoutState, Payment
from sandbox.botapi.transcript import Line
from sandbox.genaipro.script import Script
from tests.acceptance.e2e.asking import Asked, ask, ended, rows, shown
from tests.acceptance.e2e.world import World, world
from tests.database_file import held
from tests.pictures import jpeg

PRICE = 25


@asynccontextmanager
async def shop(tmp_path: Path, pace: float = 0.05, **settings: Any) -> AsyncIterator[World]:
    """A bot that sells, in a hurry; at the end every Star is accounted for."""
    async with world(tmp_path, stars_per_video=PRICE, **settings) as here, here.clock.hurried(pace):
        here.anna.give_stars(1000)
        yield here
        await settled(here)
        assert_every_star_is_accounted_for(here)


async def settled(here: World) -> None:
    """No payment is on its way to the bot, and no refund is under way."""
    await until(here, lambda: len(rows(here, "SELECT 1 FROM payments")) >= len(own_payments(here)))
    await until(here, lambda: not rows(here, "SELECT 1 FROM payments WHERE state = 'refunding'"))


def own_payments(here: World) -> list[Payment]:
    """The payments at Telegram that this bot asked for."""
    (till,) = rows(here, "SELECT tag FROM tills")
    return [one for one in here.telegram.payments if one.payload.startswith(f"pho2video:{till['tag']}:")]


def assert_every_star_is_accounted_for(here: World) -> None:
    """What Telegram took is what the bot knows, and its books add up to videos, credit and refunds."""
    own = own_payments(here)
    known = {one["charge_id"]: one["state"] == "refunded" for one in rows(here, "SELECT * FROM payments")}
    assert known == {one.charge_id: one.refunded for one in own}
    sums = rows(
        here,
        "SELECT sum(stars) AS stars, sum(free + credit + owed + made) AS videos, sum(bought) AS bought"
        " FROM movements GROUP BY user_id",
    )
    assert all(one["videos"] == one["bought"] for one in sums)
    assert sum(one["stars"] for one in sums) == sum(one.amount for one in own if not one.refunded)


async def until(_here: World, condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - rows and balances tell nobody that they changed
            await asyncio.sleep(0.02)


def invoices(here: World, person: Person | None = None) -> list[Line]:
    return [line for line in here.telegram.bot_lines((person or here.anna).chat_id) if line.kind == "invoice"]


async def invoice(here: World, person: Person | None = None, number: int = 1) -> Line:
    """The person's invoice of that number."""

    def look() -> Line | None:
        found = invoices(here, person)
        return found[number - 1] if len(found) >= number else None

    return await here.telegram.wait_for(look)


async def buy(here: World, asked: Asked, number: int = 1) -> Checkout:
    bill = await invoice(here, asked.person, number)
    checkout = await asked.person.pay(bill.message_id)
    assert checkout.state is CheckoutState.PAID, checkout.error
    return checkout


async def agreed(here: World, bill: int | Invoice) -> None:
    """Anna pays, and the bot agrees; payments are held."""
    checkout = here.anna.begin_payment(bill)
    await until(here, lambda: checkout.state is CheckoutState.APPROVED)


async def says(here: World, text: str, person: Person | None = None) -> str:
    """The bot's answer to a text."""
    who = person or here.anna
    sent = await who.send_text(text)
    line = await here.telegram.wait_for_message(who.chat_id, lambda one: one.message_id > sent.message_id)
    return line.text


async def test_a_video_is_bought(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        await here.anna.send_photo(jpeg(), "a cat walks")
        card = await here.ready_card()
        assert "25 Stars" in card.text
        await here.press(card, "go")
        bill = await invoice(here)
        waiting = await here.telegram.wait_for_message(
            here.anna.chat_id, lambda one: "Waiting for your payment" in one.text
        )
        assert waiting.message_id == card.message_id
        assert here.genaipro.posts == []
        assert (await here.anna.pay(bill.message_id)).state is CheckoutState.PAID
        end = await here.ended(here.anna.chat_id, card.message_id)
        assert "Done" in end.text
        assert "Refund" not in end.text
        assert here.anna.stars == 1000 - PRICE
        assert len(here.genaipro.posts) == 1
        answer = await says(here, "/balance")
        assert "Free videos: 0" in answer
        assert "Credit: 0" in answer
        (payment,) = here.telegram.payments
        assert payment.charge_id in answer
        assert "1 video" in answer


async def test_free_videos_come_first_and_the_rest_is_one_invoice(tmp_path: Path) -> None:
    async with shop(tmp_path, free_videos_per_user=3) as here:
        first = await ask(here, "a cat", 2)
        assert "Done" in (await ended(here, first)).text
        assert invoices(here) == []
        assert "Free videos: 1" in await says(here, "/balance")
        second = await ask(here, "a dog", 3)
        await buy(here, second)
        assert "Done" in (await ended(here, second)).text
        assert here.anna.stars == 1000 - 2 * PRICE
        assert "Free videos: 0" in await says(here, "/balance")


async def test_a_request_without_a_video_is_refunded(tmp_path: Path) -> None:
    async with shop(tmp_path, free_videos_per_user=1) as here:
        here.genaipro.enqueue(Script(error={"error": "UNSAFE_GENERATION"}))
        asked = await ask(here, "a cat", 3)
        await buy(here, asked)
        end = await ended(here, asked)
        assert "50 Stars are on their way back" in end.text
        assert "1 free video is yours again" in end.text
        await until(here, lambda: here.anna.stars == 1000)
        answer = await says(here, "/balance")
        assert "Free videos: 1" in answer
        assert "refunded" in answer


async def test_missing_videos_become_credit_which_pays_for_the_next_request(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        here.genaipro.enqueue(Script(failed=(0, 2)))
        asked = await ask(here, "a cat", 3)
        await buy(here, asked)
        assert "Credit: 2 videos" in (await ended(here, asked)).text
        answer = await says(here, "/balance")
        assert "Credit: 2" in answer
        assert "1 video, 2 as credit" in answer
        again = await ask(here, "a dog", 2)
        assert "Done" in (await ended(here, again)).text
        assert here.anna.stars == 1000 - 3 * PRICE
        assert "Credit: 0" in await says(here, "/balance")


async def test_admins_never_pay(tmp_path: Path) -> None:
    async with shop(tmp_path, admin_user_ids=frozenset({700_000_001}), free_videos_per_user=1) as here:
        admin = here.telegram.add_person("Olga", user_id=700_000_001)
        await admin.send_photo(jpeg(), "a cat")
        assert "Price" not in (await here.ready_card(admin)).text
        asked = await ask(here, "a dog", 2, admin)
        assert "Done" in (await ended(here, asked)).text
        assert invoices(here, admin) == []


async def test_cancel_before_the_payment_ends_it(tmp_path: Path) -> None:
    async with shop(tmp_path, free_videos_per_user=1) as here:
        asked = await ask(here, "a cat", 2)
        bill = await invoice(here)
        waiting = await shown(here, asked, "Waiting for your payment")
        await here.press(waiting, "cancel")
        end = await ended(here, asked)
        assert "Cancelled" in end.text
        assert "1 free video is yours again" in end.text
        checkout = await here.anna.pay(bill.message_id)
        assert checkout.state is CheckoutState.REFUSED
        assert "has ended" in checkout.error
        assert "Free videos: 1" in await says(here, "/balance")


async def test_cancel_between_agreement_and_payment_is_refunded(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        asked = await ask(here, "a cat")
        bill = await invoice(here)
        here.telegram.hold_payments()
        await agreed(here, bill.message_id)
        await here.press(await shown(here, asked, "Waiting for your payment"), "cancel")
        await ended(here, asked)
        here.telegram.release_payments()
        await shown(here, asked, "25 Stars are on their way back")
        await until(here, lambda: here.anna.stars == 1000)
        assert here.genaipro.posts == []


async def test_cancel_after_the_post_becomes_credit(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        gate = here.genaipro.hold(at=1)
        asked = await ask(here, "a cat", 2)
        await buy(here, asked)
        line = await shown(here, asked, "Starting")
        await here.press(line, "cancel")
        assert "Credit: 2 videos" in (await ended(here, asked)).text
        gate.release()
        assert here.anna.stars == 1000 - 2 * PRICE


async def test_what_is_not_paid_in_time_ends(tmp_path: Path) -> None:
    async with shop(tmp_path, payment_timeout=600.0) as here:
        asked = await ask(here, "a cat")
        bill = await invoice(here)
        await shown(here, asked, "Waiting for your payment")
        here.clock.advance(601)
        assert "Not paid in time" in (await ended(here, asked)).text
        assert (await here.anna.pay(bill.message_id)).state is CheckoutState.REFUSED
        assert here.genaipro.posts == []


async def test_a_request_that_waits_for_its_payment_holds_up_nothing(tmp_path: Path) -> None:
    async with shop(tmp_path, free_videos_per_user=1, daily_videos_per_user=2) as here:
        unpaid = await ask(here, "a cat", 2)
        await shown(here, unpaid, "Waiting for your payment")
        second = await ask(here, "a dog")
        await buy(here, second, 2)
        assert "Done" in (await ended(here, second)).text
        checkout = await here.anna.pay((await invoice(here)).message_id)
        assert checkout.state is CheckoutState.REFUSED
        assert "in a day" in checkout.error


async def test_only_the_requester_pays_and_only_once(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        bob = here.telegram.add_person("Bob", started=True, stars=500)
        gate = here.genaipro.hold(at=1)
        asked = await ask(here, "a cat")
        bill = here.anna.open_invoice((await invoice(here)).message_id)
        stranger = await bob.pay(bill)
        assert stranger.state is CheckoutState.REFUSED
        assert "somebody else" in stranger.error
        here.telegram.hold_payments()
        await agreed(here, bill)
        twice = here.anna.begin_payment(bill)
        await until(here, lambda: twice.state is CheckoutState.REFUSED)
        assert "on its way" in twice.error
        here.telegram.release_payments()
        await shown(here, asked, "Starting")
        late = await here.anna.pay(bill)
        assert late.state is CheckoutState.REFUSED
        assert "paid" in late.error
        gate.release()
        await ended(here, asked)
        assert (here.anna.stars, bob.stars) == (1000 - PRICE, 500)


async def test_a_payment_that_was_given_up_can_be_tried_again_after_a_minute(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        asked = await ask(here, "a cat")
        bill = await invoice(here)
        here.telegram.hold_payments()
        await agreed(here, bill.message_id)
        here.telegram.release_payments(paid=False)
        here.clock.advance(61)
        await buy(here, asked)
        assert "Done" in (await ended(here, asked)).text


async def test_a_second_payment_of_one_request_goes_back(tmp_path: Path) -> None:
    """Another process agreed to it as well, or this one did a minute ago and it came late."""
    async with shop(tmp_path) as here:
        asked = await ask(here, "a cat")
        bill = here.anna.open_invoice((await invoice(here)).message_id)
        here.telegram.hold_payments()
        await agreed(here, bill)
        here.clock.advance(61)
        await agreed(here, bill)
        here.telegram.release_payments()
        assert "25 Stars are on their way back" in (await ended(here, asked)).text
        await until(here, lambda: here.anna.stars == 1000 - PRICE)
        assert len(here.genaipro.posts) == 1


async def test_in_a_group_a_button_leads_to_the_invoice(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        bob = here.telegram.add_person("Bob", started=True)
        group = here.telegram.add_group("Club", [here.anna, bob])
        sent = await here.anna.send_photo(jpeg(), "/video@pho2video_bot a cat", chat=group.chat_id)
        line = await here.telegram.wait_for_message(group.chat_id, lambda one: "payment of 25 Stars" in one.text)
        assert invoices(here) == []
        url = next(button.url for row in line.buttons for button in row if button.url)
        await bob.open_link(url)
        await here.telegram.wait_for_message(bob.chat_id, lambda one: "somebody else" in one.text)
        await here.anna.open_link(url)
        first = await invoice(here)
        await here.anna.open_link(url)
        second = await invoice(here, number=2)
        assert second.message_id != first.message_id
        assert (await here.anna.pay(second.message_id)).state is CheckoutState.PAID
        end = await here.ended(group.chat_id, line.message_id)
        assert "Done" in end.text
        assert sent.message_id == end.reply_to


async def test_a_lost_payment_is_found_at_telegram(tmp_path: Path) -> None:
    async with shop(tmp_path, payment_check_interval=600.0) as here:
        asked = await ask(here, "a cat")
        here.telegram.lose_update("successful_payment")
        await buy(here, asked)
        assert rows(here, "SELECT * FROM payments") == []
        here.clock.advance(601)
        assert "Done" in (await ended(here, asked)).text


async def test_payments_of_other_programs_are_never_touched(tmp_path: Path) -> None:
    async with shop(tmp_path, payment_check_interval=600.0) as here:
        await ask(here, "a cat")
        payload = here.anna.open_invoice((await invoice(here)).message_id).payload
        here.anna.pay_unasked(7, "shop:42")
        here.anna.pay_unasked(8, payload[:10] + "0123456789abcdef" + payload[26:])
        here.anna.pay_unasked(9, payload[:-2] + "zz")
        await until(here, lambda: [one.refunded for one in here.telegram.payments] == [False, False, True])
        here.clock.advance(601)
        await here.clock.sleep(0)
        assert [one.refunded for one in here.telegram.payments] == [False, False, True]


async def test_a_refund_made_elsewhere_is_taken_over(tmp_path: Path) -> None:
    async with shop(tmp_path, payment_check_interval=600.0) as here:
        here.genaipro.enqueue(Script(failed=(0,)))
        asked = await ask(here, "a cat", 2)
        await buy(here, asked)
        await ended(here, asked)
        (payment,) = here.telegram.payments
        here.telegram.refund_elsewhere(payment.charge_id)
        here.clock.advance(601)
        await until(here, lambda: rows(here, "SELECT state FROM payments")[0]["state"] == "refunded")
        answer = await says(here, "/balance")
        assert "Credit: 0" in answer
        assert "refunded" in answer


async def test_a_refund_waits_for_a_balance_that_suffices(tmp_path: Path) -> None:
    async with shop(tmp_path, admin_user_ids=frozenset({700_000_001})) as here:
        admin = here.telegram.add_person("Olga", user_id=700_000_001, started=True)
        gate = here.genaipro.hold(Script(error={"error": "UNSAFE_GENERATION"}), at=1)
        asked = await ask(here, "a cat")
        await buy(here, asked)
        await shown(here, asked, "Starting")
        here.telegram.withdraw_stars(PRICE)
        gate.release()
        await ended(here, asked)
        await here.telegram.wait_for_message(admin.chat_id, lambda one: "too small for a refund" in one.text)
        bob = here.telegram.add_person("Bob", started=True, stars=500)
        other = await ask(here, "a dog", 1, bob)
        await buy(here, other)
        here.clock.advance(60)
        await until(here, lambda: here.anna.stars == 1000)


async def test_an_admin_refunds_what_brought_videos(tmp_path: Path) -> None:
    async with shop(tmp_path, admin_user_ids=frozenset({700_000_001})) as here:
        admin = here.telegram.add_person("Olga", user_id=700_000_001, started=True)
        here.genaipro.enqueue(Script(failed=(0,)))
        asked = await ask(here, "a cat", 2)
        await buy(here, asked)
        await ended(here, asked)
        (payment,) = here.telegram.payments
        assert "50 Stars go back" in await says(here, f"/refund {payment.charge_id}", admin)
        await until(here, lambda: here.anna.stars == 1000)
        assert "Credit: 0" in await says(here, "/balance")
        assert "given back already" in await says(here, f"/refund {payment.charge_id}", admin)
        assert "50 taken, 50 given back" in await says(here, "/stats", admin)
        assert "do not know this command" in await says(here, f"/refund {payment.charge_id}")


async def test_a_price_of_nothing_is_not_felt(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        asked = await ask(here, "a cat")
        assert "Done" in (await ended(here, asked)).text
        for command in ("/balance", "/terms", "/paysupport"):
            assert "do not know this command" in await says(here, command)
        assert not {call.method for call in here.telegram.calls()} & {"getStarTransactions", "sendInvoice"}
        assert "pre_checkout_query" not in str(here.telegram.calls("getUpdates")[0].params["allowed_updates"])
        assert not rows(here, "SELECT * FROM tills")


async def test_a_payment_is_refused_in_time_while_the_database_hangs(tmp_path: Path) -> None:
    async with shop(tmp_path, pace=0.0) as here:
        asked = await ask(here, "a cat")
        bill = await invoice(here)
        await shown(here, asked, "Waiting for your payment")
        with held(here.settings.data_dir, "IMMEDIATE"):
            began = asyncio.get_running_loop().time()
            checkout = await here.anna.pay(bill.message_id)
            assert asyncio.get_running_loop().time() - began < 3
        assert checkout.state is CheckoutState.REFUSED
        assert "at the moment" in checkout.error
        await buy(here, asked)
        assert "Done" in (await ended(here, asked)).text


@pytest.mark.parametrize("command", ["/terms", "/paysupport"])
async def test_terms_and_help_are_there(tmp_path: Path, command: str) -> None:
    async with shop(tmp_path) as here:
        assert "/balance" in (await says(here, command)) or "25 Telegram Stars" in (await says(here, command))


async def test_forget_gives_up_free_videos_and_keeps_payments_and_credit(tmp_path: Path) -> None:
    async with shop(tmp_path, free_videos_per_user=3) as here:
        here.genaipro.enqueue(Script(failed=(0,)))
        asked = await ask(here, "a cat", 4)
        await buy(here, asked)
        await ended(here, asked)
        assert "Free videos: 0" in await says(here, "/balance")
        menu = await here.anna.send_text("/forget")
        question = await here.telegram.wait_for_message(
            here.anna.chat_id, lambda one: one.message_id > menu.message_id and bool(one.buttons)
        )
        assert "given up for good" in question.text
        await here.press(question, "yes")
        await here.telegram.wait_for_message(here.anna.chat_id, lambda one: "Nothing about you is kept" in one.text)
        assert rows(here, "SELECT * FROM generations") == []
        answer = await says(here, "/balance")
        assert "Free videos: 0" in answer
        assert "Credit: 1" in answer
        assert here.telegram.payments[0].charge_id in answer

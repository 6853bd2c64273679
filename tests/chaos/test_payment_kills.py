"""kill -9 at each step of money: after the next start each Star has bought a video or has come back, once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.botapi.faults import FaultKind
from sandbox.botapi.stars import Checkout, CheckoutState
from sandbox.genaipro import Script
from tests.chaos.test_kills import all_well, restart
from tests.chaos.world import Request, World, world
from tests.database_file import held

PRICE = 25


@asynccontextmanager
async def shop(directory: Path) -> AsyncIterator[World]:
    settings = {"STARS_PER_VIDEO": str(PRICE), "PAYMENT_CHECK_INTERVAL": "2"}
    async with world(directory, settings=settings) as here:
        here.anna.give_stars(1000)
        yield here


async def invoice(here: World) -> int:
    """The newest invoice that is there."""
    line = await here.telegram.wait_for_message(here.anna.chat_id, lambda line: not line.deleted, kind="invoice")
    return line.message_id


async def buy(here: World) -> Checkout:
    return await here.anna.pay(await invoice(here))


async def refunded(here: World, request: Request) -> None:
    """The request ended without a video, and every Star of it came back, once."""
    await here.ended(request)
    await here.at_rest()
    assert here.anna.stars == 1000
    await all_well(here)


@pytest.mark.parametrize("applied", [False, True])
async def test_the_invoice_on_its_way(tmp_path: Path, applied: bool) -> None:
    async with shop(tmp_path) as here:
        fault = here.telegram.fail("sendInvoice", FaultKind.HOLD, after=applied)
        await here.ask("zebra one")
        await here.telegram.held(fault)
        await restart(here)
        assert (await buy(here)).state is CheckoutState.PAID
        await all_well(here)
        assert here.anna.stars == 1000 - PRICE


@pytest.mark.parametrize("applied", [False, True])
async def test_the_answer_before_the_payment(tmp_path: Path, applied: bool) -> None:
    async with shop(tmp_path) as here:
        request = await here.ask("zebra two")
        bill = await invoice(here)
        fault = here.telegram.fail("answerPreCheckoutQuery", FaultKind.HOLD, after=applied)
        begun = here.anna.begin_payment(bill)
        await here.telegram.held(fault)
        await restart(here)
        if applied:
            assert (await here.anna.finish_payment(begun)).state is CheckoutState.PAID
            await all_well(here)
            assert here.anna.stars == 1000 - PRICE
        else:
            line = await here.telegram.wait_for_message(here.anna.chat_id, lambda one: "Cancel" in one.labels())
            await here.press(line, ":cancel")
            await refunded(here, request)


async def test_a_payment_that_was_fetched_and_not_committed(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        await here.ask("zebra three")
        bill = await invoice(here)
        here.telegram.hold_payments()
        begun = here.anna.begin_payment(bill)
        await here.telegram.wait_for(lambda: begun.state is CheckoutState.APPROVED or None)
        with held(here.data_dir, "IMMEDIATE"):
            here.telegram.release_payments()
            await asyncio.sleep(0.5)  # until it was fetched; that it was is told by nothing
            await here.bot.kill()
        await here.bot.start()
        await all_well(here)
        assert here.anna.stars == 1000 - PRICE


async def test_a_payment_that_was_lost_with_the_process(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        await here.ask("zebra four")
        here.telegram.lose_update("successful_payment")
        await buy(here)
        await restart(here)
        await all_well(here)
        assert here.anna.stars == 1000 - PRICE


async def test_a_request_that_was_paid_and_not_shown(tmp_path: Path) -> None:
    async with shop(tmp_path) as here:
        await here.ask("zebra five")
        bill = await invoice(here)
        await here.telegram.wait_for_message(here.anna.chat_id, lambda one: "Waiting for your payment" in one.text)
        fault = here.telegram.fail("editMessageText", FaultKind.HOLD)
        await here.anna.pay(bill)
        await here.telegram.held(fault)
        await restart(here)
        await all_well(here)
        assert here.anna.stars == 1000 - PRICE


@pytest.mark.parametrize("applied", [False, True])
async def test_a_refund_on_its_way(tmp_path: Path, applied: bool) -> None:
    async with shop(tmp_path) as here:
        here.genaipro.enqueue(Script(error={"error": "UNSAFE_GENERATION"}))
        fault = here.telegram.fail("refundStarPayment", FaultKind.HOLD, after=applied)
        request = await here.ask("zebra six")
        await buy(here)
        await here.telegram.held(fault)
        await restart(here)
        await refunded(here, request)


@pytest.mark.parametrize("applied", [False, True])
async def test_the_end_that_tells_of_a_refund(tmp_path: Path, applied: bool) -> None:
    async with shop(tmp_path) as here:
        gate = here.genaipro.hold(Script(error={"error": "UNSAFE_GENERATION"}), at=1)
        request = await here.ask("zebra seven")
        await buy(here)
        await gate.blocked()
        fault = here.telegram.fail("editMessageText", FaultKind.HOLD, after=applied)
        gate.release()
        await here.telegram.held(fault)
        await restart(here)
        await refunded(here, request)

"""Flood limits and faults on request."""

import asyncio

import pytest
import telegram
from telegram.error import BadRequest, NetworkError, RetryAfter

from sandbox.botapi import BotApiOptions, BotApiServer, FaultKind, FloodLimits, Person
from tests.hand_clock import HandClock
from tests.integration.sandbox.botapi_tools import call, connect


async def test_one_chat_floods_alone(clock: HandClock) -> None:
    async with BotApiServer(BotApiOptions(flood=True), clock=clock) as server, connect(server) as bot:
        alice, bob = server.add_person(started=True), server.add_person("Bob", started=True)
        for number in range(3):
            await bot.send_message(alice.chat_id, str(number))
        with pytest.raises(RetryAfter) as raised:
            await bot.send_message(alice.chat_id, "4")
        assert raised.value._retry_after.total_seconds() == 1
        await bot.send_message(bob.chat_id, "another chat")
        await bot.send_chat_action(alice.chat_id, "typing")
        clock.seconds += 1
        await bot.send_message(alice.chat_id, "4")
        assert [one.status for one in server.calls("sendMessage", chat_id=alice.chat_id)] == [200] * 3 + [429, 200]


async def test_edits_count_and_groups_have_twenty_a_minute(clock: HandClock) -> None:
    async with BotApiServer(BotApiOptions(flood=True), clock=clock) as server, connect(server) as bot:
        chat = server.add_group("Friends", [server.add_person()]).chat_id
        message = await bot.send_message(chat, "0")
        for number in range(1, 20):
            clock.seconds += 1
            await message.edit_text(str(number))
        clock.seconds += 1
        body = await call(server, "sendMessage", chat_id=chat, text="x")
        assert body["description"] == "Too Many Requests: retry after 40"
        assert body["parameters"] == {"retry_after": 40}
        clock.seconds += 40
        await bot.send_message(chat, "x")


async def test_all_chats_together(clock: HandClock) -> None:
    options = BotApiOptions(flood=True, flood_limits=FloodLimits(overall=5))
    async with BotApiServer(options, clock=clock) as server, connect(server) as bot:
        people = [server.add_person(started=True) for _ in range(6)]
        for person in people[:5]:
            await bot.send_message(person.chat_id, "x")
        with pytest.raises(RetryAfter):
            await bot.send_message(people[5].chat_id, "x")
        server.set_flood(enabled=False)
        await bot.send_message(people[5].chat_id, "x")


async def test_errors_hit_the_asked_calls_only(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    bob = botapi.add_person("Bob", started=True)
    botapi.fail("sendMessage", chat_id=alice.chat_id, times=2, skip=1, description="Bad Request: no")
    await bot.send_message(bob.chat_id, "x")
    await bot.send_message(alice.chat_id, "first")
    for _ in range(2):
        with pytest.raises(BadRequest, match="No"):
            await bot.send_message(alice.chat_id, "x")
    await bot.send_message(alice.chat_id, "last")
    assert [line.text for line in botapi.transcript(alice.chat_id)] == ["first", "last"]
    botapi.fail("*", retry_after=7)
    with pytest.raises(RetryAfter):
        await bot.get_me()


@pytest.mark.parametrize(("after", "there"), [(False, 0), (True, 1)])
async def test_dropped_connection(
    botapi: BotApiServer, bot: telegram.Bot, alice: Person, after: bool, there: int
) -> None:
    botapi.fail("sendMessage", FaultKind.DROP, after=after)
    with pytest.raises(NetworkError):
        await bot.send_message(alice.chat_id, "x")
    assert len(botapi.transcript(alice.chat_id)) == there
    assert [(one.status, one.applied) for one in botapi.calls("sendMessage")] == [(0, after)]


async def test_all_but_some_methods_fail(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    botapi.fail("*", times=2, status=500, description="Oops", spare=("sendMessage", "getMe"))
    with pytest.raises(NetworkError, match="Oops"):
        await bot.send_chat_action(alice.chat_id, "typing")
    await bot.send_message(alice.chat_id, "spared")
    with pytest.raises(NetworkError, match="Oops"):
        await bot.delete_webhook()
    await bot.send_chat_action(alice.chat_id, "typing")


async def test_page_instead_of_json(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    botapi.fail("sendVideo", FaultKind.HTML)
    with pytest.raises(NetworkError):
        await bot.send_video(alice.chat_id, b"1")
    assert botapi.calls("sendVideo")[0].status == 413


async def test_held_call_waits_for_its_release(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    botapi.fail("sendMessage", FaultKind.HOLD, chat_id=alice.chat_id, after=True)
    bob = botapi.add_person("Bob", started=True)
    held = asyncio.create_task(bot.send_message(alice.chat_id, "held"))
    await botapi.wait_for_message(alice.chat_id, "held")
    await bot.send_message(bob.chat_id, "not held")
    assert not held.done()
    botapi.release()
    assert (await held).text == "held"


async def test_late_answer(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    botapi.fail("sendMessage", FaultKind.DELAY, seconds=0.001)
    assert (await bot.send_message(alice.chat_id, "late")).text == "late"

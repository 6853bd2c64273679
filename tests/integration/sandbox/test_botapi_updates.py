"""Updates: long polling, confirmation, conflicts, filters, the webhook."""

import asyncio
from typing import Any

import pytest
import telegram
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram.error import Conflict

from sandbox.botapi import BotApiOptions, BotApiServer, Person
from tests.integration.sandbox.botapi_tools import call, connect, refusal


async def test_poll_waits_for_what_comes(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    poll = asyncio.create_task(bot.get_updates(timeout=30))
    await botapi.wait_for(lambda: botapi.backend.updates._poll)
    await alice.send_text("hello")
    (update,) = await poll
    assert update.message is not None
    assert update.message.text == "hello"


async def test_only_an_offset_confirms(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    for number in range(3):
        await alice.send_text(str(number))
    first = await bot.get_updates(limit=2)
    assert [update.update_id for update in await bot.get_updates(limit=2)] == [one.update_id for one in first]
    rest = await bot.get_updates(offset=first[-1].update_id + 1)
    assert [update.message.text for update in rest if update.message] == ["2"]
    assert await bot.get_updates(offset=rest[-1].update_id + 1) == ()
    await botapi.wait_until_idle()


async def test_second_poll_ends_the_first(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    async with connect(botapi) as other:
        first = asyncio.create_task(bot.get_updates(timeout=30))
        await botapi.wait_for(lambda: botapi.backend.updates._poll)
        second = asyncio.create_task(other.get_updates(timeout=30))
        with pytest.raises(Conflict, match="terminated by other getUpdates request"):
            await first
        await alice.send_text("for the second")
        assert len(await second) == 1


async def test_only_wanted_kinds(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    await bot.get_updates(allowed_updates=["callback_query"])
    await alice.send_text("unheard")
    assert await bot.get_updates() == ()
    await bot.get_updates(allowed_updates=[])
    await alice.send_text("heard")
    assert len(await bot.get_updates()) == 1
    unknown = await refusal(botapi, "getUpdates", allowed_updates=["mesage"])
    assert unknown == "Bad Request: unknown update type 'mesage' (strict mode)"


async def test_update_comes_once_more_when_its_confirmation_was_lost(
    botapi: BotApiServer, bot: telegram.Bot, alice: Person
) -> None:
    for number in range(2):
        await alice.send_text(str(number))
    first, last = await bot.get_updates()
    await bot.get_updates(offset=last.update_id + 1)
    botapi.repeat_update(botapi.updates()[0])
    (again,) = await bot.get_updates(offset=last.update_id + 1)
    assert again.update_id == first.update_id
    assert await bot.get_updates(offset=last.update_id + 1) == ()
    await botapi.wait_until_idle()


async def test_edits_come_as_edits(bot: telegram.Bot, alice: Person) -> None:
    message = await alice.send_text("befor")
    await alice.edit(message, "before")
    sent, edited = await bot.get_updates()
    assert sent.message is not None
    assert sent.message.text == "befor"
    assert edited.edited_message is not None
    assert (edited.edited_message.text, edited.edited_message.message_id) == ("before", message.message_id)


async def test_webhook_gets_updates_in_order_until_it_takes_them() -> None:
    got: list[tuple[str, str | None]] = []
    refused = [503, 500]

    async def hook(request: web.Request) -> web.Response:
        body: dict[str, Any] = await request.json()
        got.append((body["message"]["text"], request.headers.get("X-Telegram-Bot-Api-Secret-Token")))
        return web.Response(status=refused.pop() if refused else 200)

    app = web.Application()
    app.router.add_post("/hook", hook)
    site = TestServer(app)
    await site.start_server()
    async with BotApiServer(BotApiOptions(webhook_retry=0.0)) as server:
        alice = server.add_person(started=True)
        async with connect(server) as bot:
            await bot.set_webhook(str(site.make_url("/hook")), secret_token="s-3_cret")
            await alice.send_text("one")
            await alice.send_text("two")
            await server.wait_until_idle()
            assert got == [("one", "s-3_cret")] * 3 + [("two", "s-3_cret")]
            info = await bot.get_webhook_info()
            assert (info.pending_update_count, info.last_error_message is not None) == (0, True)
            with pytest.raises(Conflict, match="webhook is active"):
                await bot.get_updates()
            await bot.delete_webhook()
            await alice.send_text("three")
            assert len(await bot.get_updates()) == 1
    await site.close()


@pytest.mark.parametrize(("url", "secret"), [("ftp://x/y", "s"), ("https://", "s"), ("http://h/x", "no spaces")])
async def test_bad_webhook(botapi: BotApiServer, url: str, secret: str) -> None:
    body = await call(botapi, "setWebhook", url=url, secret_token=secret)
    assert body["error_code"] == 400


async def test_closing_ends_a_poll() -> None:
    async with BotApiServer() as server, connect(server) as bot:
        poll = asyncio.create_task(bot.get_updates(timeout=30))
        await server.wait_for(lambda: server.backend.updates._poll)
        server.backend.updates.close()
        assert await poll == ()

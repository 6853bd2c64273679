"""Inline mode: queries, answers, Telegram's cache, results that are chosen, buttons that share."""

from typing import Any

import pytest
import telegram
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, SwitchInlineQueryChosenChat

from sandbox.botapi import BotApiServer, InlineQuery, Person, Standing
from tests.hand_clock import HandClock
from tests.integration.sandbox.botapi_tools import call, refusal
from tests.integration.sandbox.second_opinion import check_calls, check_type
from tests.integration.sandbox.typed import types

TOO_OLD = "Bad Request: query is too old and response timeout expired or query ID is invalid"


@pytest.fixture(autouse=True)
def inline_mode(botapi: BotApiServer) -> None:
    botapi.set_inline(enabled=True)


async def video_id(server: BotApiServer, bot: telegram.Bot, chat_id: int) -> str:
    """The file id of a video that the bot has sent."""
    message = await bot.send_video(chat_id, b"a video", width=720, height=1280, duration=8)
    assert message.video is not None
    return message.video.file_id


def offered(file_id: str, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A video as an inline result."""
    return {"type": "video", "id": f"v{number}", "video_file_id": file_id, "title": "A boat"} | changes


async def answer(server: BotApiServer, query: InlineQuery, results: list[Any], **params: Any) -> dict[str, Any]:
    """The bot's answer to a query."""
    return await call(server, "answerInlineQuery", inline_query_id=query.query_id, results=results, **params)


async def test_mode_is_told_by_get_me(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    assert (await bot.get_me()).supports_inline_queries
    botapi.set_inline(enabled=False)
    assert not (await bot.get_me()).supports_inline_queries
    with pytest.raises(LookupError):
        alice.type_inline("boat")


async def test_chosen_video_is_sent_via_the_bot(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    botapi.set_inline(enabled=True, feedback=True)
    file_id = await video_id(botapi, bot, alice.chat_id)
    group = botapi.add_group("Friends", [alice], bot=Standing.LEFT).chat_id
    query = alice.type_inline("boat", chat=group)
    update = (await bot.get_updates(timeout=5))[-1].inline_query
    assert update is not None
    assert (update.query, update.offset, update.chat_type) == ("boat", "", "supergroup")
    result = telegram.InlineQueryResultCachedVideo("v1", file_id, "A boat", caption="<b>A boat</b>", parse_mode="HTML")
    await update.answer([result], cache_time=10, is_personal=True, next_offset="2")
    found = await botapi.wait_for_inline(query)
    assert (found.next_offset, found.is_personal, [one.title for one in found.results]) == ("2", True, ["A boat"])
    message = alice.choose(query, "v1")
    line = botapi.line(group, message.message_id)
    assert (line.kind, line.text, line.via_bot, line.from_bot) == ("video", "A boat", True, False)
    assert (line.width, line.height, line.file_id) == (720, 1280, file_id)
    assert [one.kind for one in botapi.backend.updates.produced] == ["inline_query", "chosen_inline_result"]
    for one in botapi.backend.updates.produced:
        check_type(types.Update, one.wire())
    check_calls(botapi.calls())


async def test_bot_sees_what_is_sent_via_it_where_it_is(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    file_id = await video_id(botapi, bot, alice.chat_id)
    group = botapi.add_group("Club", [alice]).chat_id
    query = alice.type_inline(chat=group)
    await answer(botapi, query, [offered(file_id)])
    alice.choose(query, "v1")
    update = botapi.backend.updates.produced[-1]
    assert update.kind == "message"
    assert "via_bot" in update.payload
    check_type(types.Update, update.wire())


@pytest.mark.parametrize(
    ("change", "params", "reason"),
    [
        ({"id": ""}, {}, "RESULT_ID_INVALID"),
        ({"id": "é" * 33}, {}, "RESULT_ID_INVALID"),
        ({"title": ""}, {}, "VIDEO_TITLE_EMPTY"),
        ({"video_file_id": "nothing"}, {}, "wrong file identifier/HTTP URL specified"),
        ({"caption": "x" * 1025}, {}, "message caption is too long"),
        ({"colour": "red"}, {}, 'unknown field "colour" of an inline query result (strict mode)'),
        ({"type": "film"}, {}, "unallowed inline query result type specified"),
        ({}, {"next_offset": "x" * 65}, "NEXT_OFFSET_INVALID"),
        ({}, {"cache_time": -1}, "parameter cache_time must be non-negative"),
        ({}, {"button": {"text": "Open"}}, "exactly one action must be given"),
        ({}, {"button": {"text": "", "start_parameter": "a"}}, "SWITCH_PM_TEXT_EMPTY"),
        ({}, {"button": {"text": "Open", "start_parameter": "a b"}}, "START_PARAM_INVALID"),
    ],
)
async def test_answers_that_telegram_refuses(
    botapi: BotApiServer,
    bot: telegram.Bot,
    alice: Person,
    change: dict[str, Any],
    params: dict[str, Any],
    reason: str,
) -> None:
    file_id = await video_id(botapi, bot, alice.chat_id)
    query = alice.type_inline()
    body = await answer(botapi, query, [offered(file_id) | change], **params)
    assert body["ok"] is False
    assert reason in body["description"]
    assert query.answer is None


async def test_answers_hold_fifty_different_results(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    file_id = await video_id(botapi, bot, alice.chat_id)
    query = alice.type_inline()
    many = [offered(file_id, number) for number in range(51)]
    assert (await answer(botapi, query, many))["description"] == "Bad Request: RESULTS_TOO_MUCH"
    assert (await answer(botapi, query, [many[0]] * 2))["description"] == "Bad Request: RESULT_ID_DUPLICATE"
    assert (await answer(botapi, query, many[:50]))["ok"]
    assert (await answer(botapi, query, many[:50]))["description"] == TOO_OLD


async def test_late_answer_is_refused(clock: HandClock) -> None:
    async with BotApiServer(clock=clock) as server:
        server.set_inline(enabled=True)
        query = server.add_person().type_inline()
        clock.seconds += 11
        assert (await answer(server, query, []))["description"] == TOO_OLD
        assert await refusal(server, "answerInlineQuery", inline_query_id="1", results=[]) == TOO_OLD


async def test_cache_is_everybodys_unless_personal(clock: HandClock) -> None:
    async with BotApiServer(clock=clock) as server:
        server.set_inline(enabled=True)
        alice, bob = server.add_person("Alice"), server.add_person("Bob")
        await answer(server, alice.type_inline("own"), [], is_personal=True, cache_time=30)
        await answer(server, alice.type_inline("all"), [])
        assert [who.type_inline("own").cached for who in (alice, bob)] == [True, False]
        assert [who.type_inline("all").cached for who in (alice, bob)] == [True, True]
        assert not alice.type_inline("own", offset="50").cached
        clock.seconds += 31
        assert [alice.type_inline(text).cached for text in ("own", "all")] == [False, True]
        clock.seconds += 270
        assert not alice.type_inline("all").cached
        asked = [one.payload["query"] for one in server.backend.updates.produced]
        assert asked == ["own", "all", "own", "own", "own", "all"]


async def test_queries_come_only_when_asked_for(botapi: BotApiServer, alice: Person) -> None:
    await call(botapi, "getUpdates", timeout=0, allowed_updates=["message"])
    alice.type_inline("boat")
    assert not botapi.backend.updates.produced


async def test_button_shares_where_it_may(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chosen = SwitchInlineQueryChosenChat("#7", allow_user_chats=True, allow_group_chats=True)
    button = InlineKeyboardButton("Share", switch_inline_query_chosen_chat=chosen)
    sent = await bot.send_message(alice.chat_id, "done", reply_markup=InlineKeyboardMarkup([[button]]))
    group = botapi.add_group("Friends", [alice], bot=Standing.LEFT).chat_id
    query = alice.share(sent.message_id, "Share", group)
    assert (query.text, query.chat_id) == ("#7", group)
    with pytest.raises(LookupError):
        alice.share(sent.message_id, "Share", alice.chat_id)
    check_calls(botapi.calls())


async def test_empty_answer_leads_to_the_bot(botapi: BotApiServer, alice: Person) -> None:
    query = alice.type_inline()
    await answer(botapi, query, [], button={"text": "Open", "start_parameter": "inline"})
    assert query.answer is not None
    assert query.answer.button == {"text": "Open", "start_parameter": "inline"}
    message = await alice.open_link(f"https://t.me/{botapi.options.bot_username}?start=inline")
    assert message.content.text == "/start inline"

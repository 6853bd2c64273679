"""Texts: sent, edited, deleted, answered, refused."""

import pytest
import telegram
from telegram import InlineKeyboardButton as Button
from telegram import InlineKeyboardMarkup as Markup
from telegram import ReplyParameters
from telegram.error import BadRequest, Forbidden, InvalidToken

from sandbox.botapi import BotApiServer, Person
from tests.hand_clock import HandClock
from tests.integration.sandbox.botapi_tools import call, connect, refusal

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)


async def test_sent_text_stands_in_the_chat(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    keys = Markup([[Button("One", callback_data="n:1")], [Button("More", url="https://example.org")]])
    sent = await bot.send_message(alice.chat_id, "<b>hi</b> 😀 &lt;", parse_mode="HTML", reply_markup=keys)
    assert (sent.text, [(e.type, e.offset, e.length) for e in sent.entities]) == ("hi 😀 <", [("bold", 0, 2)])
    line = botapi.transcript(alice.chat_id)[-1]
    assert line.from_bot
    assert line.labels() == ["One", "More"]
    assert line.button("One").data == "n:1"


async def test_edits_are_remembered(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    sent = await bot.send_message(alice.chat_id, "one", reply_markup=Markup([[Button("A", callback_data="a")]]))
    edited = await sent.edit_text("two")
    assert isinstance(edited, telegram.Message)
    assert edited.edit_date is not None
    line = botapi.line(alice.chat_id, sent.message_id)
    assert [(one.text, len(one.buttons)) for one in line.versions] == [("one", 1), ("two", 0)]


async def test_unchanged_edit_is_refused(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    sent = await bot.send_message(alice.chat_id, "same")
    at = {"chat_id": alice.chat_id, "message_id": sent.message_id}
    assert await refusal(botapi, "editMessageText", **at, text="<u></u>same ", parse_mode="HTML") == NOT_MODIFIED
    assert await refusal(botapi, "editMessageReplyMarkup", **at) == NOT_MODIFIED
    assert await refusal(botapi, "editMessageText", **at, text="x" * 4097) == "Bad Request: MESSAGE_TOO_LONG"
    caption = await refusal(botapi, "editMessageCaption", **at, caption="x")
    assert caption == "Bad Request: there is no caption in the message to edit"


@pytest.mark.parametrize(
    ("params", "reason"),
    [
        ({"text": ""}, "message text is empty"),
        ({"text": " \n "}, "message text is empty"),
        ({"text": "<b> </b>", "parse_mode": "HTML"}, "message text is empty"),
        ({"text": "x" * 4097}, "message is too long"),
        ({"text": "<i>x", "parse_mode": "HTML"},
         'can\'t parse entities: Can\'t find end tag corresponding to start tag "i"'),
        ({"text": "ok", "parse_mode": "MarkdownV2"}, "unsupported parse_mode"),
        ({"text": "ok", "txet": "?"}, 'unknown parameter "txet" of sendMessage (strict mode)'),
        ({"text": "ok", "message_thread_id": 7}, "message thread not found"),
        ({"text": "ok", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        ({"text": "ok", "reply_parameters": {"message_idd": 99}}, "can't parse reply parameters JSON object"),
        ({"text": "ok", "entities": [{"type": "bold", "offset": 1, "length": 2}]},
         "can't parse entities: the MessageEntity lies outside the text"),
        ({"text": "ok", "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": "x" * 65}]]}},
         "BUTTON_DATA_INVALID"),
        ({"text": "ok", "reply_markup": {"inline_keyboard": [[{"text": "A", "callback_data": ""}]]}},
         "BUTTON_DATA_INVALID"),
        ({"text": "ok", "reply_markup": {"inline_keyboard": [[{"text": "A"}]]}},
         "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "ok", "disable_notification": "perhaps"}, 'parameter "disable_notification" must be of type Boolean'),
    ],
)  # fmt: skip
async def test_unsendable_text(botapi: BotApiServer, alice: Person, params: dict[str, object], reason: str) -> None:
    assert await refusal(botapi, "sendMessage", chat_id=alice.chat_id, **params) == f"Bad Request: {reason}"
    assert botapi.transcript(alice.chat_id) == []


async def test_length_counts_code_points_after_parsing(botapi: BotApiServer, alice: Person) -> None:
    text = "<b>" + "😀" * 4096 + "</b>"
    body = await call(botapi, "sendMessage", chat_id=alice.chat_id, text=text, parse_mode="HTML")
    assert body["ok"]
    assert body["result"]["entities"] == [{"type": "bold", "offset": 0, "length": 8192}]


async def test_replies_show_what_they_answer(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    asked = await alice.send_text("a question")
    first = await bot.send_message(alice.chat_id, "1", reply_parameters=ReplyParameters(asked.message_id))
    second = await bot.send_message(alice.chat_id, "2", reply_parameters=ReplyParameters(first.message_id))
    assert first.reply_to_message is not None
    assert first.reply_to_message.text == "a question"
    assert second.reply_to_message is not None
    assert second.reply_to_message.reply_to_message is None
    lost = ReplyParameters(999, allow_sending_without_reply=True)
    assert (await bot.send_message(alice.chat_id, "3", reply_parameters=lost)).reply_to_message is None
    await alice.delete(asked.message_id)
    with pytest.raises(BadRequest, match="to be replied not found"):
        await bot.send_message(alice.chat_id, "4", reply_parameters=ReplyParameters(asked.message_id))


async def test_deleting(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    sent = await bot.send_message(alice.chat_id, "soon gone")
    await sent.delete()
    assert botapi.transcript(alice.chat_id) == []
    assert [line.deleted for line in botapi.transcript(alice.chat_id, deleted=True)] == [True]
    at = {"chat_id": alice.chat_id, "message_id": sent.message_id}
    assert await refusal(botapi, "deleteMessage", **at) == "Bad Request: message to delete not found"
    assert await refusal(botapi, "editMessageText", **at, text="x") == "Bad Request: message to edit not found"
    own = await alice.send_text("mine")
    at["message_id"] = own.message_id
    assert await refusal(botapi, "editMessageText", **at, text="x") == "Bad Request: message can't be edited"


async def test_blocked_and_unknown(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    await alice.block()
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(alice.chat_id, "hi")
    await alice.unblock()
    await bot.send_message(alice.chat_id, "hi")
    stranger = botapi.add_person("Bob")
    assert await refusal(botapi, "sendMessage", chat_id=stranger.chat_id, text="hi") == "Bad Request: chat not found"
    assert await refusal(botapi, "sendMessage", chat_id=1, text="hi") == "Bad Request: chat not found"
    await stranger.send_text("/start")
    await bot.send_message(stranger.chat_id, "hi")


async def test_button_is_answered_once(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    sent = await bot.send_message(alice.chat_id, "?", reply_markup=Markup([[Button("Go on", callback_data="go")]]))
    query_id = await alice.press(sent.message_id, "Go")
    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    assert (update.callback_query.data, update.callback_query.id) == ("go", query_id)
    assert isinstance(update.callback_query.message, telegram.Message)
    await update.callback_query.answer("noted", show_alert=True)
    press = await botapi.wait_for_answer(query_id)
    assert (press.answer, press.alert) == ("noted", True)
    with pytest.raises(BadRequest, match="Query is too old"):
        await update.callback_query.answer()
    with pytest.raises(LookupError):
        await alice.press(sent.message_id, "Stop")


async def test_press_under_a_message_that_is_gone(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    sent = await bot.send_message(alice.chat_id, "x", reply_markup=Markup([[Button("A", callback_data="a")]]))
    await alice.delete(sent.message_id)
    message = botapi.backend.world.chats[alice.chat_id].messages[sent.message_id]
    queries = [alice.press_data(message, "a"), alice.press_inline("b", "inline-1"), alice.press_inline("c")]
    found = [update.callback_query for update in await bot.get_updates()]
    assert [one.id for one in found if one] == queries
    gone, inline, nothing = (one for one in found if one)
    assert botapi.updates()[0].payload["message"] == {
        "chat": {"id": alice.chat_id, "type": "private", "first_name": "Alice"},
        "message_id": sent.message_id,
        "date": 0,
    }
    assert gone.data == "a"
    assert (inline.message, inline.inline_message_id, inline.data) == (None, "inline-1", "b")
    assert (nothing.message, nothing.inline_message_id, nothing.data) == (None, None, "c")
    for query in (gone, inline, nothing):
        await query.answer("too late")
        assert (await botapi.wait_for_answer(query.id)).answer == "too late"


async def test_old_query_cannot_be_answered(clock: HandClock) -> None:
    async with BotApiServer(clock=clock) as server, connect(server) as bot:
        alice = server.add_person(started=True)
        sent = await bot.send_message(alice.chat_id, "?", reply_markup=Markup([[Button("A", callback_data="a")]]))
        query_id = await alice.press(sent.message_id, data="a")
        clock.seconds += server.options.callback_ttl + 1
        with pytest.raises(BadRequest, match="Query is too old"):
            await bot.answer_callback_query(query_id)


async def test_wrong_token_and_method(botapi: BotApiServer) -> None:
    stranger = telegram.Bot("1:" + "x" * 35, base_url=botapi.base_url)
    with pytest.raises(InvalidToken):
        await stranger.initialize()
    assert await call(botapi, "sendMesage") == {"ok": False, "error_code": 404, "description": "Not Found"}

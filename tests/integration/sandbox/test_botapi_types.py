"""A second opinion: aiogram reads what the server says and would have sent what the bot sent."""

from dataclasses import replace

import pytest
import telegram
from pydantic import BaseModel
from telegram import BotCommand, BotCommandScopeChat, InlineKeyboardButton, InlineKeyboardMarkup, InputMediaVideo

from sandbox.botapi import BotApiServer, ChatKind, Person, ReceivedCall, Standing
from sandbox.botapi.placeholders import FIELDS
from sandbox.botapi.specs import SPECS
from tests.integration.sandbox.botapi_tools import call
from tests.integration.sandbox.second_opinion import SecondOpinionError, check_call, check_calls, check_type
from tests.integration.sandbox.typed import methods, types
from tests.pictures import picture


async def test_updates_are_well_formed(botapi: BotApiServer, alice: Person) -> None:
    chat = botapi.add_group("Club", [alice], forum=True, bot=Standing.ADMINISTRATOR, announce=True).chat_id
    topic = botapi.add_topic(chat, "Videos").thread_id
    for place, thread in ((alice.chat_id, None), (chat, topic), (chat, None)):
        text = await alice.send_text("/video hello", chat=place, thread=thread)
        await alice.send_text("a reply", chat=place, thread=thread, reply_to=text.message_id)
        await alice.edit(text, "edited https://example.org")
        await alice.send_photo(picture(), "caption", chat=place, thread=thread)
        for kind in ("sticker", "voice", "audio", "animation", "video", "video_note", *sorted(FIELDS)):
            await alice.send_other(kind, chat=place, thread=thread)
    await alice.send_document(b"x", file_name="x.bin", chat=chat)
    await alice.send_text("hidden", chat=chat, anonymous=True)
    for linked in (False, True):
        await botapi.add_channel("News", linked=linked).send_photo(picture(), "news", chat=chat)
    botapi.join(chat, botapi.add_person("Bob"))
    botapi.migrate(botapi.add_group("Family", [alice], kind=ChatKind.GROUP).chat_id)
    sent = await call(
        botapi,
        "sendMessage",
        chat_id=chat,
        text="?",
        reply_markup={"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]},
    )
    await alice.press(sent["result"]["message_id"], "A", chat=chat)
    await alice.delete(sent["result"]["message_id"], chat=chat)
    alice.press_data(botapi.backend.world.chats[chat].messages[sent["result"]["message_id"]], "a")
    alice.press_inline("a", "inline-1")
    await alice.block()
    kinds = set()
    for update in botapi.backend.updates.produced:
        check_type(types.Update, update.wire())
        kinds.add(update.kind)
    assert kinds == {"message", "edited_message", "callback_query", "my_chat_member"}


async def test_answers_are_well_formed(botapi: BotApiServer, alice: Person) -> None:
    group = botapi.add_group("Club", [alice], bot=Standing.ADMINISTRATOR).chat_id
    photo = await alice.send_photo(picture())
    assert photo.media is not None
    file_id = photo.media.file.file_id
    chat: dict[str, object] = {"chat_id": alice.chat_id}
    questions: list[tuple[str, dict[str, object], type[BaseModel]]] = [
        ("getMe", {}, types.User),
        ("getWebhookInfo", {}, types.WebhookInfo),
        ("sendMessage", {**chat, "text": "x", "reply_parameters": {"message_id": 1}}, types.Message),
        ("sendPhoto", {**chat, "photo": file_id, "caption": "c"}, types.Message),
        ("copyMessage", {**chat, "from_chat_id": alice.chat_id, "message_id": 1}, types.MessageId),
        ("getFile", {"file_id": file_id}, types.File),
        ("getChat", {"chat_id": group}, types.ChatFullInfo),
        ("getChat", chat, types.ChatFullInfo),
        ("getChatMember", {"chat_id": group, "user_id": alice.user_id}, types.ChatMemberOwner),
        ("getChatMember", {"chat_id": group, "user_id": 7_000_000_001}, types.ChatMemberAdministrator),
        ("getMyName", {}, types.BotName),
        ("getMyDescription", {"language_code": "vi"}, types.BotDescription),
        ("getMyShortDescription", {}, types.BotShortDescription),
    ]
    for method, params, model in questions:
        body = await call(botapi, method, **params)
        assert body["ok"], (method, body)
        check_type(model, body["result"])
    botapi.set_bot_standing(group, Standing.RESTRICTED)
    restricted = await call(botapi, "getChatMember", chat_id=group, user_id=7_000_000_001)
    check_type(types.ChatMemberRestricted, restricted["result"])


async def test_requests_of_a_real_bot_are_well_formed(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    sent = await bot.send_message(
        alice.chat_id, "x", reply_markup=InlineKeyboardMarkup([[InlineKeyboardButton("A", callback_data="a")]])
    )
    await sent.edit_text("y", parse_mode="HTML", link_preview_options=telegram.LinkPreviewOptions(is_disabled=True))
    await bot.send_media_group(alice.chat_id, [InputMediaVideo(b"1", width=3), InputMediaVideo(b"2")])
    await bot.send_video(alice.chat_id, b"1", supports_streaming=True)
    await bot.set_message_reaction(alice.chat_id, sent.message_id, "👍")
    await bot.get_updates(timeout=0, allowed_updates=["message"])
    assert check_calls(botapi.calls()) == len(botapi.calls()) >= 5
    check_calls(botapi.calls("getUpdates"))


@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("sendMessage", {"chat_id": 1, "text": "x", "colour": "red"}),
        ("sendMessage", {"chat_id": 1}),
        (
            "sendMessage",
            {"chat_id": 1, "text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "dat": "b"}]]}},
        ),
        ("sendTelegram", {}),
    ],
)
async def test_bad_requests_are_found(botapi: BotApiServer, method: str, params: dict[str, object]) -> None:
    bad = ReceivedCall(1, method, params, {}, botapi.clock.now(), 200)
    with pytest.raises(SecondOpinionError):
        check_call(bad)


def test_all_parameters_exist_in_the_bot_api() -> None:
    for method, params in SPECS.items():
        theirs = getattr(methods, method[0].upper() + method[1:]).model_fields
        assert set(params) <= set(theirs), method
        required = {name for name, field in theirs.items() if field.is_required()}
        assert required <= {name for name, param in params.items() if param.required}, method


async def test_profile_by_language_and_scope(bot: telegram.Bot, alice: Person) -> None:
    await bot.set_my_commands([BotCommand("start", "Begin")])
    await bot.set_my_commands([BotCommand("start", "Bắt đầu")], language_code="vi")
    scope = BotCommandScopeChat(alice.chat_id)
    await bot.set_my_commands([BotCommand("stats", "Figures")], scope=scope)
    assert [one.description for one in await bot.get_my_commands(language_code="vi")] == ["Bắt đầu"]
    assert [one.command for one in await bot.get_my_commands(scope=scope)] == ["stats"]
    await bot.delete_my_commands(scope=scope)
    assert await bot.get_my_commands(scope=scope) == ()
    await bot.set_my_name("Pho", language_code="vi")
    assert (await bot.get_my_name("vi")).name == "Pho"
    assert (await bot.get_my_name("en")).name == "Pho2Video"
    await bot.set_my_description("Photos in, videos out")
    await bot.set_my_short_description("Videos")
    assert (await bot.get_my_description("vi")).description == "Photos in, videos out"
    assert (await bot.get_my_short_description()).short_description == "Videos"


BUTTON = {"text": "a", "callback_data": "b"}


def keyboard(**changes: str) -> dict[str, object]:
    return {"inline_keyboard": [[BUTTON | changes]]}


@pytest.mark.parametrize(
    ("method", "params", "fault"),
    [
        ("sendMessage", {"text": "<b>x", "parse_mode": "HTML"}, "<b> stays open"),
        ("sendMessage", {"text": "<p>x</p>", "parse_mode": "HTML"}, "<p> is not Telegram's"),
        ("sendMessage", {"text": "<b><i>x</b></i>", "parse_mode": "HTML"}, "</b> closes another tag"),
        ("sendMessage", {"text": "<b></b>", "parse_mode": "HTML"}, "text of 0 characters"),
        ("sendMessage", {"text": "x" * 4097}, "text of 4097 characters"),
        ("sendVideo", {"video": "id", "caption": "x" * 1025}, "caption of 1025 characters"),
        ("sendMessage", {"text": "x", "reply_markup": keyboard(text="")}, "without a label"),
        ("sendMessage", {"text": "x", "reply_markup": keyboard(callback_data="đ" * 33)}, "no button holds"),
        ("sendMediaGroup", {"media": [{"type": "video", "media": "id"}]}, "is no album"),
        ("sendMediaGroup", {"media": [{"type": "video", "media": "id", "caption": "x" * 1025}] * 2}, "caption of 1025"),
        ("answerCallbackQuery", {"callback_query_id": "1", "text": "x" * 201}, "too many words"),
    ],
)
async def test_what_no_type_tells_is_found(
    botapi: BotApiServer, method: str, params: dict[str, object], fault: str
) -> None:
    chat = {} if method == "answerCallbackQuery" else {"chat_id": 1}
    accepted = ReceivedCall(1, method, chat | params, {}, botapi.clock.now(), 200)
    with pytest.raises(SecondOpinionError, match=fault):
        check_calls([accepted])
    check_calls([replace(accepted, status=400)])


async def test_second_answer_to_a_press_is_found(botapi: BotApiServer) -> None:
    answer = ReceivedCall(1, "answerCallbackQuery", {"callback_query_id": "1"}, {}, botapi.clock.now(), 200)
    check_calls([answer, replace(answer, status=400)])
    with pytest.raises(SecondOpinionError, match="twice"):
        check_calls([answer, answer])


async def test_what_the_page_allows_is_fine(botapi: BotApiServer) -> None:
    text = f"<b>{'x' * 4090}</b> &lt;&amp;<tg-spoiler>😀</tg-spoiler>"
    params = {"chat_id": 1, "text": text, "parse_mode": "HTML", "reply_markup": keyboard(callback_data="x" * 64)}
    assert check_calls([ReceivedCall(1, "sendMessage", params, {}, botapi.clock.now(), 200)]) == 1

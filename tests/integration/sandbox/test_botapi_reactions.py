"""Reactions, coloured buttons, what the bot is seen doing: as strict as Telegram."""

from typing import Any

import pytest
import telegram
from telegram import InlineKeyboardButton as Button
from telegram import InlineKeyboardMarkup as Markup
from telegram.constants import ReactionEmoji

from sandbox.botapi import BotApiServer, Person, Standing
from sandbox.botapi.methods.reactions import EMOJI
from tests.integration.sandbox.botapi_tools import call, refusal
from tests.integration.sandbox.second_opinion import check_calls, check_type
from tests.integration.sandbox.typed import types


def emoji(one: str) -> list[dict[str, str]]:
    """A reaction as the method takes it."""
    return [{"type": "emoji", "emoji": one}]


async def test_bot_reacts_changes_its_mind_and_takes_it_back(
    botapi: BotApiServer, bot: telegram.Bot, alice: Person
) -> None:
    message_id = (await alice.send_text("/video hello")).message_id
    bot_id = botapi.options.bot_id
    for given in ("👀", "👍", None):
        await bot.set_message_reaction(alice.chat_id, message_id, given)
        expected = ((bot_id, given),) if given else ()
        assert botapi.line(alice.chat_id, message_id).reactions == expected
    assert check_calls(botapi.calls("setMessageReaction")) == 3


def test_list_of_emoji_is_telegrams() -> None:
    assert {one.value.replace("\ufe0f", "") for one in ReactionEmoji} == EMOJI


@pytest.mark.parametrize(
    ("reaction", "reason"),
    [
        (emoji("✅"), "REACTION_INVALID"),
        (emoji("❌"), "REACTION_INVALID"),
        (emoji("👍👍"), "REACTION_INVALID"),
        ([{"type": "custom_emoji", "custom_emoji_id": "5"}], "REACTION_INVALID"),
        ([{"type": "paid"}], "Invalid reaction type specified"),
        (emoji("👍") + emoji("👎"), "REACTIONS_TOO_MANY"),
        (["👍"], "can't parse reaction type: ReactionType must be an Object of a known type"),
    ],
)
async def test_reactions_that_telegram_refuses(
    botapi: BotApiServer, alice: Person, reaction: list[Any], reason: str
) -> None:
    message_id = (await alice.send_text("hi")).message_id
    target = {"chat_id": alice.chat_id, "message_id": message_id}
    assert await refusal(botapi, "setMessageReaction", **target, reaction=reaction) == f"Bad Request: {reason}"
    assert botapi.line(alice.chat_id, message_id).reactions == ()


async def test_chats_may_forbid_reactions(botapi: BotApiServer, alice: Person) -> None:
    chat = botapi.add_group("Club", [alice], bot=Standing.RESTRICTED).chat_id
    message_id = (await alice.send_text("/video x", chat=chat)).message_id
    target = {"chat_id": chat, "message_id": message_id}
    botapi.set_reactions(chat)
    refused = await refusal(botapi, "setMessageReaction", **target, reaction=emoji("👀"))
    assert refused == "Bad Request: REACTION_INVALID"
    botapi.set_reactions(chat, "❤")
    assert (await call(botapi, "setMessageReaction", **target, reaction=emoji("❤️")))["ok"]
    botapi.set_reactions(chat, everything=True)
    botapi.forbid(chat, "reaction")
    refused = await refusal(botapi, "setMessageReaction", **target, reaction=emoji("👀"))
    assert refused == "Bad Request: not enough rights to react to messages in the chat"
    missing = await refusal(botapi, "setMessageReaction", chat_id=chat, message_id=999, reaction=emoji("👀"))
    assert missing == "Bad Request: message to react not found"


async def test_reactions_of_people_are_told_to_those_who_ask(botapi: BotApiServer, alice: Person) -> None:
    message_id = (await alice.send_text("hi")).message_id
    await alice.react(message_id, "🔥")
    await call(botapi, "getUpdates", timeout=0, allowed_updates=["message", "message_reaction"])
    await alice.react(message_id, "👏")
    update = botapi.backend.updates.produced[-1]
    check_type(types.Update, update.wire())
    assert [update.payload["old_reaction"], update.payload["new_reaction"]] == [emoji("🔥"), emoji("👏")]
    assert botapi.line(alice.chat_id, message_id).reactions == ((alice.user_id, "👏"),)
    assert [one.kind for one in botapi.backend.updates.produced] == ["message", "message_reaction"]


async def test_buttons_have_colours(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    row = [
        Button("Go", callback_data="g", style="success"),
        Button("Stop", callback_data="s", style="danger"),
        Button("Plain", callback_data="p"),
    ]
    sent = await bot.send_message(alice.chat_id, "?", reply_markup=Markup([row]))
    line = botapi.line(alice.chat_id, sent.message_id)
    assert [button.style for button in line.buttons[0]] == ["success", "danger", ""]
    assert {button.action for button in line.buttons[0]} == {"callback_data"}
    check_calls(botapi.calls("sendMessage"))


@pytest.mark.parametrize(
    ("button", "reason"),
    [
        ({"callback_data": "a", "style": "red"}, "Invalid button style specified"),
        ({"switch_inline_query_chosen_chat": {"query": "x"}}, "At least one chat type must be allowed"),
        ({"switch_inline_query_chosen_chat": {"query": "x" * 257, "allow_user_chats": True}}, "has a wrong query"),
        ({"switch_inline_query_chosen_chat": {"chats": True}}, "must be an Object"),
        ({"switch_inline_query": 5}, 'Field "switch_inline_query" must be of type String'),
        ({"pay": True}, "BUTTON_TYPE_INVALID"),
    ],
)
async def test_buttons_that_telegram_refuses(
    botapi: BotApiServer, alice: Person, button: dict[str, object], reason: str
) -> None:
    markup = {"inline_keyboard": [[{"text": "A"} | button]]}
    assert reason in await refusal(botapi, "sendMessage", chat_id=alice.chat_id, text="x", reply_markup=markup)


async def test_upload_is_seen_in_the_chat(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    await bot.send_chat_action(alice.chat_id, "upload_video")
    event = botapi.backend.journal.events[-1]
    assert (event.kind, event.details["action"]) == ("chat_action", "upload_video")
    refused = await refusal(botapi, "sendChatAction", chat_id=alice.chat_id, action="upload_film")
    assert refused == "Bad Request: wrong parameter action in request"

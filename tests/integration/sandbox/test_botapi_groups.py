"""Groups, topics, privacy, migration, standing."""

import pytest
import telegram
from telegram.error import BadRequest, ChatMigrated, Forbidden

from sandbox.botapi import BotApiOptions, BotApiServer, ChatKind, Person, Standing
from tests.integration.sandbox.botapi_tools import connect, refusal
from tests.pictures import picture


async def _seen(bot: telegram.Bot) -> list[str | None]:
    """Texts and captions of the updates there are; they are confirmed."""
    updates = await bot.get_updates()
    if updates:
        await bot.get_updates(offset=updates[-1].update_id + 1)
    return [one.message.text or one.message.caption for one in updates if one.message]


async def test_privacy_mode_hides_what_is_not_for_the_bot(
    botapi: BotApiServer, bot: telegram.Bot, alice: Person
) -> None:
    bob = botapi.add_person("Bob")
    chat = botapi.add_group("Friends", [alice, bob]).chat_id
    await alice.send_text("chatter", chat=chat)
    await alice.send_text("/video a boat", chat=chat)
    await alice.send_text("look @pho2video_bot", chat=chat)
    await alice.send_text("/video@other_bot a boat", chat=chat)
    await alice.send_album([picture(), picture()], chat=chat)
    assert await _seen(bot) == []
    await alice.send_photo(picture(), "/video@pho2video_bot a boat", chat=chat)
    assert await _seen(bot) == ["/video@pho2video_bot a boat"]
    answer = await bot.send_message(chat, "which?")
    await bob.send_text("that one", chat=chat, reply_to=answer.message_id)
    await bob.send_text("/video a boat", chat=chat)
    assert await _seen(bot) == ["that one", "/video a boat"]


@pytest.mark.parametrize("how", ["off", "admin"])
async def test_without_privacy_everything_is_seen(how: str) -> None:
    async with BotApiServer(BotApiOptions(privacy_mode=how != "off")) as server, connect(server) as bot:
        alice = server.add_person()
        standing = Standing.ADMINISTRATOR if how == "admin" else Standing.MEMBER
        chat = server.add_group("Friends", [alice], bot=standing).chat_id
        await alice.send_text("chatter", chat=chat)
        assert await _seen(bot) == ["chatter"]


async def test_topics(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chat = botapi.add_group("Club", [alice], forum=True).chat_id
    topic = botapi.add_topic(chat, "Videos").thread_id
    asked = await alice.send_text("/video@pho2video_bot x", chat=chat, thread=topic)
    general = await alice.send_text("/video@pho2video_bot y", chat=chat)
    created, first, second = [update.message for update in await bot.get_updates()]
    assert created is not None
    assert created.forum_topic_created is not None
    assert first is not None
    assert first.is_topic_message
    assert first.reply_to_message is not None
    assert first.reply_to_message.forum_topic_created is not None
    assert second is not None
    assert second.message_thread_id is None
    answer = await bot.send_message(chat, "ok", message_thread_id=topic)
    assert (answer.message_thread_id, botapi.line(chat, answer.message_id).thread_id) == (topic, topic)
    reply = await bot.send_message(chat, "ok", reply_parameters=telegram.ReplyParameters(asked.message_id))
    assert (reply.message_thread_id, reply.is_topic_message) == (topic, True)
    assert general.thread_id is None
    for nowhere in (1, 999):
        with pytest.raises(BadRequest, match="essage thread not found"):
            await bot.send_message(chat, "ok", message_thread_id=nowhere)
    botapi.close_topic(chat, topic)
    with pytest.raises(BadRequest, match=r"(?i)topic_closed"):
        await bot.send_message(chat, "ok", message_thread_id=topic)


async def test_chain_of_replies_is_no_topic(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chat = botapi.add_group("Friends", [alice], bot=Standing.ADMINISTRATOR).chat_id
    root = await alice.send_text("root", chat=chat)
    await alice.send_text("answer", chat=chat, reply_to=root.message_id)
    _, update = await bot.get_updates()
    assert update.message is not None
    assert (update.message.message_thread_id, update.message.is_topic_message) == (root.message_id, None)
    with pytest.raises(BadRequest, match="essage thread not found"):
        await bot.send_message(chat, "x", message_thread_id=root.message_id)


async def test_migration(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    old = botapi.add_group("Family", [alice], kind=ChatKind.GROUP)
    new = botapi.migrate(old.chat_id)
    first, second = [update.message for update in await bot.get_updates()]
    assert first is not None
    assert (first.chat.id, first.migrate_to_chat_id) == (old.chat_id, new.chat_id)
    assert second is not None
    assert (second.chat.id, second.migrate_from_chat_id) == (new.chat_id, old.chat_id)
    with pytest.raises(ChatMigrated) as raised:
        await bot.send_message(old.chat_id, "hi")
    assert raised.value.new_chat_id == new.chat_id
    text = await refusal(botapi, "sendMessage", chat_id=old.chat_id, text="hi")
    assert text == "Bad Request: group chat was upgraded to a supergroup chat"
    await bot.send_message(new.chat_id, "hi")


async def test_kicked_left_and_restricted(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chat = botapi.add_group("Friends", [alice], announce=True).chat_id
    botapi.set_bot_standing(chat, Standing.KICKED)
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(chat, "hi")
    changes = [update.my_chat_member for update in await bot.get_updates()]
    assert [one.new_chat_member.status for one in changes if one] == ["member", "kicked"]
    botapi.set_bot_standing(chat, Standing.RESTRICTED)
    botapi.forbid(chat, "video")
    await bot.send_message(chat, "hi")
    with pytest.raises(BadRequest, match="ot enough rights to send videos to the chat"):
        await bot.send_video(chat, b"1")
    await bot.leave_chat(chat)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(chat, "hi")


async def test_anonymous_admin(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chat = botapi.add_group("Friends", [alice])
    await alice.send_text("/video@pho2video_bot x", chat=chat.chat_id, anonymous=True)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.from_user is not None
    assert update.message.from_user.id == 1087968824
    assert update.message.sender_chat is not None
    assert update.message.sender_chat.id == chat.chat_id


async def test_same_message_id_in_two_chats(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    bob = botapi.add_person("Bob", started=True)
    one, two = await bot.send_message(alice.chat_id, "a"), await bot.send_message(bob.chat_id, "b")
    assert one.message_id == two.message_id
    await two.edit_text("c")
    assert botapi.line(alice.chat_id, one.message_id).text == "a"


async def test_chat_facts(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    group = botapi.add_group("Club", [alice], username="the_club", bot=Standing.ADMINISTRATOR, forum=True)
    assert (await bot.get_chat("@the_club")).id == group.chat_id
    assert await bot.get_chat_member_count(group.chat_id) == 2
    assert (await bot.get_chat_member(group.chat_id, alice.user_id)).status == "creator"
    assert (await bot.get_chat_member(group.chat_id, 1087968824)).status == "left"
    topic = await bot.create_forum_topic(group.chat_id, "New")
    await bot.send_message(group.chat_id, "in it", message_thread_id=topic.message_thread_id)
    with pytest.raises(BadRequest, match="not a forum"):
        await bot.create_forum_topic(alice.chat_id, "New")


async def test_channels_in_a_group(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chat = botapi.add_group("Friends", [alice], bot=Standing.ADMINISTRATOR).chat_id
    written, linked = botapi.add_channel("News"), botapi.add_channel("Ours", username="ours", linked=True)
    await written.send_text("in its name", chat=chat)
    await linked.send_photo(picture(), "by itself", chat=chat)
    first, second = [update.message for update in await bot.get_updates()]
    assert first is not None
    assert first.from_user is not None
    assert first.sender_chat is not None
    assert (first.from_user.id, first.sender_chat.id) == (136817688, written.chat_id)
    assert (first.sender_chat.type, first.is_automatic_forward, first.forward_origin) == ("channel", None, None)
    assert second is not None
    assert second.from_user is not None
    assert (second.from_user.id, second.caption, second.is_automatic_forward) == (777000, "by itself", True)
    assert isinstance(second.forward_origin, telegram.MessageOriginChannel)
    assert (second.forward_origin.chat.username, second.forward_origin.message_id) == ("ours", 1)
    assert botapi.line(chat, second.message_id).kind == "photo"
    with pytest.raises(Forbidden, match="bot is not a member of the channel chat"):
        await bot.send_message(written.chat_id, "hi")


async def test_people_join(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chat = botapi.add_group("Friends", [alice], chat_id=-1_009_000_000_001)
    assert chat.chat_id == -1_009_000_000_001
    bob, cleo = botapi.add_person("Bob"), botapi.add_person("Cleo")
    botapi.join(chat.chat_id, bob)
    botapi.join(chat.chat_id, cleo, announce=False)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert [one.first_name for one in update.message.new_chat_members] == ["Bob"]
    assert (await bot.get_chat_member(chat.chat_id, cleo.user_id)).status == "member"


async def test_deleted_topic_takes_its_messages_along(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    chat = botapi.add_group("Club", [alice], forum=True).chat_id
    topic = botapi.add_topic(chat, "Videos").thread_id
    inside = await bot.send_message(chat, "inside", message_thread_id=topic)
    outside = await bot.send_message(chat, "outside")
    botapi.close_topic(chat, topic, deleted=True)
    assert [line.message_id for line in botapi.transcript(chat)] == [outside.message_id]
    with pytest.raises(BadRequest, match="essage to edit not found"):
        await inside.edit_text("changed")
    with pytest.raises(BadRequest, match="essage thread not found"):
        await bot.send_message(chat, "late", message_thread_id=topic)


async def test_reply_in_general_names_a_thread_that_is_no_topic(
    botapi: BotApiServer, bot: telegram.Bot, alice: Person
) -> None:
    chat = botapi.add_group("Club", [alice], forum=True, bot=Standing.ADMINISTRATOR).chat_id
    root = await alice.send_text("root", chat=chat)
    answer = await alice.send_text("answer", chat=chat, reply_to=root.message_id)
    _, update = await bot.get_updates()
    assert update.message is not None
    assert (update.message.message_thread_id, update.message.is_topic_message) == (root.message_id, None)
    with pytest.raises(BadRequest, match="essage thread not found"):
        await bot.send_message(chat, "x", message_thread_id=root.message_id)
    sent = await bot.send_message(chat, "x", reply_parameters=telegram.ReplyParameters(answer.message_id))
    assert (sent.is_topic_message, botapi.line(chat, sent.message_id).thread_id) == (None, None)

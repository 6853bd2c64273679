import re

from sandbox.botapi import BotApiServer, Person
from services.access import OwnerLists
from services.generations.model import State
from tests.integration.commands.rows import add_generation
from tests.integration.handlers.conftest import MakeWorld
from tests.integration.handlers.world import OWNER, World
from tests.pictures import jpeg


async def test_start_says_what_the_bot_does_and_how_to_begin(world: World, alice: Person) -> None:
    assert "send a photo" in (await world.says(alice, "/start")).text


async def test_people_are_spoken_to_in_their_language(world: World, bao: Person) -> None:
    assert "Gửi ảnh" in (await world.says(bao, "/start")).text


async def test_a_command_is_known_however_it_is_written(world: World, alice: Person) -> None:
    for text in ("/help", "/HELP", "/help@pho2video_bot", "/help@PHO2VIDEO_BOT more"):
        assert "How to get a video" in (await world.says(alice, text)).text


async def test_help_names_the_commands_of_admins_to_admins_alone(world: World, alice: Person, owner: Person) -> None:
    assert "/allow" not in (await world.says(alice, "/help")).text
    assert "/allow" in (await world.says(owner, "/help")).text


async def test_help_tells_nothing_of_payments_where_nobody_pays(world: World, alice: Person, owner: Person) -> None:
    for person in (alice, owner):
        text = (await world.says(person, "/help")).text
        assert not re.search("/balance|/terms|/paysupport|/refund|Star", text)


async def test_help_names_the_price_and_the_commands_of_payments_where_videos_have_one(
    make_world: MakeWorld, alice: Person, bao: Person, owner: Person
) -> None:
    lists = OwnerLists(is_open=True, admin_ids=frozenset({OWNER}))
    world = await make_world(lists, stars_per_video=25)
    for person, words in ((alice, "a video costs 25 Telegram Stars"), (bao, "mỗi video có giá 25 Sao Telegram")):
        text = (await world.says(person, "/help")).text
        assert words in text
        assert all(command in text for command in ("/balance", "/terms", "/paysupport"))
        assert "/refund" not in text
    assert "/refund" in (await world.says(owner, "/help")).text


async def test_help_in_a_group_is_a_reply_that_says_how_to_ask_there(
    world: World, server: BotApiServer, alice: Person, bao: Person
) -> None:
    group = server.add_group("Friends", [alice, bao])
    asked = await alice.send_text("/help@pho2video_bot", chat=group.chat_id)
    answer = await server.wait_for_message(group.chat_id, "/video@pho2video_bot")
    assert answer.reply_to == asked.message_id


async def test_an_answer_stays_in_its_topic(world: World, server: BotApiServer, alice: Person) -> None:
    group = server.add_group("Forum", [alice], forum=True)
    topic = server.add_topic(group.chat_id, "Films")
    answer = await world.says(alice, "/help@pho2video_bot", chat=group.chat_id, thread=topic.thread_id)
    assert answer.thread_id == topic.thread_id


async def test_privacy_says_what_is_kept_where_it_goes_and_how_it_ends(world: World, alice: Person) -> None:
    text = (await world.says(alice, "/privacy")).text
    for word in ("GenAIPro", "Telegram", "/forget", "180 days", "7 days", "3 days."):
        assert word in text


async def test_an_unknown_command_is_pointed_to_help(world: World, alice: Person) -> None:
    assert "/help" in (await world.says(alice, "/dance")).text


async def test_a_command_for_another_bot_is_let_go_by(world: World, alice: Person) -> None:
    assert await world.is_silent(alice, "/start@other_bot")
    assert await world.is_silent(alice, "/dance@other_bot")


async def test_an_unknown_command_in_a_group_is_let_go_by(world: World, server: BotApiServer, alice: Person) -> None:
    group = server.add_group("Friends", [alice])
    assert await world.is_silent(alice, "/dance@pho2video_bot", chat=group.chat_id)


async def test_an_edited_command_is_not_a_command_again(world: World, server: BotApiServer, alice: Person) -> None:
    sent = await alice.send_text("/start")
    await server.wait_for_message(alice.chat_id, "send a photo")
    await alice.edit(sent, "/help")
    await world.says(alice, "/privacy")
    assert not [line for line in server.bot_lines(alice.chat_id) if "How to get" in line.text]


async def test_cancel_ends_the_open_draft_first(world: World, alice: Person) -> None:
    await alice.send_photo(jpeg(1), "/video leaves")
    order = await world.ordered()
    await alice.send_photo(jpeg(2), "wind")
    card = await world.card(alice.chat_id)
    await alice.send_text("/cancel")
    assert [one.state for one in await world.orders()] == [State.QUEUED]
    assert "Nothing was started" in world.texts_in(alice.chat_id)[-1]
    assert world.server.line(alice.chat_id, card.message_id).labels() == []
    await alice.send_text("/cancel")
    assert [(one.id, one.state) for one in await world.orders()] == [(order.id, State.CANCELLED)]
    assert "stopping" in world.texts_in(alice.chat_id)[-1]


async def test_cancel_with_nothing_to_cancel_says_so(world: World, alice: Person) -> None:
    assert "nothing to cancel" in (await world.says(alice, "/cancel")).text


async def test_cancel_of_what_has_just_ended_says_so(world: World, alice: Person) -> None:
    at = world.clock.now()
    for number, state in enumerate((State.DONE, State.CANCELLED, State.FAILED, State.DELIVERING)):
        await add_generation(world.services.database, f"a{number}", alice.user_id, at, state=state)
    assert "nothing to cancel" in (await world.says(alice, "/cancel")).text


async def test_cancel_reaches_only_the_topic_it_is_written_in(
    world: World, server: BotApiServer, alice: Person
) -> None:
    group = server.add_group("Forum", [alice], forum=True)
    topic = server.add_topic(group.chat_id, "Films")
    await alice.send_photo(jpeg(), "/video@pho2video_bot", chat=group.chat_id, thread=topic.thread_id)
    await world.card(group.chat_id)
    answer = await world.says(alice, "/cancel@pho2video_bot", chat=group.chat_id)
    assert "nothing to cancel" in answer.text
    answer = await world.says(alice, "/cancel@pho2video_bot", chat=group.chat_id, thread=topic.thread_id)
    assert "Nothing was started" in answer.text


async def test_somebody_anonymous_is_asked_to_be_themselves(world: World, server: BotApiServer, alice: Person) -> None:
    group = server.add_group("Friends", [alice])
    for command in ("cancel", "settings", "history", "forget"):
        sent = await alice.send_text(f"/{command}@pho2video_bot", chat=group.chat_id, anonymous=True)
        answer = await server.wait_for_message(group.chat_id, after=sent.message_id)
        assert "as yourself" in answer.text


async def test_a_person_who_blocked_the_bot_breaks_nothing(world: World, server: BotApiServer, alice: Person) -> None:
    await alice.send_text("/start")
    await server.wait_for_message(alice.chat_id, "send a photo")
    server.fail("sendMessage", chat_id=alice.chat_id, status=403, description="Forbidden: bot was blocked by the user")
    await alice.send_text("/help")
    assert "kept about you" in (await world.says(alice, "/privacy")).text


async def test_a_group_that_moved_meanwhile_gets_its_answer(world: World, server: BotApiServer, alice: Person) -> None:
    group = server.add_group("Friends", [alice])
    moved = server.add_group("Friends", [alice])
    server.fail(
        "sendMessage", chat_id=group.chat_id, description="Bad Request: group chat was upgraded to a supergroup chat",
        migrate_to=moved.chat_id,
    )  # fmt: skip
    await alice.send_text("/help@pho2video_bot", chat=group.chat_id)
    assert "How to get" in (await server.wait_for_message(moved.chat_id)).text

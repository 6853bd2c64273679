from datetime import timedelta

import pytest
from telegram import InputMediaVideo

from sandbox.botapi import BotApiServer, Person
from services.delivery.send import as_caption
from services.generations.model import State
from tests.integration.commands.rows import add_generation
from tests.integration.handlers.world import World


@pytest.fixture
async def file_ids(world: World, server: BotApiServer) -> list[str]:
    """Videos that Telegram knows, sent to somebody else before."""
    other = server.add_person("Other", started=True)
    album = [InputMediaVideo(bytes([number]) * 100) for number in range(3)]
    sent = await world.application.bot.send_media_group(other.chat_id, album)
    return [message.video.file_id for message in sent if message.video is not None]


async def test_without_videos_there_is_a_sentence_and_no_menu(world: World, alice: Person) -> None:
    at = world.clock.now()
    await add_generation(world.services.database, "a1", alice.user_id, at, state=State.FAILED)
    await add_generation(world.services.database, "a2", alice.user_id, at, state=State.PROCESSING)
    await add_generation(world.services.database, "a3", 4242, at, file_ids=["x"])
    shown = await world.says(alice, "/history")
    assert "No videos yet" in shown.text
    assert shown.labels() == []


async def test_pages_go_from_the_newest_to_the_oldest_and_back(world: World, alice: Person) -> None:
    for number in range(12):
        at = world.clock.now() + timedelta(minutes=number)
        await add_generation(
            world.services.database, f"a{number}", alice.user_id, at, prompt=f"rain {number}", file_ids=["x"]
        )
    menu = await world.says(alice, "/history")
    assert "(1/3)" in menu.text
    assert menu.labels() == [*(f"Mar 30 · rain {number}" for number in (11, 10, 9, 8, 7)), "Older ›"]
    await world.presses(alice, menu, "Older")
    second = await world.sees(alice.chat_id, "(2/3)")
    assert second.labels()[-2:] == ["‹ Newer", "Older ›"]
    await world.presses(alice, second, "Older")
    third = await world.sees(alice.chat_id, "(3/3)")
    assert third.labels() == ["Mar 30 · rain 1", "Mar 30 · rain 0", "‹ Newer"]
    await world.presses(alice, third, "Newer")
    assert (await world.sees(alice.chat_id, "(2/3)")).labels() == second.labels()


async def test_dates_are_written_as_the_language_does(world: World, bao: Person) -> None:
    await add_generation(world.services.database, "a1", bao.user_id, world.clock.now(), prompt="mưa", file_ids=["x"])
    assert (await world.says(bao, "/history")).labels() == ["30 thg 3 · mưa"]


async def test_one_video_is_sent_again_by_its_file_id(world: World, alice: Person, file_ids: list[str]) -> None:
    await add_generation(
        world.services.database, "a1", alice.user_id, world.clock.now(), prompt="rain <b>&", file_ids=file_ids[:1]
    )
    menu = await world.says(alice, "/history")
    await world.presses(alice, menu, "rain")
    video = await world.sees(alice.chat_id, "rain <b>&", kind="video")
    assert video.file_id == file_ids[0]
    (call,) = await world.server.wait_for_calls("sendVideo")
    assert not call.uploads
    shown = world.server.line(alice.chat_id, menu.message_id)
    assert shown.labels() == ["🔁 Again", "‹ Back to the list"]
    assert shown.button("Again").data == "g:a1:again"
    assert "1 video" in shown.text


async def test_several_videos_are_sent_again_as_an_album(world: World, alice: Person, file_ids: list[str]) -> None:
    await add_generation(
        world.services.database, "a1", alice.user_id, world.clock.now(), prompt="rain", file_ids=file_ids
    )
    menu = await world.says(alice, "/history")
    await world.presses(alice, menu, "rain")
    album = await world.server.wait_for_album(alice.chat_id, 3)
    assert [line.text for line in album] == ["rain", "", ""]
    shown = world.server.line(alice.chat_id, menu.message_id)
    assert "3 videos" in shown.text
    await world.presses(alice, shown, "Back")
    assert (await world.sees(alice.chat_id, "(1/1)")).labels() == menu.labels()


async def test_a_double_tap_sends_the_videos_once(world: World, alice: Person, file_ids: list[str]) -> None:
    await add_generation(
        world.services.database, "a1", alice.user_id, world.clock.now(), prompt="rain", file_ids=file_ids[:1]
    )
    menu = await world.says(alice, "/history")
    message = world.server.backend.world.chats[alice.chat_id].messages[menu.message_id]
    data = menu.button("rain").data
    assert data is not None
    for query in [alice.press_data(message, data) for _ in range(3)]:
        await world.server.wait_for_answer(query)
    await world.says(alice, "/help")
    assert len(world.server.calls("sendVideo")) == 1
    world.notices.forward(5)
    alice.press_data(message, data)
    await world.server.wait_for_calls("sendVideo", 2)


async def test_a_video_that_was_only_a_link_is_a_link_again(world: World, alice: Person, file_ids: list[str]) -> None:
    await add_generation(
        world.services.database, "a1", alice.user_id, world.clock.now(), prompt="rain", file_ids=file_ids[:1],
        links=["https://videos.example/2.mp4?a=1&b=\"2\""],
    )  # fmt: skip
    menu = await world.says(alice, "/history")
    await world.presses(alice, menu, "rain")
    await world.sees(alice.chat_id, "Video 2")
    (edit,) = await world.server.wait_for_calls("editMessageText")
    assert 'href="https://videos.example/2.mp4?a=1&amp;b=&quot;2&quot;"' in str(edit.params["text"])


async def test_videos_telegram_does_not_know_any_more_are_said_to_be_gone(world: World, alice: Person) -> None:
    await add_generation(
        world.services.database, "a1", alice.user_id, world.clock.now(), prompt="rain", file_ids=["gone"]
    )
    menu = await world.says(alice, "/history")
    await world.presses(alice, menu, "rain")
    await world.sees(alice.chat_id, "no longer available")


async def test_nobody_elses_generation_can_be_had_by_its_id(world: World, alice: Person, file_ids: list[str]) -> None:
    await add_generation(world.services.database, "b1", 4242, world.clock.now(), prompt="secret", file_ids=file_ids)
    menu = await world.says(alice, "/history")
    message = world.server.backend.world.chats[alice.chat_id].messages[menu.message_id]
    alice.press_data(message, f"h:{alice.user_id}:v:b1:0")
    await world.sees(alice.chat_id, "no longer available")
    assert world.server.calls("sendMediaGroup", chat_id=alice.chat_id) == []


async def test_a_group_sees_only_what_was_made_in_it(
    world: World, server: BotApiServer, alice: Person, file_ids: list[str]
) -> None:
    group = server.add_group("Friends", [alice])
    at = world.clock.now()
    await add_generation(world.services.database, "a1", alice.user_id, at, prompt="private", file_ids=file_ids[:1])
    await add_generation(
        world.services.database, "a2", alice.user_id, at, chat_id=group.chat_id, prompt="shared", file_ids=file_ids[:1]
    )
    menu = await world.says(alice, "/history@pho2video_bot", chat=group.chat_id)
    assert menu.labels() == ["Mar 30 · shared"]
    message = server.backend.world.chats[group.chat_id].messages[menu.message_id]
    alice.press_data(message, f"h:{alice.user_id}:v:a1:0")
    await server.wait_for_message(group.chat_id, "no longer available")
    assert server.calls("sendVideo") == []
    assert len((await world.says(alice, "/history")).labels()) == 2


async def test_in_a_topic_the_videos_come_to_the_topic(
    world: World, server: BotApiServer, alice: Person, file_ids: list[str]
) -> None:
    group = server.add_group("Forum", [alice], forum=True)
    topic = server.add_topic(group.chat_id, "Films")
    await add_generation(
        world.services.database, "a1", alice.user_id, world.clock.now(), chat_id=group.chat_id, prompt="rain",
        file_ids=file_ids[:1],
    )  # fmt: skip
    menu = await world.says(alice, "/history@pho2video_bot", chat=group.chat_id, thread=topic.thread_id)
    await world.presses(alice, menu, "rain")
    video = await server.wait_for_message(group.chat_id, kind="video")
    assert video.thread_id == topic.thread_id


@pytest.mark.parametrize("length", [1023, 1024, 1025, 4096])
def test_a_caption_is_cut_where_telegram_would_refuse_it(length: int) -> None:
    caption = as_caption("x" * length)
    assert len(caption) == min(length, 1024)
    assert caption.endswith("…") == (length > 1024)

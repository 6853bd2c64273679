"""Tall videos and ideas, from the card to the form that the service gets."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.botapi.transcript import Line
from services.texts import Texts
from tests.acceptance.e2e.world import World, world
from tests.buttons import has_button
from tests.pictures import jpeg

pytestmark = pytest.mark.timeout(120)

TALL = "A tall video takes one or two photos: it begins with the first and ends with the second."
CLOSER, RAIN = Texts("en").into("en").plain("idea-closer"), Texts("en").into("en").plain("idea-rain")


async def notice(here: World, card: Line, action: str) -> str | None:
    query = await here.press(card, action)
    return (await here.telegram.wait_for_answer(query)).answer


async def said(here: World, words: str, after: int = 0) -> Line:
    return await here.telegram.wait_for_message(here.anna.chat_id, words, after=after)


async def test_two_photos_make_a_tall_video_from_the_first_to_the_second(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        await here.anna.send_album([jpeg("teal"), jpeg("red")], "leaves fall")
        card = await here.ready_card()
        assert await notice(here, card, "tall") == ""
        await said(here, "2 of 2")
        await here.press(await here.ready_card(), "go")
        await here.ended(here.anna.chat_id, card.message_id)
        (post,) = here.genaipro.posts
        assert post.endpoint == "frames-to-video"
        assert [(photo.part, photo.path.read_bytes()) for photo in post.photos] == [
            ("start_image", jpeg("teal")),
            ("end_image", jpeg("red")),
        ]
        (video,) = [line for line in here.telegram.bot_lines(here.anna.chat_id) if line.kind == "video"]
        assert video.height > video.width
        # Again keeps the shape, and so does Edit.
        await here.press(await here.ended(here.anna.chat_id, card.message_id), "again")
        await said(here, "Done", after=video.message_id)
        assert [one.endpoint for one in here.genaipro.posts] == ["frames-to-video"] * 2
        await here.press(await here.ended(here.anna.chat_id, card.message_id), "edit")
        edited = await here.card(after=video.message_id)
        assert "• ▯ Tall •" in edited.labels()


async def test_tall_is_refused_with_three_photos_and_takes_no_third(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        await here.anna.send_album([jpeg("teal"), jpeg("red"), jpeg("blue")], "leaves fall")
        card = await here.ready_card()
        await said(here, "3 of 3")
        assert await notice(here, card, "tall") == TALL
        await here.press(card, "cancel")
        first = await here.anna.send_photo(jpeg("teal"), "wind")
        card = await here.ready_card(after=first.message_id)
        assert await notice(here, card, "tall") == ""
        await here.anna.send_album([jpeg("red"), jpeg("blue")])
        await said(here, TALL)
        await said(here, "2 of 2")
        assert await notice(here, card, "wide") == ""
        await said(here, "2 of 3")
        assert here.genaipro.posts == []


@pytest.mark.parametrize("words", ["/video tall x2 leaves", "/video X2 9:16 leaves", "/video do\u0323c ×2 leaves"])
async def test_video_asks_for_tall_in_words(tmp_path: Path, words: str) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        await here.anna.send_photo(jpeg(), words)
        await said(here, "Done")
        (post,) = here.genaipro.posts
        assert (post.endpoint, post.prompt, post.number_of_videos) == ("frames-to-video", "leaves", "2")


async def test_the_usual_shape_gives_way_to_three_photos_and_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        await here.anna.send_text("/settings")
        menu = await said(here, "Settings")
        await here.anna.press(menu.message_id, "▯ Tall")
        await said(here, "tall (9:16)")
        await here.anna.send_album([jpeg("teal"), jpeg("red"), jpeg("blue")], "/video leaves")
        await said(here, "Three photos make a wide video")
        await said(here, "Done")
        wind = await here.anna.send_photo(jpeg("teal"), "/video wind")
        await said(here, "Done", after=wind.message_id)
        assert [post.endpoint for post in here.genaipro.posts] == ["ingredients-to-video", "frames-to-video"]


async def test_ideas_are_part_of_what_is_sent_and_survive_a_restart(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        await here.anna.send_photo(jpeg(), "old words")
        card = await here.ready_card()
        assert await notice(here, card, "ideas") == ""
        page = await here.card(with_button="d:")
        page = await said(here, "old words")
        for action in ("i-closer", "i-rain", "i-closer"):
            assert (
                await notice(here, await here.telegram.wait_for_message(here.anna.chat_id, has(action)), action) == ""
            )
        await said(here, RAIN)
        await here.stop()
        await here.start()
        await here.anna.send_text("new words")
        page = await said(here, "new words")
        assert CLOSER not in page.text
        assert "old words" not in page.text
        await notice(here, page, "back")
        await here.press(await here.ready_card(), "go")
        await here.ended(here.anna.chat_id, card.message_id)
        (post,) = here.genaipro.posts
        assert post.prompt == f"new words\n{RAIN}"


def has(action: str) -> Callable[[Line], bool]:
    return lambda line: has_button(line, f":{action}")


async def tap(here: World, action: str) -> Line:
    """Press the newest button that does this; the message that has it."""
    line = await here.telegram.wait_for_message(here.anna.chat_id, has(action))
    assert await notice(here, line, action) == ""
    return line


async def test_ideas_alone_start_nothing_by_themselves(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        await here.anna.send_photo(jpeg(), "leaves fall")
        for action in ("ideas", "i-rain", "back", "go"):
            card = await tap(here, action)
        end = await here.ended(here.anna.chat_id, card.message_id)
        await here.anna.send_text("/settings")
        await here.anna.press((await said(here, "Settings")).message_id, "Start at once")
        # Edit waits for new words: the ideas, which are there already, are not enough, nor is one more.
        await notice(here, end, "edit")
        for action in ("ideas", "i-closer", "back"):
            edited = await tap(here, action)
        await here.telegram.wait_until_idle()
        assert len(here.genaipro.posts) == 1
        await here.anna.send_text("wind blows")
        await here.ended(here.anna.chat_id, edited.message_id)
        assert [post.prompt for post in here.genaipro.posts][1:] == [f"wind blows\n{RAIN}\n{CLOSER}"]

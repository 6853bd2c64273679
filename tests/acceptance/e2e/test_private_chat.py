"""Conversations of every shape in private chats, all at once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from sandbox.botapi import Line, Message
from sandbox.botapi.model import Photo
from tests.acceptance.e2e.shapes import SHAPES, Play, numbered
from tests.acceptance.e2e.stage import FILM_SIZE, Stage, picture, stage, together
from tests.acceptance.e2e.talking import Talker, content, texts
from tests.buttons import words


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as found:
        yield found


async def test_every_shape_of_a_request_becomes_one_card_one_post_and_its_video(here: Stage) -> None:
    await together(*(conversation(here, play) for play in SHAPES.values()))


async def conversation(here: Stage, play: Play) -> None:
    anna = here.person()
    asked = await play(anna)
    card = await anna.card(asked.prompt.splitlines()[0], photos=len(asked.photos))
    assert await anna.presses(card, ":go") == ""
    end = await anna.ended("Done")
    assert end.message_id == card.message_id, "the card becomes the status message"
    assert words(end) == ["again", "edit"]
    (post,) = here.posts_of(asked.prompt)
    assert here.photos(post) == list(asked.photos)
    assert [photo.content_type for photo in post.photos] == ["image/jpeg"] * len(asked.photos)
    assert {photo.part for photo in post.photos} == {"reference_images"}
    assert post.number_of_videos == "1"
    (video,) = anna.videos()
    assert content(video) == here.films(post)[0]
    assert (video.width, video.height, video.duration) == (*FILM_SIZE, 1)
    assert video.streaming
    assert video.text == asked.prompt
    assert video.reply_to == asked.request.message_id
    told = [one for one in anna.from_bot() if one.message_id not in {card.message_id, video.message_id}]
    sent = len([one for one in anna.sent if isinstance(one.media, Photo)])
    assert ["first three" in one.text for one in told] == ([True] if sent > 3 else [])


async def test_each_odd_conversation_comes_out_right(here: Stage) -> None:
    await together(*(play(here) for play in ODD))


async def one_photo_at_once(here: Stage) -> None:
    anna = here.person()
    request = await anna.photo(picture(70), "/video at once")
    await anna.ended("Done")
    assert await outcome(here, anna, "at once", request) == [picture(70)]
    assert not cards_ever(anna), "no card comes before what starts at once"


async def three_at_once(here: Stage) -> None:
    anna = here.person(language="vi")
    request = await anna.photo(picture(71), "/video@plain_video_bot x3 ba phim")
    end = await anna.ended("Xong")
    (post,) = here.posts_of("ba phim")
    assert post.number_of_videos == "3"
    assert end.reply_to == request.message_id
    videos = [one for one in anna.replies(request) if one.message_id != end.message_id]
    assert [content(one) for one in videos] == here.films(post)
    assert len({one.media_group_id for one in videos}) == 1
    assert videos[0].media_group_id
    assert [one.text for one in videos] == ["ba phim", "", ""]
    assert all((one.width, one.duration) == (FILM_SIZE[0], 1) for one in videos)


async def album_at_once(here: Stage) -> None:
    await together(*(_album_at_once(here, *how) for how in ((0, (0, 1, 2)), (1, (2, 0, 1)), (2, (0, 1, 2)))))


async def _album_at_once(here: Stage, caption_at: int, order: tuple[int, ...]) -> None:
    anna = here.person()
    prompt, photos = f"album at once {caption_at} {order}", numbered(72, 3)
    parts = await anna.album(photos, [f"/video x2 {prompt}" if at == caption_at else "" for at in range(3)])
    for number, at in enumerate(order):
        if number:
            await asyncio.sleep(0.4)
        anna.tell(parts[at])
    await anna.ended("Done")
    assert await outcome(here, anna, prompt, parts[0], count=2) == photos


async def reply_to_a_photo(here: Stage) -> None:
    anna = here.person()
    photo = await anna.photo(picture(75))
    card = await anna.card(photos=1, ready=False)
    request = await anna.text("/video reply to a photo", photo)
    end = await anna.ended("Done")
    assert end.message_id == card.message_id, "the card of the photo becomes the status message"
    assert await outcome(here, anna, "reply to a photo", request) == [picture(75)]


async def reply_to_a_part_of_an_album(here: Stage) -> None:
    anna = here.person()
    parts = await anna.album(numbered(76, 2))
    anna.tell(*parts)
    await anna.card(photos=2, ready=False)
    request = await anna.text("/video reply to a part", parts[1])
    await anna.ended("Done")
    assert await outcome(here, anna, "reply to a part", request) == numbered(76, 2)


async def reply_to_a_file(here: Stage) -> None:
    anna = here.person()
    file = await anna.document(picture(78, "PNG"), "a.png", mime="image/png")
    await anna.card(photos=1, ready=False)
    request = await anna.text("/video reply to a file", file)
    await anna.ended("Done")
    assert len(await outcome(here, anna, "reply to a file", request)) == 1


async def impossible_number(here: Stage) -> None:
    anna = here.person()
    for caption in ("/video x9 too many", "/video x0 too few"):
        told = anna.replies(await anna.photo(picture(79), caption)) or [await anna.reads("1 to 4 videos")]
        assert "1 to 4" in told[0].text
    assert not cards_ever(anna)


async def command_alone(here: Stage) -> None:
    anna = here.person()
    await anna.text("/video")
    await anna.reads("caption /video x2")
    await anna.text("/video x2 command alone")
    await anna.card("command alone", photos=None, ready=False)
    request = await anna.photo(picture(80))
    card = await anna.card("command alone", photos=1)
    assert "Videos: 2" in card.text
    await anna.presses(card, ":go")
    await anna.ended("Done")
    assert await outcome(here, anna, "command alone", request, count=2) == [picture(80)]


async def for_another_bot(here: Stage) -> None:
    anna = here.person()
    await anna.text("/video@other_bot hello")
    await anna.photo(picture(81), "/video@other_bot hello")
    await anna.text("/help@other_bot")
    await anna.text("/help")
    await anna.reads("How to get a video")
    assert len(anna.from_bot()) == 1


async def two_taps_at_once(here: Stage) -> None:
    anna = here.person()
    request = await anna.photo(picture(82), "two taps")
    card = await anna.card("two taps")
    answers = [await anna.answer(press) for press in [anna.press(card, ":go"), anna.press(card, ":go")]]
    assert sorted(answers) == ["", "This request has been started already."]
    await anna.ended("Done")
    assert await outcome(here, anna, "two taps", request) == [picture(82)]


async def number_chosen_and_chosen_again(here: Stage) -> None:
    anna = here.person()
    request = await anna.photo(picture(83), "chosen")
    card = await anna.card("chosen")
    for count in ("4", "2", "2"):
        await anna.presses(card, f":{count}")
    await anna.sees(lambda one: "Videos: 2" in one.text)
    await anna.presses(card, ":go")
    await anna.ended("Done")
    assert await outcome(here, anna, "chosen", request, count=2) == [picture(83)]


async def edited_before_and_after(here: Stage) -> None:
    anna = here.person()
    request = await anna.photo(picture(84), "old words")
    more = await anna.text("more")
    card = await anna.card("old words")
    await anna.edit(request, "edited caption")
    await anna.edit(more, "edited text")
    await anna.card("edited caption edited text")
    await anna.presses(card, ":go")
    await anna.edit(request, "too late")
    await anna.ended("Done")
    prompt = "edited caption\nedited text"
    assert await outcome(here, anna, prompt, request) == [picture(84)]
    assert all("too late" not in text for one in anna.from_bot() for text in texts(one))


PROMPTS = (
    "<b>bold</b> & <script>alert(1)</script> &amp; </blockquote>",
    "👩‍👩‍👧‍👦 a family 🇻🇳 dances 👍🏽",
    "\u202eשלום עולם\u202c مرحبا",
    "*_`[markdown](http://example.com)`_*",
    "line\n\n\nbreaks\tand tabs",
    "x" * 4096,
    "đ🎬" * 2048,
)


async def prompts_of_every_kind(here: Stage) -> None:
    await together(*(_prompt(here, prompt) for prompt in PROMPTS))


async def _prompt(here: Stage, prompt: str) -> None:
    anna = here.person()
    request = await anna.photo(picture(85))
    await anna.text(prompt)
    card = await anna.card(photos=1)
    assert len(card.text) < 300
    await anna.presses(card, ":go")
    await anna.ended("Done")
    assert await outcome(here, anna, prompt, request) == [picture(85)]


async def updates_that_come_twice(here: Stage) -> None:
    anna = here.person()
    await anna.photo(picture(86), "twice")
    photo = here.telegram.updates()[-1]
    here.telegram.repeat_update(photo)
    card = await anna.card("twice")
    anna.press(card, ":go")
    press = here.telegram.updates()[-1]
    here.telegram.repeat_update(press)
    await anna.ended("Done")
    here.telegram.repeat_update(photo)
    here.telegram.repeat_update(press)
    await anna.text("/cancel")
    await anna.reads("nothing to cancel")
    assert len(here.posts_of("twice")) == 1
    assert len(anna.from_bot()) == 3


async def cancelled_card(here: Stage) -> None:
    anna = here.person()
    await anna.photo(picture(87), "never")
    card = await anna.card("never")
    await anna.presses(card, ":cancel")
    await anna.reads("Cancelled")
    assert words(anna.now(card)) == []
    assert await anna.answer(anna.press_data(card, "d:" + "0" * 16 + ":go")) != ""
    assert here.posts_of("never") == []


ODD = (
    one_photo_at_once,
    three_at_once,
    album_at_once,
    reply_to_a_photo,
    reply_to_a_part_of_an_album,
    reply_to_a_file,
    impossible_number,
    command_alone,
    for_another_bot,
    two_taps_at_once,
    number_chosen_and_chosen_again,
    edited_before_and_after,
    prompts_of_every_kind,
    updates_that_come_twice,
    cancelled_card,
)


def cards_ever(anna: Talker) -> list[Line]:
    """Messages of the bot's that are cards, or were."""
    return [one for one in anna.from_bot() if any("📷" in text for text in texts(one))]


async def outcome(here: Stage, anna: Talker, prompt: str, request: Message, *, count: int = 1) -> list[bytes]:
    """The photos of the one request for a prompt, whose videos answer a message."""
    (post,) = here.posts_of(prompt)
    assert post.number_of_videos == str(count)
    videos = [one for one in anna.replies(request) if one.kind == "video"]
    assert [content(one) for one in videos] == here.films(post)
    assert videos[0].text == prompt[:1024]
    return here.photos(post)

"""The status message while it runs and after the end: every step, Again and Edit, and restarts between any two."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.acceptance.e2e.plain_base import until
from tests.acceptance.e2e.plain_genaipro import Course, Post, Send
from tests.acceptance.e2e.plain_people import Talker, buttons
from tests.acceptance.e2e.plain_world import PlainWorld, picture, plain_world, together


async def test_status_messages_live_end_and_begin_again(tmp_path: Path) -> None:
    async with plain_world(tmp_path, MAX_QUEUED_PER_USER="1") as here:
        await together(*(play(here) for play in PLAYS))
        await here.stop()


def videos(anna: Talker) -> list[dict[str, Any]]:
    return [one for one in anna.from_bot() if "sent" in one]


async def each_step_is_shown(here: PlainWorld) -> None:
    async def course(post: Post, send: Send) -> None:
        for word in ("starting", "uploading_images", "processing", "almost <b>there</b>"):
            await send("video_generation_status", word)
            await asyncio.sleep(1.2)
        await send("video_generation_complete", here.genaipro.results(post))

    here.genaipro.courses["step by step"] = course
    anna = here.person()
    anna.photo(picture(1), "/video step by step")
    end = await anna.ended("Done")
    seen = [text.splitlines()[0] for text in end["texts"]]
    steps = ["Starting", "Uploading", "Making your video", "In the works: almost <b>there</b>", "Done"]
    places = [next(at for at, line in enumerate(seen) if step in line) for step in steps]
    assert places == sorted(places)
    bars = [text.count("▰") for text in end["texts"]]
    assert bars[:-1] == sorted(bars[:-1]), "the bar never runs backwards"
    edits = anna.calls("editMessageText")
    assert all(b.at - a.at > 0.9 for a, b in pairwise(edits)), "one a second"
    assert len(anna.calls("sendMessage")) == 1, "the status message is the only one"


async def again_makes_the_same_once_more(here: PlainWorld) -> None:
    anna = here.person()
    request = anna.photo(picture(2), "/video x2 once more")
    end = await anna.ended("Done")
    presses = [anna.press(end, ":again"), anna.press(end, ":again")]
    answers = sorted([await anna.answer(press) for press in presses])
    assert answers == ["Started once more.", "This is being made already."]
    await until(here.telegram, lambda: len(videos(anna)) == 4, "four videos")
    second = await anna.sees(lambda one: one is not end and any(data.endswith(":again") for data in buttons(one)))
    posts = here.genaipro.posts_of("once more")
    assert [post.photos for post in posts] == [[picture(2)], [picture(2)]]
    assert [post.texts("number_of_videos") for post in posts] == [["2"], ["2"]]
    assert all(one["reply_to_message"] is request for one in videos(anna))
    assert await anna.answer(anna.press(second, ":again")) == "Started once more."
    await here.posted("once more", 3)


async def edit_waits_for_a_new_prompt(here: PlainWorld) -> None:
    anna = here.person()
    request = anna.photo(picture(3), "/video x3 before the edit")
    end = await anna.ended("Done")
    assert await anna.answer(anna.press(end, ":edit")) == ""
    card = await anna.card(photos=1, ready=False)
    assert "Videos: 3" in card["text"]
    assert "before the edit" not in card["text"]
    assert await anna.answer(anna.press(end, ":edit")) == ""
    anna.text("after the edit")
    assert await anna.card("after the edit", photos=1) is card
    await anna.answer(anna.press(card, ":go"))
    await until(here.telegram, lambda: len(videos(anna)) == 6, "the videos of the second request")
    (post,) = here.genaipro.posts_of("after the edit")
    assert post.photos == [picture(3)]
    assert all(one["reply_to_message"] is request for one in videos(anna))


async def some_failed(here: PlainWorld) -> None:
    async def course(post: Post, send: Send) -> None:
        results = here.genaipro.results(post)
        results[1] = {"id": "bad", "prompt": post.prompt, "status": "MEDIA_GENERATION_STATUS_FAILED"}
        await send("video_generation_complete", results)

    here.genaipro.courses["one of three fails"] = course
    anna = here.person()
    anna.photo(picture(5), "/video x3 one of three fails")
    end = await anna.ended("did not work out")
    assert "2 videos" in end["text"]
    assert len(videos(anna)) == 2


def failing(here: PlainWorld, prompt: str, error: object) -> Course:
    async def course(_post: Post, send: Send) -> None:
        await send("error", error)

    here.genaipro.courses[prompt] = course
    return course


FAILURES = (
    ("unsafe", {"error": "UNSAFE_GENERATION", "code": 400}, "safety filter", [":edit"]),
    ("audio", {"message": "AUDIO_FILTERED"}, "sound was filtered", [":edit"]),
    ("odd", "Something <i>odd</i> & long " * 30, "Something <i>odd</i> & long", [":again"]),
)


async def failures_in_plain_words(here: PlainWorld) -> None:
    await together(*(failure(here, *one) for one in FAILURES))


async def failure(here: PlainWorld, prompt: str, error: object, words: str, offered: list[str]) -> None:
    failing(here, prompt, error)
    anna = here.person()
    anna.photo(picture(6), f"/video {prompt}")
    end = await anna.ended(words)
    assert [data[-len(offered[0]) :] for data in buttons(end)] == offered
    assert len(end["text"]) < 400
    assert len(here.genaipro.posts_of(prompt)) == 1


async def status_message_deleted(here: PlainWorld) -> None:
    """A person who deletes it gets the end as a new message."""
    gate = asyncio.Event()

    async def course(post: Post, send: Send) -> None:
        await send("video_generation_status", "processing")
        await gate.wait()
        await send("video_generation_complete", here.genaipro.results(post))

    here.genaipro.courses["deleted status"] = course
    anna = here.person()
    request = anna.photo(picture(7), "/video deleted status")
    status = await anna.sees(lambda one: any(data.endswith(":cancel") for data in buttons(one)))
    await here.posted("deleted status")
    del here.telegram.rooms[anna.chat].messages[status["message_id"]]
    gate.set()
    end = await anna.ended("Done")
    assert end["reply_to_message"] is request
    assert len(videos(anna)) == 1


async def request_deleted(here: PlainWorld) -> None:
    anna = here.person()
    request = anna.photo(picture(8), "deleted request")
    card = await anna.card("deleted request")
    del here.telegram.rooms[anna.chat].messages[request["message_id"]]
    await anna.answer(anna.press(card, ":go"))
    await anna.ended("Done")
    assert len(videos(anna)) == 1


async def more_than_may_wait(here: PlainWorld) -> None:
    gate = asyncio.Event()

    async def course(post: Post, send: Send) -> None:
        await gate.wait()
        await send("video_generation_complete", here.genaipro.results(post))

    here.genaipro.courses["queue 0"] = course
    anna = here.person()
    for number in range(3):
        anna.photo(picture(9), f"/video queue {number}")
    told = await anna.reads("already have one request waiting")
    assert told["reply_to_message"]["caption"] == "/video queue 2"
    await anna.reads("Waiting, number 1 in line")
    gate.set()
    await here.posted("queue 1")
    assert here.genaipro.posts_of("queue 2") == []


PLAYS: tuple[Callable[[PlainWorld], Any], ...] = (
    each_step_is_shown,
    again_makes_the_same_once_more,
    edit_waits_for_a_new_prompt,
    some_failed,
    failures_in_plain_words,
    status_message_deleted,
    request_deleted,
    more_than_may_wait,
)


async def test_a_restart_between_any_two_messages_changes_nothing(tmp_path: Path) -> None:
    async with plain_world(tmp_path) as here:
        anna, bob = here.person(), here.person("Bob")
        request = here.telegram.last(lambda: anna.photo(picture(20), "across"))
        parts = bob.album([picture(21), picture(22)], ["/video album across"])
        bob.tell(parts[0])
        await anna.card("across", photos=1)
        await here.stop()
        anna.text("restarts")
        bob.tell(parts[1])
        here.telegram.push_again(request)
        await here.bot.start()
        card = await anna.card("across restarts", photos=1)
        await bob.ended("Done")
        press = here.telegram.last(lambda: anna.press(card, ":go"))
        await here.stop()
        here.telegram.push_again(press)
        await here.bot.start()
        assert await anna.ended("Done") is card
        assert len(videos(anna)) == len(videos(bob)) == 1
        assert here.genaipro.posts_of("album across")[0].photos == [picture(21), picture(22)]
        assert len(here.genaipro.posts) == 2
        assert [one["texts"] for one in anna.from_bot() if "text" in one] == [card["texts"]]

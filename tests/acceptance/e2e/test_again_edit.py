"""The status message while it runs and after the end: every step, Again and Edit, and restarts between any two."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import JsonValue

from sandbox.botapi import Line
from sandbox.genaipro import RESULTS, Script, status
from tests.acceptance.e2e.stage import Stage, picture, process_stage, together
from tests.acceptance.e2e.talking import texts
from tests.buttons import actions, has_button


async def test_status_messages_live_end_and_begin_again(tmp_path: Path) -> None:
    async with process_stage(tmp_path, MAX_QUEUED_PER_USER="1") as here:
        await together(*(play(here) for play in PLAYS))
        await here.stop()


async def each_step_is_shown(here: Stage) -> None:
    words = ("starting", "uploading_images", "processing", "almost <b>there</b>")
    frames = (*(status(word, delay=1.2) for word in words), replace(RESULTS, delay=1.2))
    here.genaipro.follow("step by step", Script(frames=frames))
    anna = here.person()
    await anna.photo(picture(1), "/video step by step")
    end = await anna.ended("Done")
    seen = [text.splitlines()[0] for text in texts(end)]
    steps = ["Starting", "Uploading", "Making your video", "In the works: almost <b>there</b>", "Done"]
    places = [next(at for at, line in enumerate(seen) if step in line) for step in steps]
    assert places == sorted(places)
    bars = [text.count("▰") for text in texts(end)]
    assert bars[:-1] == sorted(bars[:-1]), "the bar never runs backwards"
    edits = anna.calls("editMessageText")
    assert all((b.at - a.at).total_seconds() > 0.9 for a, b in pairwise(edits)), "one a second"
    assert len(anna.calls("sendMessage")) == 1, "the status message is the only one"


async def again_makes_the_same_once_more(here: Stage) -> None:
    anna = here.person()
    request = await anna.photo(picture(2), "/video x2 once more")
    end = await anna.ended("Done")
    presses = [anna.press(end, ":again"), anna.press(end, ":again")]
    answers = sorted([await anna.answer(press) for press in presses])
    assert answers == ["Started once more.", "This is being made already."]
    await anna.until(lambda: len(anna.videos()) == 4, "four videos")

    def is_second(one: Line) -> bool:
        return one.message_id != end.message_id and has_button(one, ":again")

    second = await anna.sees(is_second)
    posts = here.posts_of("once more")
    assert [here.photos(post) for post in posts] == [[picture(2)], [picture(2)]]
    assert [post.number_of_videos for post in posts] == ["2", "2"]
    assert all(one.reply_to == request.message_id for one in anna.videos())
    assert await anna.presses(second, ":again") == "Started once more."
    await here.posted("once more", 3)


async def edit_waits_for_a_new_prompt(here: Stage) -> None:
    anna = here.person()
    request = await anna.photo(picture(3), "/video x3 before the edit")
    end = await anna.ended("Done")
    assert await anna.presses(end, ":edit") == ""
    card = await anna.card(photos=1, ready=False)
    assert "Videos: 3" in card.text
    assert "before the edit" not in card.text
    assert await anna.presses(end, ":edit") == ""
    await anna.text("after the edit")
    assert (await anna.card("after the edit", photos=1)).message_id == card.message_id
    await anna.presses(card, ":go")
    await anna.until(lambda: len(anna.videos()) == 6, "the videos of the second request")
    (post,) = here.posts_of("after the edit")
    assert here.photos(post) == [picture(3)]
    assert all(one.reply_to == request.message_id for one in anna.videos())


async def some_failed(here: Stage) -> None:
    here.genaipro.follow("one of three fails", Script(failed=(1,), failed_error=""))
    anna = here.person()
    await anna.photo(picture(5), "/video x3 one of three fails")
    end = await anna.ended("did not work out")
    assert "2 videos" in end.text
    assert len(anna.videos()) == 2


FAILURES: tuple[tuple[str, JsonValue, str, list[str]], ...] = (
    ("unsafe", {"error": "UNSAFE_GENERATION", "code": 400}, "safety filter", [":edit"]),
    ("audio", {"message": "AUDIO_FILTERED"}, "sound was filtered", [":edit"]),
    ("odd", "Something <i>odd</i> & long " * 30, "Something <i>odd</i> & long", [":again"]),
)


async def failures_in_plain_words(here: Stage) -> None:
    await together(*(failure(here, *one) for one in FAILURES))


async def failure(here: Stage, prompt: str, error: JsonValue, words: str, offered: list[str]) -> None:
    here.genaipro.follow(prompt, Script(error=error))
    anna = here.person()
    await anna.photo(picture(6), f"/video {prompt}")
    end = await anna.ended(words)
    assert [data[-len(offered[0]) :] for data in actions(end)] == offered
    assert len(end.text) < 400
    assert len(here.posts_of(prompt)) == 1


async def status_message_deleted(here: Stage) -> None:
    """A person who deletes it gets the end as a new message."""
    gate = here.genaipro.hold(at=3, prompt="deleted status")
    anna = here.person()
    request = await anna.photo(picture(7), "/video deleted status")
    shown = await anna.sees(lambda one: has_button(one, ":cancel"))
    await here.posted("deleted status")
    await anna.delete(shown)
    gate.release()
    end = await anna.ended("Done")
    assert end.reply_to == request.message_id
    assert len(anna.videos()) == 1


async def request_deleted(here: Stage) -> None:
    anna = here.person()
    request = await anna.photo(picture(8), "deleted request")
    card = await anna.card("deleted request")
    await anna.delete(request)
    await anna.presses(card, ":go")
    await anna.ended("Done")
    assert len(anna.videos()) == 1


async def more_than_may_wait(here: Stage) -> None:
    gate = here.genaipro.hold(at=0, prompt="queue 0")
    anna = here.person()
    *_, third = [await anna.photo(picture(9), f"/video queue {number}") for number in range(3)]
    told = await anna.reads("already have one request waiting")
    assert told.reply_to == third.message_id
    await anna.reads("Waiting, number 1 in line")
    gate.release()
    await here.posted("queue 1")
    assert here.posts_of("queue 2") == []


PLAYS: tuple[Callable[[Stage], Any], ...] = (
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
    async with process_stage(tmp_path) as here:
        anna, bob = here.person(), here.person("Bob")
        await anna.photo(picture(20), "across")
        request = here.telegram.updates()[-1]
        parts = await bob.album([picture(21), picture(22)], ["/video album across"])
        bob.tell(parts[0])
        await anna.card("across", photos=1)
        await here.stop()
        await anna.text("restarts")
        bob.tell(parts[1])
        here.telegram.repeat_update(request)
        await here.bot.start()
        card = await anna.card("across restarts", photos=1)
        await bob.ended("Done")
        anna.press(card, ":go")
        press = here.telegram.updates()[-1]
        await here.stop()
        here.telegram.repeat_update(press)
        await here.bot.start()
        assert (await anna.ended("Done")).message_id == card.message_id
        assert len(anna.videos()) == len(bob.videos()) == 1
        assert here.photos(here.posts_of("album across")[0]) == [picture(21), picture(22)]
        assert len(here.genaipro.posts) == 2
        assert [one.message_id for one in anna.from_bot() if one.kind == "text"] == [card.message_id]

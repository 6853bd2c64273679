"""Videos reach the person whatever Telegram or the files do: in order, once, and as links where nothing else helps."""

from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.botapi.faults import FaultKind
from sandbox.botapi.options import BotApiOptions
from sandbox.genaipro import Answer, GenAIProOptions, Script
from tests.acceptance.e2e.asking import Asked, ask, ended, left_over, row, rows, shown, statuses, told, videos
from tests.acceptance.e2e.world import World, world
from tests.buttons import words

OPTIONS = GenAIProOptions(key="test-key-1234567890").tiny()
PAGE = Answer(200, "<html><body>Sign in</body></html>", content_type="video/mp4")


def made(here: World, asked: Asked) -> list[bytes]:
    """The films of the request, in order."""
    (post,) = [post for post in here.genaipro.posts if post.prompt == asked.prompt]
    return [here.genaipro.video_file(video_id).read_bytes() for video_id in post.video_ids]


def got(here: World, asked: Asked) -> list[bytes]:
    """The films in the chat, in order."""
    return [line.path.read_bytes() for line in videos(here, asked) if line.path is not None]


def states(here: World) -> list[str]:
    return [found["state"] for found in rows(here, "SELECT state FROM videos ORDER BY position")]


def links(here: World, asked: Asked) -> int:
    """Links in the status message."""
    return sum(kind == "text_link" for line in statuses(here, asked) for kind, _, _ in line.entities)


async def done(here: World, asked: Asked) -> None:
    """The end was told once, nothing is left over."""
    end = await ended(here, asked)
    await told(here, asked)
    assert "Done" in end.text
    assert words(end) == ["again", "edit"]
    assert len(statuses(here, asked)) == 1
    assert not left_over(here)


async def test_several_come_as_one_album_in_order_with_the_prompt_on_the_first(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        for count in (2, 4):
            asked = await ask(here, f"an album of {count}", count)
            await done(here, asked)
            album = videos(here, asked)
            assert got(here, asked) == made(here, asked)
            assert len({line.media_group_id for line in album}) == 1
            assert album[0].media_group_id
            assert [line.text for line in album] == [f"an album of {count}", *[""] * (count - 1)]


async def test_one_bad_video_takes_no_other_with_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(4.0):
        here.genaipro.enqueue(Script(urls=("http://127.0.0.1:1/never.mp4",)))
        asked = await ask(here, "one is gone", 3)
        await done(here, asked)
        assert got(here, asked) == made(here, asked)[1:]
        assert states(here) == ["unfetched", "sent", "sent"]
        assert links(here, asked) == 1


async def test_an_address_that_may_not_be_fetched_is_no_link_either(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        for address in ("http://10.0.0.1/x.mp4", "file:///etc/passwd", "http://[::1]/x.mp4"):
            here.genaipro.enqueue(Script(urls=(address,)))
            asked = await ask(here, f"at {address}", 2)
            await done(here, asked)
            assert "1 video did not work out" in statuses(here, asked)[0].text
            assert links(here, asked) == 0
            assert len(videos(here, asked)) == 1


async def test_a_page_in_place_of_a_film_becomes_a_link(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(4.0):
        here.genaipro.enqueue(Script(file_answer=PAGE))
        asked = await ask(here, "a page", 2)
        await done(here, asked)
        assert states(here) == ["unfetched", "unfetched"]
        assert links(here, asked) == 2
        assert "The service did not hand out the files of 2 videos" in statuses(here, asked)[0].text
        assert not videos(here, asked)


async def test_a_film_over_50_mb_becomes_a_link(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        here.genaipro.enqueue(Script(pad_to=51 * 1024 * 1024))
        asked = await ask(here, "too large")
        await done(here, asked)
        assert states(here) == ["linked"]
        assert "Telegram could not take 1 video" in statuses(here, asked)[0].text


async def test_films_too_large_for_one_album_come_in_two_messages(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        here.genaipro.enqueue(Script(pad_to=18 * 1024 * 1024))
        asked = await ask(here, "three large ones", 3)
        await done(here, asked)
        assert states(here) == ["sent"] * 3
        assert [len(found.uploads) for found in here.telegram.calls("sendMediaGroup")] == [2]
        assert len(here.telegram.calls("sendVideo")) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_files_behind_the_key_are_uploaded(tmp_path: Path, status: int) -> None:
    async with world(tmp_path, genaipro=replace(OPTIONS, files_status=status)) as here, here.clock.hurried(0.2):
        asked = await ask(here, "behind the key")
        await done(here, asked)
        assert got(here, asked) == made(here, asked)
        (sent,) = here.telegram.calls("sendVideo")
        assert sent.uploads


@pytest.mark.parametrize("kind", [FaultKind.HTML, FaultKind.ERROR])
async def test_a_refused_album_is_sent_one_by_one_and_what_is_refused_alone_is_linked(
    tmp_path: Path, kind: FaultKind
) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        here.telegram.fail("sendMediaGroup", kind, description="Bad Request: group send failed")
        here.telegram.fail("sendVideo", kind, description="Bad Request: wrong file identifier", skip=1)
        asked = await ask(here, "refused", 3)
        await done(here, asked)
        assert states(here) == ["sent", "linked", "sent"]
        assert links(here, asked) == 1
        assert got(here, asked) == [made(here, asked)[index] for index in (0, 2)]


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("applied", [True, False], ids=["arrived", "not arrived"])
async def test_an_answer_that_got_lost_costs_one_repetition_at_most(tmp_path: Path, count: int, applied: bool) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        method = "sendVideo" if count == 1 else "sendMediaGroup"
        here.telegram.fail(method, FaultKind.DROP, after=applied)
        asked = await ask(here, "answer lost", count)
        await done(here, asked)
        assert len(here.telegram.calls(method)) == 2
        assert len(videos(here, asked)) == (2 * count if applied else count)
        assert states(here) == ["sent"] * count


async def test_after_two_lost_answers_a_link_is_given_and_nothing_sent_again(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        here.telegram.fail("sendVideo", FaultKind.DROP, after=True, times=5)
        asked = await ask(here, "answers lost")
        await done(here, asked)
        assert len(here.telegram.calls("sendVideo")) == 2
        assert states(here) == ["linked"]


async def test_a_flood_limit_is_waited_for(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        here.telegram.fail("sendVideo", status=429, retry_after=30, times=2)
        asked = await ask(here, "flooded")
        await done(here, asked)
        first, *_, last = here.telegram.calls("sendVideo")
        assert (last.at - first.at).total_seconds() >= 60
        assert got(here, asked) == made(here, asked)


async def test_one_who_blocks_the_bot_loses_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        gate = here.genaipro.hold(at=2)
        asked = await ask(here, "blocked", 2)
        await shown(here, asked, "Uploading")
        await here.anna.block()
        gate.release()
        found = await told(here, asked)
        assert (found["state"], states(here)) == ("done", ["linked", "linked"])
        await here.anna.unblock()
        await here.anna.send_text("/history")
        await here.telegram.wait_for_message(here.anna.chat_id, "Your videos")
        assert not left_over(here)


async def test_a_deleted_status_message_is_sent_anew_at_the_end(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        gate = here.genaipro.hold(at=2)
        asked = await ask(here, "deleted")
        line = await shown(here, asked, "Uploading")
        await here.anna.delete(line.message_id)
        gate.release()
        await done(here, asked)
        assert statuses(here, asked)[0].message_id > line.message_id
        assert len(videos(here, asked)) == 1


async def test_films_go_by_address_where_telegram_can_fetch_them_and_are_uploaded_where_it_cannot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def everything_is_public(_resolver: object, _url: object) -> bool:
        return True

    monkeypatch.setattr("services.delivery.address.GuardedResolver.is_public", everything_is_public)
    async with world(tmp_path, telegram=BotApiOptions()) as here, here.clock.hurried(0.2):
        asked = await ask(here, "by address")
        await done(here, asked)
        assert [bool(call.uploads) for call in here.telegram.calls("sendVideo")] == [False]
        here.telegram.fail("sendMediaGroup", description="Bad Request: failed to get HTTP URL content")
        again = await ask(here, "by address, refused", 2)
        await done(here, again)
        assert [bool(call.uploads) for call in here.telegram.calls("sendMediaGroup")] == [False, True]
        assert got(here, again) == made(here, again)


async def test_a_stop_in_the_middle_of_a_send_lets_it_end_and_does_not_repeat_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.telegram.fail("sendVideo", FaultKind.DELAY, seconds=1.0, after=True)
        asked = await ask(here, "stopped")
        async with here.clock.hurried(0.2):
            await here.telegram.wait_for(lambda: videos(here, asked))
        await here.stop()
        # What was sent and that it is done are one commit; the end is told after the next start.
        assert states(here) == ["sent"]
        assert row(here, asked)["state"] == "done"
        await here.start()
        async with here.clock.hurried(0.2):
            await done(here, asked)
        assert len(videos(here, asked)) == 1

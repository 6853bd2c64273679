"""A result that got lost is found in the history, whosever else's is there, and given to the one whose it is."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from sandbox.genaipro import Answer, End, GenAIProOptions, InHistory, Script
from sandbox.genaipro.gate import Gate
from sandbox.genaipro.options import Guard, HistoryShape
from sandbox.genaipro.records import PostRecord
from tests.acceptance.e2e.asking import (
    Asked,
    ask,
    ended,
    left_over,
    posted,
    posts,
    row,
    rows,
    shown,
    statuses,
    told,
    videos,
)
from tests.acceptance.e2e.world import World, world
from tests.buttons import words

OPTIONS = GenAIProOptions(key="test-key-1234567890").tiny()
LOST = Script(end=End.EOF)
MISSED = Script(end=End.EOF, history_delay=40.0)
NEVER = Script(end=End.EOF, history=InHistory.NEVER)
ADMIN = 777_000_001


def films(here: World, post: PostRecord, positions: Sequence[int] | None = None) -> list[bytes]:
    """What was made for a POST."""
    ids = post.video_ids if positions is None else [post.video_ids[position] for position in positions]
    return [here.genaipro.video_file(video_id).read_bytes() for video_id in ids]


def got(here: World, asked: Asked) -> list[bytes]:
    """What the person got."""
    return [line.path.read_bytes() for line in videos(here, asked) if line.path is not None]


async def has_looked(here: World, times: int = 1) -> None:
    """Wait for so many more look-ups."""
    before = len(here.genaipro.gets)
    await here.genaipro.until(lambda: len(here.genaipro.gets) >= before + times)


@pytest.mark.parametrize("own_ids", [False, True], ids=["ids of the stream", "other ids"])
@pytest.mark.parametrize("shape", HistoryShape)
async def test_it_is_found_later_in_every_shape(tmp_path: Path, shape: HistoryShape, own_ids: bool) -> None:
    options = replace(OPTIONS, history_shape=shape, history_own_ids=own_ids, history_pending=own_ids)
    async with world(tmp_path, genaipro=options, reconcile_interval=15.0) as here, here.clock.hurried(0.5):
        begun = []
        for count in (1, 3):
            here.genaipro.enqueue(MISSED)
            begun.append(await ask(here, f"found later {count}", count, here.telegram.add_person(f"P{count}")))
            await posted(here, begun[-1])
        for asked in begun:
            await shown(here, asked, "Lost touch with the service")
        for asked in begun:
            assert "Done" in (await ended(here, asked)).text
            (post,) = posts(here, asked)
            assert sorted(got(here, asked)) == sorted(films(here, post))
            assert (await told(here, asked))["charged"] == "yes"
        assert not left_over(here)


async def test_it_is_found_on_the_third_page_and_older_pages_are_left_alone(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_interval=15.0, max_active_generations=200) as here:
        here.genaipro.enqueue(MISSED)
        asked = await ask(here, "on page three")
        (post,) = [await posted(here, asked)]
        for number in range(45):
            here.genaipro._ledger.add(  # what others made with the same key
                replace(here.genaipro.jobs[0], prompt=f"of others {number}", listed=True, created_at=here.clock.now())
            )
        async with here.clock.hurried(0.5):
            await ended(here, asked)
        assert got(here, asked) == films(here, post)
        pages = {get.path.split("page=")[1].split("&")[0] for get in here.genaipro.gets if "histories" in get.path}
        assert pages == {"1", "2", "3"}


async def test_objects_of_others_with_other_prompts_or_from_before_are_not_taken(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_timeout=60.0) as here, here.clock.hurried(0.5):
        first = await ask(here, "wanted once before")
        await ended(here, first)
        here.clock.advance(60)
        here.genaipro.enqueue(NEVER)
        again = await ask(here, "wanted once before", person=here.telegram.add_person("Bert"))
        end = await ended(here, again)
        assert "The result never came" in end.text
        assert words(end) == ["again"]
        assert not videos(here, again)


@pytest.mark.parametrize("skew", [60.0, -60.0])
async def test_with_clocks_a_minute_apart_each_finds_its_own(tmp_path: Path, skew: float) -> None:
    options = replace(OPTIONS, clock_skew=skew, history_own_ids=True)
    async with world(tmp_path, genaipro=options, reconcile_timeout=60.0) as here, here.clock.hurried(0.5):
        asked = []
        for script, name in ((None, "Anna"), (NEVER, "Bert"), (LOST, "Cleo")):
            if script is not None:
                here.genaipro.enqueue(script)
            asked.append(await ask(here, "wanted by three", person=here.telegram.add_person(name)))
            await ended(here, asked[-1])
            here.clock.advance(10)
        made = [films(here, post) for post in here.genaipro.posts]
        assert [got(here, each) for each in asked] == [made[0], [], made[2]]


@pytest.mark.parametrize(("skew", "date_skew"), [(60.0, -60.0), (-60.0, 60.0)])
async def test_a_date_that_is_not_the_services_loses_nothing(tmp_path: Path, skew: float, date_skew: float) -> None:
    """A cache in front of the service tells its own time: what was there before is known all the same."""
    options = replace(OPTIONS, clock_skew=skew, date_skew=date_skew, history_own_ids=True)
    async with world(tmp_path, genaipro=options, reconcile_timeout=60.0) as here, here.clock.hurried(0.5):
        first = await ask(here, "wanted by two")
        await ended(here, first)
        here.clock.advance(10)
        here.genaipro.enqueue(LOST)
        own = await ask(here, "wanted by two", person=here.telegram.add_person("Cleo"))
        await ended(here, own)
        assert [got(here, each) for each in (first, own)] == [films(here, post) for post in here.genaipro.posts]


@pytest.mark.parametrize("guard", Guard)
async def test_a_guard_before_the_history_is_an_outage(tmp_path: Path, guard: Guard) -> None:
    async with world(tmp_path, reconcile_interval=15.0, admin_user_ids=frozenset({ADMIN})) as here:
        owner = here.telegram.add_person("Olga", user_id=ADMIN, started=True)
        gate = here.genaipro.hold(LOST, at=2)
        asked = await ask(here, "guarded history")
        await gate.blocked()
        here.genaipro.guard = guard
        gate.release()
        await shown(here, asked, "Lost touch")
        async with here.clock.hurried(0.5):
            await has_looked(here, 2)
        assert not videos(here, asked)
        await here.telegram.wait_for(lambda: bool(here.telegram.bot_lines(owner.chat_id)))
        here.genaipro.guard = None
        async with here.clock.hurried(0.5):
            assert "Done" in (await ended(here, asked)).text
        assert len(posts(here, asked)) == 1
        (line,) = here.telegram.bot_lines(owner.chat_id)
        assert "guard in front of GenAIPro" in line.text


async def test_two_with_the_same_prompt_who_both_lost_theirs_each_get_their_own(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_interval=15.0) as here:
        people = [here.telegram.add_person(name) for name in ("Anna", "Bert")]
        asked: list[Asked] = []
        made: list[PostRecord] = []
        for number, person in enumerate(people):
            here.genaipro.enqueue(replace(MISSED, history_delay=40.0 - 20 * number))
            asked.append(await ask(here, "the same prompt", person=person))
            await here.genaipro.until(lambda count=number: len(here.genaipro.jobs) > count)  # type: ignore[misc]
            made.append(here.genaipro.posts[number])
            here.clock.advance(3)
        async with here.clock.hurried(0.5):
            for each in asked:
                await ended(here, each)
        assert films(here, made[0]) != films(here, made[1])
        assert [got(here, each) for each in asked] == [films(here, post) for post in made]


@pytest.mark.parametrize("lost", [0, 1], ids=["the earlier", "the later"])
async def test_one_lost_beside_one_that_still_runs_waits_for_its_own(tmp_path: Path, lost: int) -> None:
    options = replace(OPTIONS, history_own_ids=True)
    async with world(tmp_path, genaipro=options, reconcile_interval=15.0) as here:
        asked: list[Asked] = []
        gates: list[Gate] = []
        for number, name in enumerate(("Anna", "Bert")):
            if number == lost:
                here.genaipro.enqueue(MISSED)
            else:
                gates.append(here.genaipro.hold(at=3))
            asked.append(await ask(here, "the same prompt", person=here.telegram.add_person(name)))
            await here.genaipro.until(lambda count=number: len(here.genaipro.jobs) > count)  # type: ignore[misc]
            here.clock.advance(3)
        await shown(here, asked[lost], "Lost touch")
        await here.genaipro.until(lambda: here.genaipro.jobs[1 - lost].listed)
        here.clock.advance(16)
        await has_looked(here)
        assert not videos(here, asked[lost])
        gates[0].release()
        async with here.clock.hurried(0.5):
            for each in asked:
                assert "Done" in (await ended(here, each)).text
        assert [got(here, each) for each in asked] == [films(here, post) for post in here.genaipro.posts]


async def test_what_failed_at_the_service_is_told_with_its_reason(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        here.genaipro.enqueue(Script(end=End.EOF, failed=(0,), failed_error="UNSAFE_GENERATION"))
        asked = await ask(here, "failed out of sight")
        end = await ended(here, asked)
        assert "safety filter" in end.text
        assert words(end) == ["edit"]
        assert (await told(here, asked))["charged"] == "no"


async def test_fewer_than_were_asked_for_are_delivered_once_no_more_come(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        here.genaipro.enqueue(Script(end=End.EOF, failed=(1,)))
        asked = await ask(here, "one failed out of sight", 3)
        end = await ended(here, asked)
        assert "1 video did not work out" in end.text
        assert got(here, asked) == films(here, posts(here, asked)[0], (0, 2))


async def test_it_is_delivered_after_an_hour_of_being_down(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_interval=15.0, reconcile_timeout=1800.0) as here:
        gate = here.genaipro.hold(Script(history_delay=60.0), at=2)
        streaming = await ask(here, "cut by the stop")
        await gate.blocked()
        here.genaipro.enqueue(MISSED)
        lost = await ask(here, "lost before the stop", person=here.telegram.add_person("Bert"))
        await shown(here, lost, "Lost touch")
        await here.stop()
        assert row(here, streaming)["state"] == "uploading"
        gate.release()
        here.clock.advance(3600)
        await here.start()
        async with here.clock.hurried(0.5):
            for asked in (streaming, lost):
                assert "Done" in (await ended(here, asked)).text
                assert got(here, asked) == films(here, posts(here, asked)[0])
                assert len(posts(here, asked)) == 1
                assert len(statuses(here, asked)) == 1


async def test_a_search_that_a_stop_cut_short_is_not_given_up_unanswered(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_interval=15.0, reconcile_timeout=60.0) as here:
        here.genaipro.enqueue(LOST)
        for _ in ("before the request", "after it"):
            here.genaipro.enqueue_answer("histories", Answer(500, {"error": "down"}))
        asked = await ask(here, "down for long")
        await shown(here, asked, "Lost touch")
        await here.stop()
        here.clock.advance(3600)
        for _ in range(3):
            here.genaipro.enqueue_answer("histories", Answer(503, "<html>down</html>", content_type="text/html"))
        await here.start()
        async with here.clock.hurried(0.5):
            assert "Done" in (await ended(here, asked)).text
        assert len(videos(here, asked)) == 1


async def test_a_history_that_fails_meanwhile_is_asked_again(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_interval=15.0) as here, here.clock.hurried(0.5):
        here.genaipro.enqueue(LOST)
        page = "<html><title>502 Bad Gateway</title></html>"
        for answer in (
            Answer(500, {"error": "down"}),
            Answer(429, {"error": "slow down"}, {"Retry-After": "30"}),
            Answer(502, page, content_type="text/html"),
            Answer(200, page, content_type="text/html"),
            Answer(200, {"data": None, "total": 0}),
            Answer(401, {"error": "key"}),
        ):
            here.genaipro.enqueue_answer("histories", answer)
        asked = await ask(here, "patience")
        assert "Done" in (await ended(here, asked)).text
        looked = [get for get in here.genaipro.gets if "histories" in get.path]
        assert [get.status for get in looked] == [500, 429, 502, 200, 200, 401, 200]
        assert (looked[2].at - looked[1].at).total_seconds() >= 30


async def test_what_never_comes_is_given_up_in_plain_words_and_the_admins_are_told(tmp_path: Path) -> None:
    async with world(
        tmp_path, reconcile_timeout=100.0, reconcile_interval=10.0, admin_user_ids=frozenset({77})
    ) as here:
        admin = here.telegram.add_person("Boss", user_id=77, started=True)
        async with here.clock.hurried(0.5):
            here.genaipro.enqueue(NEVER)
            asked = await ask(here, "never", person=here.telegram.add_person("Vy", language_code="vi"))
            end = await ended(here, asked)
            assert words(end) == ["again"]
            found = await told(here, asked)
            assert (found["failure_kind"], found["charged"]) == ("lost", "unknown")
            await here.telegram.wait_for_message(admin.chat_id, "never came")
        looked = [get for get in here.genaipro.gets if "histories" in get.path]
        assert len(looked) >= 5
        assert (looked[-1].at - looked[0].at).total_seconds() >= 95
        assert rows(here, "SELECT count(*) AS n FROM videos") == [{"n": 0}]

"""Limits: how many run at once, how many wait, how many videos a day; and whose turn is next."""

from pathlib import Path

import pytest

from sandbox.botapi.person import Person
from sandbox.genaipro import Script
from services.generations import worker
from tests.acceptance.e2e.asking import Asked, ask, ended, posted, posts, row, shown, statuses, videos
from tests.acceptance.e2e.world import World, world
from tests.buttons import words
from tests.pictures import jpeg


def person(here: World, name: str) -> Person:
    return here.telegram.add_person(name)


async def refused(here: World, asked: Asked, text: str) -> None:
    """The person is told why, and no request stands."""
    await here.telegram.wait_for_message(asked.person.chat_id, text)
    assert not posts(here, asked)


async def test_so_many_run_at_once_and_the_rest_see_their_place_move(tmp_path: Path) -> None:
    async with world(tmp_path, max_active_generations=2) as here, here.clock.hurried(0.2):
        gates = [here.genaipro.hold() for _ in range(4)]
        begun = [await ask(here, f"p{number}", person=person(here, f"P{number}")) for number in range(2)]
        for asked in begun:
            await posted(here, asked)
        third = await ask(here, "p2", person=person(here, "P2"))
        await shown(here, third, "Waiting, number 1")
        fourth = await ask(here, "p3", person=person(here, "P3"))
        await shown(here, fourth, "Waiting, number 2")
        assert len(here.genaipro.posts) == 2
        gates[0].release()
        await posted(here, third)
        await shown(here, fourth, "Waiting, number 1")
        assert len(here.genaipro.posts) == 3
        for gate in gates:
            gate.release()
        for asked in (*begun, third, fourth):
            assert "Done" in (await ended(here, asked)).text
        assert len(here.genaipro.posts) == 4


async def test_a_place_that_becomes_free_is_given_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the look of each second, which is for what was missed."""
    monkeypatch.setattr(worker, "POLL_SECONDS", 3600.0)
    async with world(tmp_path, max_active_generations=1) as here, here.clock.hurried(0.2):
        gate = here.genaipro.hold()
        first = await ask(here, "first")
        await posted(here, first)
        second = await ask(here, "second", person=person(here, "Bert"))
        await shown(here, second, "Waiting, number 1")
        gate.release()
        for asked in (first, second):
            assert "Done" in (await ended(here, asked)).text


async def test_one_person_runs_one_at_a_time_and_is_refused_past_those_that_wait(tmp_path: Path) -> None:
    async with world(tmp_path, max_queued_per_user=1) as here, here.clock.hurried(0.2):
        gate = here.genaipro.hold()
        first = await ask(here, "first")
        await posted(here, first)
        second = await ask(here, "second")
        await shown(here, second, "Waiting, number 1")
        await here.anna.send_photo(jpeg(), "third")
        card = await here.ready_card()
        refusal = "You already have one request waiting. Try again when it has begun."
        query = await here.press(card, "go")
        assert (await here.telegram.wait_for_answer(query)).answer == refusal
        fourth = await ask(here, "fourth")
        await refused(here, fourth, refusal)
        gate.release()
        for asked in (first, second):
            assert "Done" in (await ended(here, asked)).text
        assert "go" in words(await here.ready_card())
        await here.press(await here.ready_card(), "go")
        await here.ended(here.anna.chat_id, card.message_id)
        assert [post.prompt for post in here.genaipro.posts] == ["first", "second", "third"]


async def test_turns_are_fair_between_people(tmp_path: Path) -> None:
    async with world(tmp_path, max_active_generations=1) as here, here.clock.hurried(0.2):
        gates = [here.genaipro.hold() for _ in range(5)]
        bert, cleo = person(here, "Bert"), person(here, "Cleo")
        running = await ask(here, "cleo runs", person=cleo)
        await posted(here, running)
        for number in range(3):
            asked = await ask(here, f"anna {number}")
            await shown(here, asked, "Waiting, number")
        late = await ask(here, "bert", person=bert)
        await shown(here, late, "Waiting, number 2")
        for count, gate in enumerate(gates, 1):
            await here.genaipro.posted(count)
            gate.release()
        await here.genaipro.until(lambda: all(post.finished for post in here.genaipro.posts))
        order = [post.prompt for post in here.genaipro.posts]
        assert order == ["cleo runs", "anna 0", "bert", "anna 1", "anna 2"]


async def test_videos_of_a_day_are_counted_and_failed_ones_given_back(tmp_path: Path) -> None:
    async with world(tmp_path, daily_videos_per_user=4) as here, here.clock.hurried(0.2):
        here.genaipro.enqueue(Script(failed=(0,)))
        partly = await ask(here, "partly", 3)
        await ended(here, partly)
        here.genaipro.enqueue(Script(error={"error": "no"}))
        failed = await ask(here, "failed", 2)
        await ended(here, failed)
        too_many = await ask(here, "too many", 3)
        await refused(
            here, too_many, "You have 2 of your 4 videos of today left. Ask for fewer, or come back tomorrow."
        )
        fits = await ask(here, "fits", 2)
        await ended(here, fits)
        none_left = await ask(here, "none left")
        await refused(here, none_left, "You have used all your 4 videos of today. Come back tomorrow.")
        other = await ask(here, "of another", 4, person=person(here, "Bert"))
        assert len(videos(here, other)) == 4 if "Done" in (await ended(here, other)).text else False
        here.clock.advance(24 * 3600)
        tomorrow = await ask(here, "tomorrow", 4)
        assert "Done" in (await ended(here, tomorrow)).text


async def test_videos_on_their_way_count_and_cancelled_ones_that_cost_nothing_do_not(tmp_path: Path) -> None:
    async with world(tmp_path, daily_videos_per_user=2, max_active_generations=1) as here, here.clock.hurried(0.2):
        gate = here.genaipro.hold()
        await posted(here, await ask(here, "in the way", person=person(here, "Bert")))
        waiting = await ask(here, "waiting", 2)
        line = await shown(here, waiting, "Waiting")
        await refused(here, await ask(here, "one more"), "You have used all your 2 videos of today.")
        await here.press(line, "cancel")
        await ended(here, waiting)
        again = await ask(here, "again", 2)
        gate.release()
        assert "Done" in (await ended(here, again)).text
        assert row(here, again)["charged"] == "yes"
        assert len(statuses(here, again)) == 1

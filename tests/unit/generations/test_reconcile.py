"""Looking for a lost result: how long, how far back, and what is taken for whose."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.failures import Charged, FailureKind
from services.genaipro.events import ResultPage, VideoResult
from services.generations.model import Generation, State
from services.generations.reconcile import SERVER_ERROR_SECONDS, SETTLED_SECONDS
from services.generations.results import ResultTakenError
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import Post


async def lost(here: Bench, prompt: str = "a cat", count: int = 1, user: int = 1, *, error: bool = False) -> Generation:
    """A request whose POST may have been accepted; what became of it is for the test to say."""
    generation = await here.take(await here.place(prompt, count, user))
    armed = await here.rows.arm(generation)
    assert armed is not None
    return await here.rows.move(armed, State.RECONCILING, charged=Charged.UNKNOWN.value, server_error=error)


def thing(here: Bench, name: str, urls: int = 1, prompt: str = "a cat", **values: object) -> VideoResult:
    """An object of the history, made now."""
    addresses = tuple(f"https://a.example/{name}/{number}.mp4" for number in range(urls))
    made = VideoResult(name, prompt, addresses, bool(urls), False, "completed", here.clock.now())
    return replace(made, **values)  # type: ignore[arg-type]


async def urls(here: Bench, generation: Generation) -> list[str]:
    return [video.url for video in await here.results.videos(generation.id) if video.url]


async def test_what_is_there_is_taken_at_once(here: Bench) -> None:
    generation = await lost(here)
    here.service.objects.append(thing(here, "mine"))
    after = await here.reconciler.run(generation)
    assert (after.state, after.charged) == (State.DELIVERING, Charged.YES)
    assert await urls(here, generation) == ["https://a.example/mine/0.mp4"]


@pytest.mark.parametrize(("error", "seconds"), [(False, 600.0), (True, SERVER_ERROR_SECONDS)])
async def test_it_is_given_up_after_its_time(here: Bench, error: bool, seconds: float) -> None:
    generation = await lost(here, error=error)
    begun = here.clock.monotonic()
    after = await here.reconciler.run(generation)
    assert after.failure is not None
    assert after.failure.kind is (FailureKind.SERVICE if error else FailureKind.LOST)
    assert after.charged is Charged.UNKNOWN
    assert seconds <= here.clock.monotonic() - begun <= seconds + 15


async def test_a_search_goes_on_where_it_was_cut_short(here: Bench) -> None:
    generation = await here.rows.move(await lost(here), State.RECONCILING, reconciling_since=here.clock.now())
    await here.clock.sleep(500)
    begun = here.clock.monotonic()
    await here.reconciler.run(generation)
    assert here.clock.monotonic() - begun <= 115


async def test_it_is_not_given_up_before_the_history_has_answered_once(here: Bench) -> None:
    generation = await here.rows.move(await lost(here), State.RECONCILING, reconciling_since=here.clock.now())
    here.service.objects.append(thing(here, "mine"))
    await here.clock.sleep(5000)
    here.service.history_fails = 5
    assert (await here.reconciler.run(generation)).state is State.DELIVERING


async def test_a_history_that_never_answers_is_not_asked_for_ever(here: Bench) -> None:
    generation = await here.rows.move(await lost(here), State.RECONCILING, reconciling_since=here.clock.now())
    await here.clock.sleep(5000)
    here.service.history_fails = 10_000
    begun = here.clock.monotonic()
    after = await here.reconciler.run(generation)
    assert after.state is State.FAILED
    assert here.clock.monotonic() - begun <= 615


async def test_what_another_request_holds_is_not_taken_though_it_matches(here: Bench) -> None:
    first = await lost(here)
    here.service.objects.append(thing(here, "hers"))
    await here.reconciler.run(first)
    second = await lost(here, user=2)
    after = await here.reconciler.run(second)
    assert after.state is State.FAILED


async def test_two_that_find_the_same_object_at_the_same_moment_do_not_both_take_it(here: Bench) -> None:
    first, second = await lost(here), await lost(here, user=2)
    found = [thing(here, "one")]
    await here.results.record(first, found, exclusive=True)
    with pytest.raises(ResultTakenError):
        await here.results.record(second, found, exclusive=True)
    row = await here.get(second.id)
    assert row.state is State.RECONCILING
    assert await urls(here, second) == []


async def test_what_the_own_stream_brought_is_ones_own(here: Bench) -> None:
    first, second = await lost(here), await lost(here, user=2)
    await here.results.record(first, [thing(here, "one")], exclusive=True)
    after = await here.results.record(second, [thing(here, "one")], exclusive=False)
    assert after.state is State.DELIVERING


async def test_recording_twice_changes_nothing(here: Bench) -> None:
    generation = await lost(here, count=3)
    found = [thing(here, "mine", urls=2)]
    one = await here.results.record(generation, found, exclusive=True)
    before = await here.results.videos(generation.id)
    assert await here.results.record(generation, found, exclusive=True) == one
    assert await here.results.videos(generation.id) == before
    assert len(before) == 3


async def test_an_address_that_comes_twice_is_one_video(here: Bench) -> None:
    generation = await lost(here, count=2)
    same = ("https://a.example/same.mp4",)
    found = [replace(thing(here, name), urls=same) for name in ("a", "b")]
    await here.results.record(generation, found, exclusive=False)
    assert await urls(here, generation) == list(same)


async def test_a_request_with_the_same_words_but_other_blanks_is_a_rival(here: Bench) -> None:
    first = await lost(here, "a  cat\nruns")
    await here.clock.sleep(1)
    second = await lost(here, "a cat runs", user=2)
    here.service.objects.append(thing(here, "one", prompt="a cat runs"))
    likes = await here.results.requests_like(second, timedelta(hours=1))
    assert {like.id for like in likes} == {first.id, second.id}


async def test_a_rival_that_was_refused_has_no_claim(here: Bench) -> None:
    here.service.coming.append(Post.REFUSED)
    refused = await here.place("a cat", user=2)
    await here.run(refused)
    second = await lost(here)
    assert [like.id for like in await here.results.requests_like(second, timedelta(hours=1))] == [second.id]


async def test_videos_that_come_one_by_one_are_waited_for(here: Bench) -> None:
    generation = await lost(here, count=2)
    here.service.objects.append(thing(here, "v1"))
    second = thing(here, "v2")
    real = here.service.histories
    asked = 0

    async def histories(page: int, page_size: int) -> ResultPage:
        nonlocal asked
        asked += 1
        if asked == 3:
            here.service.objects.append(second)
        return await real(page, page_size)

    here.reconciler.histories = histories
    await here.reconciler.run(generation)
    assert len(await urls(here, generation)) == 2


async def test_fewer_than_asked_for_are_taken_once_no_more_come(here: Bench) -> None:
    generation = await lost(here, count=3)
    here.service.objects.append(thing(here, "v1"))
    begun = here.clock.monotonic()
    after = await here.reconciler.run(generation)
    assert after.state is State.DELIVERING
    assert SETTLED_SECONDS <= here.clock.monotonic() - begun <= SETTLED_SECONDS + 30
    assert len(await here.results.videos(generation.id)) == 3


async def test_an_object_that_holds_several_is_whole_by_itself(here: Bench) -> None:
    generation = await lost(here, count=3)
    here.service.objects.append(thing(here, "v", urls=2))
    begun = here.clock.monotonic()
    await here.reconciler.run(generation)
    assert here.clock.monotonic() - begun <= 30
    assert len(await urls(here, generation)) == 2


async def test_an_object_that_finished_between_two_pages_counts_once(here: Bench) -> None:
    generation = await lost(here)
    pending = replace(thing(here, "mine", urls=0), succeeded=False, status="pending")
    here.service.objects += [pending, thing(here, "mine")]
    after = await here.reconciler.run(generation)
    assert after.state is State.DELIVERING
    assert len(await urls(here, generation)) == 1


async def test_what_is_still_being_made_is_waited_for_until_the_end(here: Bench) -> None:
    generation = await lost(here)
    here.service.objects.append(replace(thing(here, "mine", urls=0), succeeded=False, status="pending"))
    after = await here.reconciler.run(generation)
    assert after.failure is not None
    assert after.failure.kind is FailureKind.LOST

"""Lost results with clocks apart: each request finds its own, and never an older one's or another's."""

import random
from datetime import timedelta

import pytest

from services.genaipro.events import VideoResult
from services.generations.model import Generation, State
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import Post

MOST_APART = 60.0


async def lost(here: Bench, prompt: str, user: int, outcome: Post = Post.CUT) -> tuple[Generation, list[str]]:
    """A request that ends without a word, and the addresses of what was made for it."""
    generation = await here.begun(prompt, user)
    here.service.coming.append(outcome)
    made = len(here.service.objects)
    after = await here.submitter.run(generation)
    assert after.state is State.RECONCILING
    return after, [url for item in here.service.objects[made:] for url in item.urls]


async def found(here: Bench, generation: Generation) -> list[str]:
    after = await here.reconciler.run(generation)
    await done(here, after)
    return [video.url for video in await here.results.videos(generation.id) if video.url]


async def done(here: Bench, generation: Generation) -> None:
    """Give its place to the next."""
    if generation.state is State.DELIVERING:
        await here.rows.move(generation, State.DONE)


def others(here: Bench, prompt: str, number: int) -> VideoResult:
    """What somebody else made with the same key and words."""
    created = here.clock.now() + timedelta(seconds=here.service.skew)
    urls = (f"https://a.example/{number}.mp4",)
    return VideoResult(f"other-{number}", prompt, urls, True, False, "completed", created)


async def play(here: Bench, chance: random.Random, number: int) -> int:
    """Some requests with the same words, some of them lost; returns how many lost results there were."""
    here.service.skew = chance.choice((-MOST_APART, MOST_APART, chance.uniform(-MOST_APART, MOST_APART)))
    here.service.told = chance.choice((here.service.skew, here.service.skew, None, 0.0))
    prompt = f"a cat, {number}"
    if chance.random() < 0.5:
        here.service.objects.append(others(here, prompt, number))
        await here.clock.sleep(chance.uniform(1, 60))
    if chance.random() < 0.5:
        older = await here.begun(prompt, 1)
        after = await here.submitter.run(older)
        assert after.state is State.DELIVERING
        await done(here, after)
        here.service.rename(len(here.service.objects) - 1)
        await here.clock.sleep(chance.uniform(1, 60))
    waiting = []
    for user in range(2, 2 + chance.randint(1, 3)):
        waiting.append(await lost(here, prompt, user))
        await here.clock.sleep(chance.uniform(1, 40))
    never, nothing = await lost(here, prompt, 9, Post.SERVER_ERROR)
    assert nothing == []
    for generation, own in chance.sample(waiting, len(waiting)):
        assert await found(here, generation) == own, (number, here.service.skew, here.service.told)
    assert await found(here, never) == []
    await here.clock.sleep(7200)
    return len(waiting)


@pytest.mark.slow
async def test_each_finds_its_own_and_none_anothers(here: Bench) -> None:
    chance, played, number = random.Random(7), 0, 0
    while played < 300:  # of the faults that were planted, the best hidden was found within twelve rounds, or 30
        played += await play(here, chance, number)
        number += 1

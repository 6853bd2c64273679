"""What must be true of every request, whatever happened to it."""

from collections import Counter, defaultdict

from services.failures import Charged
from services.generations.model import FINAL, Generation, State, VideoState
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import Post


def check_posts(bench: Bench) -> None:
    """No request was posted again after a POST that may have been accepted. Each has a prompt of its own."""
    made: dict[str, list[Post]] = defaultdict(list)
    for prompt, outcome in bench.service.posts:
        made[prompt].append(outcome)
    for outcomes in made.values():
        assert not any(outcome.may_be_accepted for outcome in outcomes[:-1]), outcomes


async def check_end(bench: Bench, generation_id: str, kills: int) -> Generation:
    """It has one end, which was told, and is true about money and videos.

    Args:
        bench: Where it ran.
        generation_id: Which.
        kills: How often its process died.
    """
    check_posts(bench)
    row = await bench.get(generation_id)
    assert row.state in FINAL
    assert row.final_shown
    told = [item for item in bench.chat.told if item.id == generation_id]
    assert {item.state for item in told} == {row.state}
    assert len(told) <= 1 + kills
    outcomes = [outcome for prompt, outcome in bench.service.posts if prompt == row.prompt]
    accepted = any(outcome.is_accepted for outcome in outcomes)
    assert not (accepted and row.charged is Charged.NO)
    assert accepted or row.charged is not Charged.YES
    if accepted and row.cancel_requested_at is None:
        assert row.state is State.DONE
    if row.state is State.DONE:
        states = [video.state for video in await bench.results.videos(generation_id)]
        assert len(states) == row.options.count
        assert set(states) <= {VideoState.SENT, VideoState.LINKED}
        times = Counter(number for prompt, number in bench.chat.arrived if prompt == row.prompt)
        assert len(times) >= states.count(VideoState.SENT)
        assert max(times.values(), default=0) <= 2
        assert sum(times.values()) - len(times) <= row.options.count * (bench.chat.lost + kills)
    return row

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.generations.queue import Limits, Waiting, in_order, to_start

START = datetime(2026, 1, 1, tzinfo=UTC)

queues = st.lists(st.tuples(st.integers(1, 5), st.integers(0, 50)), max_size=20).map(
    lambda pairs: [
        Waiting(f"g{number:02}", user, START + timedelta(seconds=age)) for number, (user, age) in enumerate(pairs)
    ]
)
actives = st.dictionaries(st.integers(1, 5), st.integers(1, 3))


def waiting(name: str, user: int, second: int, turns: int = 0) -> Waiting:
    return Waiting(name, user, START + timedelta(seconds=second), turns)


def test_somebody_with_three_does_not_go_before_somebody_with_one() -> None:
    queue = [waiting("a1", 1, 0), waiting("a2", 1, 1), waiting("a3", 1, 2), waiting("b1", 2, 3)]
    assert [item.id for item in in_order(queue)] == ["a1", "b1", "a2", "a3"]


def test_a_turn_that_was_had_counts_as_one_that_is_to_come() -> None:
    queue = [waiting("a2", 1, 0, turns=1), waiting("b1", 2, 1)]
    assert [item.id for item in in_order(queue)] == ["b1", "a2"]


@given(queues)
def test_a_turn_changes_no_other_place(queue: list[Waiting]) -> None:
    order = in_order(queue)
    for first in order[:1]:
        after = [
            replace(item, turns=item.turns + (item.user_id == first.user_id)) for item in queue if item.id != first.id
        ]
        assert [item.id for item in in_order(after)] == [item.id for item in order[1:]]


@given(queues)
def test_the_order_loses_nobody_and_keeps_each_persons_own(queue: list[Waiting]) -> None:
    order = in_order(queue)
    assert sorted(item.id for item in order) == sorted(item.id for item in queue)
    for user in {item.user_id for item in queue}:
        own = [item for item in order if item.user_id == user]
        assert own == sorted(own, key=lambda item: (item.queued_at, item.id))


@given(queues, actives, st.integers(1, 10), st.integers(1, 3))
def test_limits_hold_and_no_place_stays_empty(
    queue: list[Waiting], active: dict[int, int], most: int, most_each: int
) -> None:
    chosen = to_start(queue, active, Limits(most, most_each, 0, 0))
    running = Counter(active)
    running.update(item.user_id for item in chosen)
    started = {item.id for item in chosen}
    assert len(chosen) <= max(0, most - sum(active.values()))
    assert all(running[item.user_id] <= most_each for item in chosen)
    if running.total() < most:
        assert all(running[item.user_id] >= most_each for item in queue if item.id not in started)

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from services.outbox.keyed_heap import KeyedHeap
from services.outbox.limits import Window

steps = st.lists(st.tuples(st.sampled_from(["put", "drop", "pop"]), st.integers(0, 9), st.integers(0, 5)), max_size=200)


@given(steps)
def test_the_first_is_always_the_smallest(script: list[tuple[str, int, int]]) -> None:
    agenda: KeyedHeap[int] = KeyedHeap()
    model: dict[int, tuple[int, int]] = {}
    for turn, (step, item, key) in enumerate(script):
        if step == "put":
            agenda.put(item, (key,))
            if model.get(item, (None,))[0] != key:
                model[item] = (key, turn)
        elif step == "drop":
            agenda.drop(item)
            model.pop(item, None)
        elif (first := agenda.first()) is not None:
            agenda.drop(first)
            model.pop(first, None)
        expected = min(model, key=lambda known: model[known], default=None)
        assert agenda.first() == expected
        assert agenda.key() == ((inf,) if expected is None else (model[expected][0],))
        assert len(agenda) == len(model)


def test_moving_an_item_often_costs_no_memory() -> None:
    agenda: KeyedHeap[str] = KeyedHeap()
    for key in range(10_000):
        agenda.put("item", (-key,))
        agenda.put("other", (key,))
    assert len(agenda._heap) < 200


def test_a_call_is_held_until_a_span_after_its_answer() -> None:
    window = Window(capacity=1, span=1.0, hold=5.0)
    window.take("call", 1, now=0.0)
    window.settle("call", now=0.4)
    assert window.when(1, now=0.5) == 1.4
    assert window.when(1, now=1.4) == 1.4
    assert window.used(1.4) == 0


def test_a_call_without_an_answer_is_held_no_longer_than_it_can_matter() -> None:
    window = Window(capacity=1, span=1.0, hold=0.5)
    window.take("call", 1, now=0.0)
    assert window.when(1, now=0.1) == 1.5
    window.settle("call", now=9.0)
    assert window.used(9.0) == 0


def test_an_upload_is_held_until_its_end() -> None:
    window = Window(capacity=3, span=1.0, hold=0.5)
    window.take("upload", 2, now=0.0, open_ended=True)
    assert window.when(1, now=50.0) == 50.0
    assert window.when(2, now=50.0) == inf
    window.settle("upload", now=60.0)
    assert window.when(2, now=60.0) == 61.0


def test_more_units_than_the_capacity_wait_for_all_of_it() -> None:
    window = Window(capacity=2, span=1.0, hold=0.0)
    window.take("call", 1, now=0.0)
    assert window.when(10, now=0.5) == 1.0


def test_a_part_of_the_capacity_is_full_earlier() -> None:
    window = Window(capacity=3, span=10.0, hold=0.0)
    window.take("first", 1, now=0.0)
    window.take("second", 1, now=4.0)
    assert window.when(1, now=5.0) == 5.0
    assert window.when(1, now=5.0, capacity=2) == 10.0
    assert window.when(1, now=5.0, capacity=1) == 14.0

from math import inf

from hypothesis import given
from hypothesis import strategies as st

from services.outbox.keyed_heap import KeyedHeap

steps = st.lists(st.tuples(st.sampled_from(["put", "drop", "pop"]), st.integers(0, 9), st.integers(0, 5)), max_size=200)


@given(steps)
def test_the_first_is_always_the_smallest(script: list[tuple[str, int, int]]) -> None:
    heap: KeyedHeap[int] = KeyedHeap()
    model: dict[int, tuple[int, int]] = {}
    for turn, (step, item, key) in enumerate(script):
        if step == "put":
            heap.put(item, (key,))
            if model.get(item, (None,))[0] != key:
                model[item] = (key, turn)
        elif step == "drop":
            heap.drop(item)
            model.pop(item, None)
        elif (first := heap.first()) is not None:
            heap.drop(first)
            model.pop(first, None)
        expected = min(model, key=lambda known: model[known], default=None)
        assert heap.first() == expected
        assert heap.key() == ((inf,) if expected is None else (model[expected][0],))
        assert len(heap) == len(model)


def test_moving_an_item_often_costs_no_memory() -> None:
    heap: KeyedHeap[str] = KeyedHeap()
    for key in range(10_000):
        heap.put("item", (-key,))
        heap.put("other", (key,))
    assert len(heap._heap) < 200

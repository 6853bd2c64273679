from math import inf

from services.outbox.limits import Window


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

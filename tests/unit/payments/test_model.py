from hypothesis import given
from hypothesis import strategies as st

from services.payments.model import (
    Account,
    divide,
    payload_of,
    request_of,
    split,
)

SMALL = st.integers(0, 4)


@given(st.integers(1, 4), st.integers(-2, 9), st.integers(-2, 9), st.integers(1, 10_000))
def test_a_price_covers_each_video_once(count: int, free: int, credit: int, stars: int) -> None:
    price = split(count, Account(free, credit), stars)
    assert price.free + price.credit + price.videos == count
    assert price.stars == price.videos * stars
    assert 0 <= price.free <= max(0, free)
    assert 0 <= price.credit <= max(0, credit)
    # Nothing is asked for while there is something free, or credit.
    assert not price.credit or price.free == min(count, max(0, free))
    assert not price.videos or price.credit == max(0, credit)


@given(st.booleans(), SMALL, SMALL, SMALL, SMALL)
def test_what_a_request_owed_is_made_or_comes_back(
    was_stopped: bool, free: int, credit: int, paid: int, made: int
) -> None:
    division = divide(free, credit, paid, made, was_stopped=was_stopped)
    assert division.made + division.free + division.credit + division.refunded == free + credit + paid
    assert min(division.made, division.free, division.credit, division.refunded) >= 0
    assert division.refunded in (0, paid)
    assert division.credit_of_payment <= min(division.credit, paid)
    if not made and not was_stopped:
        assert (division.made, division.free, division.credit, division.refunded) == (0, free, credit, paid)


@given(st.text(max_size=80))
def test_a_payload_of_anybody_else_is_not_read(payload: str) -> None:
    assert request_of("0123456789abcdef", payload) is None


def test_a_payload_is_read_by_the_bot_that_made_it_alone() -> None:
    payload = payload_of("0123456789abcdef", "fedcba9876543210")
    assert len(payload.encode()) <= 128
    assert request_of("0123456789abcdef", payload) == "fedcba9876543210"
    assert request_of("0123456789abcdee", payload) is None
    assert request_of("0123456789abcdef", payload + "\n") is None

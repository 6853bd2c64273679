import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.plan import Way, batches, choose, upload_limit

CLOUD = upload_limit(local_mode=False)
LOCAL = upload_limit(local_mode=True)


@pytest.mark.parametrize(
    ("size", "public", "limit", "way"),
    [
        (20_000_000, True, CLOUD, Way.URL),
        (20_000_001, True, CLOUD, Way.UPLOAD),
        (1000, False, CLOUD, Way.UPLOAD),
        (50_000_000, True, CLOUD, Way.UPLOAD),
        (50_000_001, True, CLOUD, Way.LINK),
        (50_000_001, True, LOCAL, Way.UPLOAD),
        (2_000_000_001, True, LOCAL, Way.LINK),
    ],
)
def test_first_way(size: int, public: bool, limit: int, way: Way) -> None:
    assert choose(size, public=public, limit=limit) is way


def test_album_is_divided_where_it_uploads_too_much() -> None:
    assert batches([30, 30, 0, 20], 50) == [range(1), range(1, 4)]
    assert batches([0, 0, 0, 0], CLOUD) == [range(4)]
    assert batches([], CLOUD) == []


@given(st.lists(st.integers(0, 50), max_size=10))
def test_batches_keep_order_and_limit(sizes: list[int]) -> None:
    found = batches(sizes, 50)
    assert [position for batch in found for position in batch] == list(range(len(sizes)))
    assert all(sum(sizes[position] for position in batch) <= 50 for batch in found)

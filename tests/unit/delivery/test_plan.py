import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.plan import FileLimits, Way, after, batches, choose

CLOUD = FileLimits.of(local_mode=False)
LOCAL = FileLimits.of(local_mode=True)


@pytest.mark.parametrize(
    ("size", "needs_key", "public", "limits", "way"),
    [
        (20_000_000, False, True, CLOUD, Way.URL),
        (20_000_001, False, True, CLOUD, Way.UPLOAD),
        (1000, True, True, CLOUD, Way.UPLOAD),
        (1000, False, False, CLOUD, Way.UPLOAD),
        (50_000_000, False, True, CLOUD, Way.UPLOAD),
        (50_000_001, False, True, CLOUD, Way.LINK),
        (50_000_001, False, True, LOCAL, Way.UPLOAD),
        (2_000_000_001, False, True, LOCAL, Way.LINK),
        (None, False, True, CLOUD, Way.LINK),
    ],
)
def test_first_way(size: int | None, needs_key: bool, public: bool, limits: FileLimits, way: Way) -> None:
    assert choose(size, needs_key=needs_key, public=public, limits=limits) is way


@pytest.mark.parametrize(
    ("way", "size", "following"),
    [
        (Way.URL, 1000, Way.UPLOAD),
        (Way.URL, None, Way.LINK),
        (Way.UPLOAD, 1000, Way.LINK),
        (Way.LINK, 1000, None),
    ],
)
def test_way_after_a_refusal(way: Way, size: int | None, following: Way | None) -> None:
    assert after(way, size, CLOUD) is following


def test_album_is_divided_where_it_uploads_too_much() -> None:
    assert batches([30, 30, 0, 20], FileLimits(url=20, upload=50)) == [range(1), range(1, 4)]
    assert batches([0, 0, 0, 0], CLOUD) == [range(4)]
    assert batches([], CLOUD) == []


@given(st.lists(st.integers(0, 50), max_size=10))
def test_batches_keep_order_and_limit(sizes: list[int]) -> None:
    found = batches(sizes, FileLimits(url=20, upload=50))
    assert [position for batch in found for position in batch] == list(range(len(sizes)))
    assert all(sum(sizes[position] for position in batch) <= 50 for batch in found)

"""Time alone moves the bars: often for a few, seldom for many, and never beyond what there is room for."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.status.messages import GROUP_SECONDS, PRIVATE_SECONDS, UNSEEN_SECONDS, ShownStatus, due
from tests.unit.status.test_render import GENERATION

PRIVATE, GROUP = 5, -5


def shown_at(generation_id: str, chat_id: int, at: float, *, unseen: bool = False) -> ShownStatus:
    return ShownStatus(replace(GENERATION, id=generation_id, chat_id=chat_id), at, unseen)


def simulate(places: list[int], seconds: int, room: int) -> Counter[str]:
    """How often each message is refreshed, looked at each second."""
    at = dict.fromkeys(range(len(places)), 0.0)
    found: Counter[str] = Counter()
    for now in range(1, seconds + 1):
        shown = [shown_at(str(number), chat, at[number]) for number, chat in enumerate(places)]
        for chosen in due(shown, float(now), room):
            at[int(chosen.id)] = float(now)
            found[chosen.id] += 1
    return found


@pytest.mark.parametrize(("chat", "seconds"), [(PRIVATE, PRIVATE_SECONDS), (GROUP, GROUP_SECONDS)])
def test_one_alone_keeps_its_pace(chat: int, seconds: float) -> None:
    assert simulate([chat], 60, 10)["0"] == 60 // seconds


def test_several_in_a_group_share_its_pace() -> None:
    found = simulate([GROUP] * 3, 95, 10)
    assert set(found.values()) == {2}


def test_many_take_turns_within_the_room() -> None:
    found = simulate(list(range(1, 101)), 100, 10)
    assert found.total() <= 1000
    assert min(found.values()) >= 9


@pytest.mark.parametrize("chat", [PRIVATE, GROUP])
def test_what_was_held_back_comes_soon(chat: int) -> None:
    held = [shown_at("a", chat, 10.0, unseen=True)]
    assert due(held, 10.0 + UNSEEN_SECONDS - 0.1, 10) == []
    assert due(held, 10.0 + UNSEEN_SECONDS, 10) == [held[0].generation]


def test_no_room_means_none() -> None:
    shown = [shown_at("a", PRIVATE, 0.0)]
    assert due(shown, 100.0, 0) == due(shown, 100.0, -3) == []


@given(
    st.lists(st.tuples(st.sampled_from([1, 2, 3, -1, -2]), st.floats(0, 100)), max_size=30),
    st.floats(0, 200),
    st.integers(-2, 20),
)
def test_bounds(places: list[tuple[int, float]], now: float, room: int) -> None:
    shown = [shown_at(str(number), chat, at) for number, (chat, at) in enumerate(places)]
    chosen = due(shown, now, room)
    at = {one.generation.id: one.at for one in shown}
    assert len(chosen) <= max(0, room)
    chats = [one.chat_id for one in chosen]
    assert len(chats) == len(set(chats))
    assert all(now - at[one.id] >= PRIVATE_SECONDS for one in chosen)

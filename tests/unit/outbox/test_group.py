"""The pace of progress in a group."""

from collections.abc import Callable
from itertools import pairwise

import pytest

from services.outbox.limits import FloodLimits, Group

LIMITS = FloodLimits()
INTERVAL = LIMITS.group_span / LIMITS.group_progress


def progress(group: Group, now: float, units: int = 1) -> None:
    call = object()
    group.begin(call, units, now, progress=True, open_ended=False)
    group.settle(call, now)


def other(group: Group, now: float, units: int = 1) -> None:
    call = object()
    group.begin(call, units, now, progress=False, open_ended=False)
    group.settle(call, now)


def sent_until(end: float, group: Group, send: Callable[[Group, float], None] = progress) -> list[float]:
    """When progress goes out that always has something new to say, in a chat that takes a message a second."""
    moments, now = [], 0.0
    while now < end:
        send(group, now)
        moments.append(now)
        now = max(now + 1.0, group.when_progress(1, 0, now))
    return moments


def test_a_burst_goes_out_as_it_comes() -> None:
    assert sent_until(6.0, Group(LIMITS)) == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]


def test_what_follows_a_burst_is_spread_over_the_minute_and_then_even() -> None:
    moments = sent_until(300.0, Group(LIMITS))
    gaps = [second - first for first, second in pairwise(moments)]
    assert max(gaps) < 1.5 * INTERVAL
    assert gaps[moments.index(60.0) :] == pytest.approx([INTERVAL] * (len(gaps) - moments.index(60.0)))


def test_the_share_of_a_minute_is_used() -> None:
    assert len(sent_until(60.0, Group(LIMITS))) == LIMITS.group_progress


def test_time_without_progress_is_saved_up() -> None:
    group = Group(LIMITS)
    sent_until(20.0, group)
    quiet = 20.0 + 6 * INTERVAL
    for now in (quiet, quiet + 1, quiet + 2):
        assert group.when_progress(1, 0, now) <= now
        progress(group, now)


def test_other_calls_leave_the_pace_alone() -> None:
    group = Group(LIMITS)
    for now in range(8):
        other(group, float(now))
    assert group.when_progress(1, 0, 8.0) == 8.0


def test_progress_keeps_off_what_something_else_waits_for() -> None:
    group = Group(LIMITS)
    other(group, 0.0, units=15)
    assert group.when_progress(1, 4, 1.0) == 1.0
    assert group.when_progress(1, 5, 1.0) == 60.0
    assert group.when(5, 1.0) == 1.0


def test_a_change_of_the_budget_changes_the_pace() -> None:
    group = Group(LIMITS.shared(4))
    progress(group, 0.0)
    assert group.when_progress(1, 0, 1.0) == pytest.approx(20.0)
    group.adopt(LIMITS)
    assert group.when_progress(1, 0, 1.0) <= INTERVAL + 1e-9


def test_it_is_at_rest_when_units_and_pace_are_free() -> None:
    group = Group(LIMITS)
    assert group.at_rest(0.0)
    other(group, 0.0)
    assert not group.at_rest(59.0)
    assert group.at_rest(60.0)
    progress(group, 100.0, units=LIMITS.group_progress)
    assert group.when_progress(1, 0, 100.0) == 160.0
    assert not group.at_rest(160.0)
    assert group.at_rest(180.0)


def test_more_units_than_a_group_takes_count_as_all_of_them() -> None:
    group = Group(LIMITS)
    progress(group, 0.0, units=100)
    assert group.at_rest(80.0)

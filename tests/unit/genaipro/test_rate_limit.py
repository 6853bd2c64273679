import asyncio
from bisect import bisect_left

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.genaipro.rate_limit import WINDOW, ProcessRateLimit
from tests.hand_clock import HandClock

GAPS = st.lists(st.one_of(st.just(0.0), st.floats(0, 90)), max_size=60)


@given(st.integers(1, 8), GAPS, st.dictionaries(st.integers(0, 59), st.floats(-5, 100), max_size=3))
def test_never_more_than_the_limit_in_any_window(limit: int, gaps: list[float], holds: dict[int, float]) -> None:
    clock = HandClock()
    pacer = ProcessRateLimit(limit, clock)
    through: list[float] = []

    async def run() -> None:
        for number, gap in enumerate(gaps):
            clock.seconds += gap
            asked = clock.seconds
            hold = holds.get(number, 0)
            await pacer.hold(hold)
            await pacer.wait()
            through.append(clock.seconds)
            assert clock.seconds >= asked + max(0, hold)
            full = len(through) > limit
            free = max(asked, asked + hold, *([through[-1 - limit] + WINDOW] if full else []))
            if not holds:
                assert clock.seconds == pytest.approx(free)

    asyncio.run(run())
    for index, moment in enumerate(through):
        assert index + 1 - bisect_left(through, moment - WINDOW + 1e-6) <= limit


async def test_waiters_go_in_their_order_and_a_cancelled_one_takes_nothing() -> None:
    sleeping, wake = asyncio.Event(), asyncio.Event()
    order: list[int] = []

    class Sleeper(HandClock):
        async def sleep(self, seconds: float) -> None:
            sleeping.set()
            await wake.wait()
            self.seconds += seconds

    clock = Sleeper()
    pacer = ProcessRateLimit(2, clock)

    async def call(number: int) -> None:
        await pacer.wait()
        order.append(number)

    await call(0)
    tasks = []
    for number in range(1, 6):
        tasks.append(asyncio.create_task(call(number)))
        await asyncio.sleep(0)
    await sleeping.wait()
    tasks[1].cancel()  # the one that sleeps
    tasks[3].cancel()  # one that waits its turn
    await asyncio.wait([tasks[1], tasks[3]])
    wake.set()
    await asyncio.gather(tasks[0], tasks[2], tasks[4])
    assert order == [0, 1, 3, 5]
    assert clock.seconds == 1060


async def test_a_hold_reaches_those_that_already_wait() -> None:
    class Held(HandClock):
        async def sleep(self, seconds: float) -> None:
            self.seconds += seconds
            if self.seconds == 1060:
                await pacer.hold(100)
                await pacer.hold(1)

    clock = Held()
    pacer = ProcessRateLimit(1, clock)
    await pacer.wait()
    await pacer.wait()
    assert clock.seconds == 1160


def test_no_call_at_all_is_no_limit() -> None:
    clock = HandClock()
    with pytest.raises(ValueError, match="at least one"):
        ProcessRateLimit(0, clock)

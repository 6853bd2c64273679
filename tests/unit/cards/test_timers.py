import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from services.cards.timers import CardTimers
from tests.hand_clock import StandingClock


@dataclass
class Cards:
    """Notes when it was called."""

    time: StandingClock
    calls: list[tuple[str, float]] = field(default_factory=list)
    answers: list[float | Exception | None] = field(default_factory=list)
    gate: asyncio.Event | None = None
    left_undone: list[str] = field(default_factory=list)

    async def refresh(self, draft_id: str) -> float | None:
        self.calls.append((draft_id, round(self.time.monotonic() - 1000, 3)))
        if self.gate is not None:
            await self.gate.wait()
        answer = self.answers.pop(0) if self.answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def unfinished(self) -> list[str]:
        return self.left_undone


@pytest.fixture
def cards(time: StandingClock) -> Cards:
    return Cards(time)


@pytest.fixture
async def timers(cards: Cards, time: StandingClock) -> AsyncIterator[CardTimers]:
    timers = CardTimers(cards.refresh, cards.unfinished, time)
    yield timers
    if cards.gate is not None:
        cards.gate.set()
    await timers.close()


async def test_a_burst_is_one_refresh_after_its_last(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    for _ in range(3):
        timers.soon("a")
        await time.pass_(0.3)
    await time.pass_(1)
    assert cards.calls == [("a", 1.0)]


async def test_a_long_burst_is_shown_in_between(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    for _ in range(7):
        timers.soon("a")
        await time.pass_(0.3)
    await time.pass_(1)
    assert cards.calls == [("a", 1.5), ("a", 2.2)]


async def test_drafts_do_not_wait_for_each_other(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    timers.soon("a")
    await time.pass_(0.2)
    timers.soon("b")
    await time.pass_(1)
    assert cards.calls == [("a", 0.4), ("b", 0.6)]


async def test_a_press_is_shown_without_waiting(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    timers.soon("a")
    await time.pass_(0.1)
    timers.now("a")
    await time.pass_(1)
    assert cards.calls == [("a", 0.1)]


async def test_what_comes_during_a_refresh_is_refreshed_after_it(
    timers: CardTimers, cards: Cards, time: StandingClock
) -> None:
    cards.gate = asyncio.Event()
    timers.now("a")
    await time.pass_(0.1)
    timers.soon("a")
    await time.pass_(2)
    assert cards.calls == [("a", 0.0)]
    cards.gate.set()
    await time.pass_(0.1)
    assert [draft_id for draft_id, _ in cards.calls] == ["a", "a"]


async def test_presses_during_a_refresh_are_one_after_it(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    cards.gate = asyncio.Event()
    timers.now("a")
    await time.pass_(0.1)
    for _ in range(3):
        timers.now("a")
        await time.pass_(0.1)
    assert len(cards.calls) == 1
    cards.gate.set()
    await time.pass_(2)
    assert len(cards.calls) == 2


async def test_a_refresh_can_ask_to_be_called_again(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    cards.answers = [2.0, None]
    timers.now("a")
    await time.pass_(5)
    assert cards.calls == [("a", 0.0), ("a", 2.0)]


async def test_a_fault_of_one_draft_stops_no_other(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    cards.answers = [RuntimeError("broken")]
    timers.now("a")
    await time.pass_(0)
    timers.now("b")
    timers.now("a")
    await time.pass_(0)
    assert [draft_id for draft_id, _ in cards.calls] == ["a", "b", "a"]


async def test_closing_shows_what_waits(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    timers.soon("a")
    await time.pass_(0.1)
    await timers.close()
    assert cards.calls == [("a", 0.1)]
    timers.soon("b")
    await time.pass_(1)
    assert len(cards.calls) == 1


async def test_closing_waits_for_what_is_under_way(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    cards.gate = asyncio.Event()
    timers.now("a")
    await time.pass_(0)
    closing = asyncio.create_task(timers.close())
    await time.pass_(0)
    assert not closing.done()
    cards.gate.set()
    await closing


async def test_the_sweep_takes_up_what_was_left(timers: CardTimers, cards: Cards, time: StandingClock) -> None:
    cards.left_undone = ["a", "b"]
    await timers.sweep()
    await time.pass_(1)
    assert sorted(draft_id for draft_id, _ in cards.calls) == ["a", "b"]

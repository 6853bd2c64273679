import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from services.cards.timers import CardTimers
from tests.unit.drafts.world import Time


@dataclass
class Keeper:
    """Notes when it was called."""

    time: Time
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
def keeper(time: Time) -> Keeper:
    return Keeper(time)


@pytest.fixture
async def refresher(keeper: Keeper, time: Time) -> AsyncIterator[CardTimers]:
    refresher = CardTimers(keeper.refresh, keeper.unfinished, time)
    yield refresher
    if keeper.gate is not None:
        keeper.gate.set()
    await refresher.close()


async def test_a_burst_is_one_refresh_after_its_last(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    for _ in range(3):
        refresher.soon("a")
        await time.pass_(0.3)
    await time.pass_(1)
    assert keeper.calls == [("a", 1.0)]


async def test_a_long_burst_is_shown_in_between(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    for _ in range(7):
        refresher.soon("a")
        await time.pass_(0.3)
    await time.pass_(1)
    assert keeper.calls == [("a", 1.5), ("a", 2.2)]


async def test_drafts_do_not_wait_for_each_other(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    refresher.soon("a")
    await time.pass_(0.2)
    refresher.soon("b")
    await time.pass_(1)
    assert keeper.calls == [("a", 0.4), ("b", 0.6)]


async def test_a_press_is_shown_without_waiting(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    refresher.soon("a")
    await time.pass_(0.1)
    refresher.now("a")
    await time.pass_(1)
    assert keeper.calls == [("a", 0.1)]


async def test_what_comes_during_a_refresh_is_refreshed_after_it(
    refresher: CardTimers, keeper: Keeper, time: Time
) -> None:
    keeper.gate = asyncio.Event()
    refresher.now("a")
    await time.pass_(0.1)
    refresher.soon("a")
    await time.pass_(2)
    assert keeper.calls == [("a", 0.0)]
    keeper.gate.set()
    await time.pass_(0.1)
    assert [draft_id for draft_id, _ in keeper.calls] == ["a", "a"]


async def test_presses_during_a_refresh_are_one_after_it(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    keeper.gate = asyncio.Event()
    refresher.now("a")
    await time.pass_(0.1)
    for _ in range(3):
        refresher.now("a")
        await time.pass_(0.1)
    assert len(keeper.calls) == 1
    keeper.gate.set()
    await time.pass_(2)
    assert len(keeper.calls) == 2


async def test_a_refresh_can_ask_to_be_called_again(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    keeper.answers = [2.0, None]
    refresher.now("a")
    await time.pass_(5)
    assert keeper.calls == [("a", 0.0), ("a", 2.0)]


async def test_a_fault_of_one_draft_stops_no_other(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    keeper.answers = [RuntimeError("broken")]
    refresher.now("a")
    await time.pass_(0)
    refresher.now("b")
    refresher.now("a")
    await time.pass_(0)
    assert [draft_id for draft_id, _ in keeper.calls] == ["a", "b", "a"]


async def test_closing_shows_what_waits(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    refresher.soon("a")
    await time.pass_(0.1)
    await refresher.close()
    assert keeper.calls == [("a", 0.1)]
    refresher.soon("b")
    await time.pass_(1)
    assert len(keeper.calls) == 1


async def test_closing_waits_for_what_is_under_way(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    keeper.gate = asyncio.Event()
    refresher.now("a")
    await time.pass_(0)
    closing = asyncio.create_task(refresher.close())
    await time.pass_(0)
    assert not closing.done()
    keeper.gate.set()
    await closing


async def test_the_sweep_takes_up_what_was_left(refresher: CardTimers, keeper: Keeper, time: Time) -> None:
    keeper.left_undone = ["a", "b"]
    await refresher.sweep()
    await time.pass_(1)
    assert sorted(draft_id for draft_id, _ in keeper.calls) == ["a", "b"]

import asyncio
from contextlib import AsyncExitStack
from itertools import pairwise

import pytest

from bot import rush
from bot.rush import APART_SECONDS, AT_ONCE, RUSH_SECONDS, RUSH_UPDATES, Rush
from tests.bot.hand_clock import HandClock


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_handlers_begin_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "COUNTS_SECONDS", 60)
    turns, inside, go = Rush(HandClock()), 0, asyncio.Event()

    async def handle() -> None:
        nonlocal inside
        async with turns.turn():
            inside += 1
            await go.wait()

    tasks = [asyncio.create_task(handle()) for _ in range(AT_ONCE + 3)]
    await settle()
    assert inside == AT_ONCE
    go.set()
    await asyncio.gather(*tasks)
    assert inside == AT_ONCE + 3


async def test_who_waits_long_keeps_nobody_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "COUNTS_SECONDS", 0.001)
    turns = Rush(HandClock())
    async with asyncio.timeout(120), AsyncExitStack() as stack:
        for _ in range(AT_ONCE * 3):
            await stack.enter_async_context(turns.turn())
    async with asyncio.timeout(120), AsyncExitStack() as stack:
        for _ in range(AT_ONCE):
            await stack.enter_async_context(turns.turn())


async def test_a_turn_is_given_back_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rush, "COUNTS_SECONDS", 60)
    turns = Rush(HandClock())
    for _ in range(3):
        async with turns.turn():
            pass
    async with AsyncExitStack() as stack:
        for _ in range(AT_ONCE):
            await stack.enter_async_context(turns.turn())
        waiting = asyncio.create_task(stack.enter_async_context(turns.turn()))
        await settle()
        assert not waiting.done()
        waiting.cancel()


def test_a_rush_is_many_updates_in_a_moment() -> None:
    clock = HandClock()
    turns = Rush(clock)
    for _ in range(RUSH_UPDATES - 1):
        turns.came()
    assert not turns.is_on
    turns.came()
    assert turns.is_on
    clock.forward(RUSH_SECONDS)
    assert not turns.is_on


async def test_in_a_rush_handlers_begin_one_after_the_other() -> None:
    clock = HandClock()
    begun: list[float] = []

    async def sleep(seconds: float) -> None:
        clock.forward(seconds)
        for _ in range(RUSH_UPDATES):
            turns.came()

    turns = Rush(clock, sleep)
    for _ in range(RUSH_UPDATES):
        turns.came()
    for _ in range(4):
        async with turns.turn():
            begun.append(clock.monotonic())
    assert [later - earlier for earlier, later in pairwise(begun)] == pytest.approx([APART_SECONDS] * 3)


async def test_the_end_of_a_rush_lets_all_begin() -> None:
    clock = HandClock()

    async def sleep(_seconds: float) -> None:
        clock.forward(RUSH_SECONDS)

    turns = Rush(clock, sleep)
    for _ in range(RUSH_UPDATES):
        turns.came()
    for _ in range(2):
        async with turns.turn():
            pass
    before = clock.monotonic()
    for _ in range(10):
        async with turns.turn():
            pass
    assert clock.monotonic() == before

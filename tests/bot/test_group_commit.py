import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

import pytest

from bot import group_commit
from bot.group_commit import GroupCommit, NotTakenError
from bot.updates import Incoming
from services.inbox import Arrived


def update(number: int) -> Incoming:
    return Incoming(Arrived(number, "lane", "{}"), "message")


class Store:
    """Commits that wait at a gate."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = asyncio.Event()
        self.gate = asyncio.Event()
        self.error: Exception | None = None

    async def take(self, items: Sequence[Incoming]) -> None:
        self.batches.append([item.arrived.update_id for item in items])
        self.begun.set()
        await self.gate.wait()
        if self.error is not None:
            raise self.error


@asynccontextmanager
async def running(store: Store, wait: float = 5) -> AsyncIterator[GroupCommit[Incoming]]:
    commits = GroupCommit(store.take, wait)
    work = asyncio.create_task(commits.run())
    await asyncio.sleep(0)
    try:
        yield commits
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def test_who_comes_during_a_commit_shares_the_next_in_order() -> None:
    store = Store()
    async with running(store) as commits:
        first = asyncio.create_task(commits.put(update(0)))
        await store.begun.wait()
        others = [asyncio.create_task(commits.put(update(number))) for number in range(1, 6)]
        await asyncio.sleep(0)
        store.gate.set()
        await asyncio.gather(first, *others)
    assert store.batches == [[0], [1, 2, 3, 4, 5]]


async def test_nobody_is_answered_before_the_commit() -> None:
    store = Store()
    async with running(store) as commits:
        put = asyncio.create_task(commits.put(update(0)))
        await store.begun.wait()
        assert not put.done()
        store.gate.set()
        await put


async def test_outage_is_told_to_all_of_the_batch_and_to_nobody_after() -> None:
    store = Store()
    store.error = ConnectionError()
    store.gate.set()
    async with running(store) as commits:
        outcomes = await asyncio.gather(commits.put(update(1)), commits.put(update(2)), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [NotTakenError, NotTakenError]
        store.error = None
        await commits.put(update(3))


async def test_batches_have_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_AT_ONCE", 2)
    store = Store()
    store.gate.set()
    async with running(store) as commits:
        await asyncio.gather(*(commits.put(update(number)) for number in range(5)))
    assert store.batches == [[0, 1], [2, 3], [4]]


async def test_too_many_waiting_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_WAITING", 1)
    store = Store()
    async with running(store) as commits:
        first = asyncio.create_task(commits.put(update(0)))
        await store.begun.wait()
        second = asyncio.create_task(commits.put(update(1)))
        await asyncio.sleep(0)
        with pytest.raises(NotTakenError):
            await commits.put(update(2))
        store.gate.set()
        await asyncio.gather(first, second)


async def test_hung_commit_sends_away_in_time() -> None:
    store = Store()
    async with running(store, wait=0.01) as commits:
        with pytest.raises(NotTakenError):
            await commits.put(update(0))


async def test_the_end_sends_everybody_away() -> None:
    store = Store()
    async with running(store) as commits:
        waiting = [asyncio.create_task(commits.put(update(number))) for number in range(3)]
        await store.begun.wait()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [NotTakenError] * 3
    with pytest.raises(NotTakenError):
        await commits.put(update(9))

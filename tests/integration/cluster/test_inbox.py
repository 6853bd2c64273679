import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.clock import Clock
from services.inbox import Arrived, Inbox, Turn, prune_inbox
from services.store.database import Database, open_database

BOT = 700


def item(number: int, lane: str = "1:1") -> Arrived:
    return Arrived(number, lane, f'{{"update_id": {number}}}')


@pytest.fixture
def one(postgres_database: Database) -> Inbox:
    return Inbox(postgres_database, Clock(), BOT, "one")


@pytest.fixture
def other(postgres_database: Database) -> Inbox:
    return Inbox(postgres_database, Clock(), BOT, "other")


async def test_an_update_given_to_two_processes_at_once_is_new_to_one(one: Inbox, other: Inbox) -> None:
    new = await asyncio.gather(*(inbox.store([item(1), item(2)]) for inbox in (one, other) for _ in range(3)))
    assert sorted(update.update_id for batch in new for update in batch) == [1, 2]


async def test_what_a_dead_process_took_is_taken_over_once_and_in_order(one: Inbox, other: Inbox) -> None:
    await one.store([item(3), item(1), item(2, "2:2")])
    assert await other.take_abandoned({"one", "other"}) == []
    assert await other.take_abandoned(None) == []
    taken, again = await asyncio.gather(other.take_abandoned({"other"}), other.take_abandoned({"other"}))
    assert [update.update_id for update in (*taken, *again)] == [1, 2, 3]
    assert await other.take_abandoned({"other"}) == []


async def test_what_a_process_gives_back_is_taken_though_nobody_may_be_declared_dead(one: Inbox, other: Inbox) -> None:
    await one.store([item(1), item(2)])
    await one.handled(1)
    await one.give_back()
    assert await other.take_abandoned(None) == [item(2)]


async def test_a_lane_keeps_its_order_whoever_holds_its_updates(one: Inbox, other: Inbox) -> None:
    await one.store([item(1)])
    await other.store([item(2), item(3, "2:2")])
    assert await other.turn(item(2)) is Turn.LATER
    assert await other.turn(item(3, "2:2")) is Turn.NOW
    assert await one.turn(item(1)) is Turn.NOW
    await one.handled(1)
    assert await other.turn(item(2)) is Turn.NOW


async def test_who_was_silent_for_too_long_has_lost_its_updates(one: Inbox, other: Inbox) -> None:
    await one.store([item(1)])
    await other.take_abandoned({"other"})
    assert await one.turn(item(1)) is Turn.LOST
    assert await other.turn(item(1)) is Turn.NOW
    await other.handled(1)
    assert await one.turn(item(1)) is Turn.LOST


async def test_numbers_of_another_bot_are_other_numbers(one: Inbox, postgres_database: Database) -> None:
    stranger = Inbox(postgres_database, Clock(), BOT + 1, "stranger")
    assert await one.store([item(1)]) == [item(1)]
    assert await stranger.store([item(1)]) == [item(1)]
    assert await stranger.take_abandoned(()) == [item(1)]
    await stranger.handled(1)
    assert await one.turn(item(1)) is Turn.NOW


async def test_old_numbers_go_whoever_they_were_for(one: Inbox) -> None:
    await one.store([item(1)])
    await one.database.write(prune_inbox, Clock().now() + timedelta(seconds=1))
    assert await one.store([item(1)]) == [item(1)]


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Inbox]:
    database = await open_database(f"sqlite:///{tmp_path / 'one.sqlite3'}")
    yield Inbox(database, Clock(), BOT, "new")
    await database.close()


async def test_the_only_process_takes_what_its_predecessor_left(alone: Inbox) -> None:
    await alone.store([item(2), item(1)])
    assert await alone.take_abandoned(()) == [item(1), item(2)]
    assert await alone.turn(item(2)) is Turn.NOW

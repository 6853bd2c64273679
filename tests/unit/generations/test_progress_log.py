"""Where streams stand reaches the rows late, together and newest only, and never takes a row back."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import cast

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from services.generations.model import Generation, State
from services.generations.progress import PAUSE_SECONDS, ProgressLog
from services.store.database import Database
from tests.hand_clock import HandClock
from tests.unit.generations.bench import Bench
from tests.unit.generations.fates import MortalDatabase


@pytest.fixture
async def here(each_database: Database) -> AsyncIterator[Bench]:
    made = Bench(MortalDatabase(each_database.engine))
    yield made
    made.close()


async def running(here: Bench) -> Generation:
    return await here.take(await here.place())


async def stands(here: Bench, generation: Generation) -> tuple[State, str]:
    row = await here.get(generation.id)
    return row.state, row.note


def outage(here: Bench, moment: str, meanwhile: Callable[[], None] = lambda: None) -> None:
    """Let the database fail once, at such an event of the next transaction."""
    engine = here.database.engine

    def fail(*_: object) -> None:
        event.remove(engine, moment, fail)
        meanwhile()
        raise OperationalError("no", {}, OSError("gone"))

    event.listen(engine, moment, fail)


async def test_the_newest_of_each_is_written(here: Bench) -> None:
    one, two = await running(here), await running(here)
    here.log.note(replace(one, state=State.STARTING))
    here.log.note(replace(two, state=State.STARTING, note="odd"))
    here.log.note(replace(one, state=State.PROCESSING, note="really"))
    await here.log.write()
    assert await stands(here, one) == (State.PROCESSING, "really")
    assert await stands(here, two) == (State.STARTING, "odd")


async def test_a_word_is_written_without_a_new_state(here: Bench) -> None:
    one = await running(here)
    for note in ("odd", "odder", ""):
        here.log.note(replace(one, note=note))
        await here.log.write()
        assert await stands(here, one) == (State.SUBMITTING, note)


async def test_an_older_state_is_not_written_over_a_newer_one(here: Bench) -> None:
    one = await running(here)
    await here.rows.move(one, State.PROCESSING, "new")
    here.log.note(replace(one, state=State.STARTING, note="old"))
    await here.log.write()
    assert await stands(here, one) == (State.PROCESSING, "new")


async def test_a_late_write_takes_no_row_back(here: Bench) -> None:
    moved = (State.RECONCILING, State.DELIVERING, State.DONE, State.FAILED, State.CANCELLED)
    ones, other = {state: await running(here) for state in moved}, await running(here)
    for each in (*ones.values(), other):
        here.log.note(replace(each, state=State.PROCESSING, note="late"))
    for state, one in ones.items():
        await here.rows.move(one, state, "kept")
    await here.log.write()
    assert [await stands(here, one) for one in ones.values()] == [(state, "kept") for state in moved]
    assert await stands(here, other) == (State.PROCESSING, "late")


async def test_a_run_that_was_overtaken_writes_nothing(here: Bench) -> None:
    noted = (State.SUBMITTING, State.STARTING, State.UPLOADING, State.PROCESSING)
    ones = [replace(await running(here), state=state, note="late") for state in noted]
    for one in ones:
        here.log.note(one)
        await here.take(one.id)
    await here.log.write()
    assert [await stands(here, one) for one in ones] == [(State.SUBMITTING, "")] * len(ones)


async def test_an_outage_keeps_what_was_noted(here: Bench) -> None:
    one, two = await running(here), await running(here)
    before = (State.SUBMITTING, "")
    for moment in ("begin", "before_cursor_execute", "commit"):
        after = (State.STARTING, moment)
        for each in (one, two):
            here.log.note(replace(each, state=State.STARTING, note=moment))
        outage(here, moment)
        await here.log.write()
        assert [await stands(here, one), await stands(here, two)] == [before] * 2
        await here.log.write()
        assert [await stands(here, one), await stands(here, two)] == [after] * 2
        before = after


async def test_what_was_noted_during_an_outage_wins_over_what_was_kept(here: Bench) -> None:
    one, two = await running(here), await running(here)
    for each in (one, two):
        here.log.note(replace(each, state=State.STARTING))
    outage(here, "commit", lambda: here.log.note(replace(one, state=State.PROCESSING)))
    await here.log.write()
    await here.log.write()
    assert await stands(here, one) == (State.PROCESSING, "")
    assert await stands(here, two) == (State.STARTING, "")


async def test_what_the_database_refuses_for_good_holds_nothing_up(here: Bench) -> None:
    bad, good = await running(here), await running(here)
    here.log.note(replace(bad, state=State.STARTING, note=cast("str", None)))
    await here.log.write()
    here.log.note(replace(good, state=State.STARTING))
    await here.log.write()
    assert (await stands(here, good))[0] is State.STARTING
    assert (await stands(here, bad))[0] is State.SUBMITTING


async def test_many_streams_share_one_transaction(here: Bench) -> None:
    states = [State.STARTING, State.UPLOADING, State.PROCESSING] * 4
    noted = [replace(await running(here), state=state) for state in states]
    for one in noted:
        here.log.note(one)
    counted: list[str] = []
    for moment in ("begin", "commit"):
        event.listen(here.database.engine, moment, lambda _, moment=moment: counted.append(moment))
    await here.log.write()
    assert counted == ["begin", "commit"]
    # What was written is not written again.
    await here.log.write()
    assert counted == ["begin", "commit"]
    assert [(await here.get(one.id)).state for one in noted] == states


class PausedClock(HandClock):
    """A clock whose waits last until the test ends them."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []
        self.begun, self.over = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.begun.release()
        await self.over.acquire()


class Paused(ProgressLog):
    """A log on such a clock."""

    def __init__(self, database: Database) -> None:
        self.paused = PausedClock()
        super().__init__(database, self.paused)
        self._through = asyncio.Semaphore(0)

    async def write(self) -> None:
        await super().write()
        self._through.release()

    async def pause(self) -> None:
        """Wait for the next one."""
        async with asyncio.timeout(120):
            await self.paused.begun.acquire()

    async def go_on(self) -> None:
        """End the pause, and wait until what follows is done."""
        self.paused.over.release()
        async with asyncio.timeout(120):
            await self._through.acquire()


async def test_it_writes_a_pause_after_the_first_note_and_again(here: Bench) -> None:
    one, log = await running(here), Paused(here.database)
    working = asyncio.create_task(log.run())
    before = State.SUBMITTING
    for state in (State.STARTING, State.UPLOADING, State.PROCESSING):
        log.note(replace(one, state=state))
        await log.pause()
        assert await stands(here, one) == (before, "")
        await log.go_on()
        assert await stands(here, one) == (state, "")
        before = state
    assert log.paused.pauses == [PAUSE_SECONDS] * 3
    working.cancel()
    await asyncio.wait({working})
    assert working.cancelled()


async def test_it_tries_again_by_itself_after_an_outage(here: Bench) -> None:
    one, log = await running(here), Paused(here.database)
    working = asyncio.create_task(log.run())
    log.note(replace(one, state=State.STARTING))
    outage(here, "commit")
    for expected in (State.SUBMITTING, State.STARTING):
        await log.pause()
        await log.go_on()
        assert await stands(here, one) == (expected, "")
    working.cancel()
    await asyncio.wait({working})

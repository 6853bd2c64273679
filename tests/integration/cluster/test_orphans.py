"""Who works on what: claims and take-overs of several processes on one database."""

import asyncio
from dataclasses import dataclass, field

import pytest
from sqlalchemy import update

from services.changes import Changes
from services.clock import Clock
from services.generations.model import Generation, Order, Placed, State
from services.generations.queue import UNTOLD, Limits, Queue
from services.generations.worker import Worker
from services.options import VideoOptions
from services.photos.model import PhotoKind, PhotoRef
from services.store.database import Database
from services.store.schema import GenerationRow
from services.telemetry import Contact
from tests.hand_clock import HandClock
from tests.unit.generations.rows import Rows

PHOTO = PhotoRef(file_id="f", unique_id="u", kind=PhotoKind.PHOTO, size=1, mime_type="", file_name="")


class Members:
    """Who lives, as the test says."""

    is_leader = True

    def __init__(self, *names: str) -> None:
        self.names: set[str] | None = set(names)

    async def alive(self) -> set[str] | None:
        return self.names


@dataclass
class Process:
    """One process; what it runs goes on until it is killed."""

    name: str
    database: Database
    clock: HandClock
    members: Members
    runs: list[Generation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = Rows(self.database, self.clock)
        limits = Limits(max_active=20, max_active_per_user=20, max_queued_per_user=20, daily_videos_per_user=0)
        self.queue = Queue(self.database, self.clock, limits, lambda: "g", Changes(self.database, Clock()))
        self.worker = Worker(
            self.name,
            self.database,
            self.queue,
            self,  # type: ignore[arg-type]
            self.show_place,
            self.members,  # type: ignore[arg-type]
            Contact(self.clock),
        )
        self.fails = False

    async def advance(self, generation: Generation) -> Generation | None:
        self.runs.append(generation)
        if self.fails:
            raise OSError("no space left")
        await asyncio.Event().wait()
        return None

    async def show_place(self, _generation: Generation, _position: int) -> None:
        return

    async def mend(self) -> None:
        await self.worker.mend()
        await asyncio.sleep(0)

    async def claim(self) -> None:
        await self.worker.claim()
        await asyncio.sleep(0)

    async def die(self) -> None:
        await self.worker.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


async def queued(process: Process) -> str:
    order = Order("key", 5, None, 5, "en", 1, 9, "a boat", VideoOptions(), (PHOTO,))
    placed = await process.database.write(process.queue.place, order)
    assert isinstance(placed, Placed)
    return placed.generation_id


async def test_processes_that_claim_at_once_run_it_once(postgres_database: Database, clock: HandClock) -> None:
    processes = [Process(name, postgres_database, clock, Members("a", "b", "c")) for name in "abc"]
    generation_id = await queued(processes[0])
    await asyncio.gather(*(process.claim() for process in processes))
    assert [run.id for process in processes for run in process.runs] == [generation_id]


async def test_processes_that_find_one_orphan_at_once_run_it_once(
    postgres_database: Database, clock: HandClock
) -> None:
    dead, *processes = [Process(name, postgres_database, clock, Members("a", "b", "c")) for name in ("dead", *"abc")]
    orphan = await queued(dead)
    await dead.claim()
    assert [run.epoch for run in dead.runs] == [1]
    await asyncio.gather(*(process.mend() for process in processes))
    assert [(run.id, run.epoch) for process in processes for run in process.runs] == [(orphan, 2)]
    await asyncio.gather(*(process.mend() for process in processes))
    assert sum(len(process.runs) for process in processes) == 1


async def test_who_took_an_orphan_and_died_is_followed_by_another(
    postgres_database: Database, clock: HandClock
) -> None:
    await queued(first := Process("p0", postgres_database, clock, Members("p0")))
    await first.claim()
    for number in (1, 2, 3):
        name = f"p{number}"
        heir = Process(name, postgres_database, clock, Members(name))
        await heir.mend()
        assert [run.epoch for run in heir.runs] == [number + 1]


async def test_a_living_processs_work_is_left_alone_and_nobody_acts_on_doubt(
    postgres_database: Database, clock: HandClock
) -> None:
    members = Members("a", "b")
    one, other = Process("a", postgres_database, clock, members), Process("b", postgres_database, clock, members)
    await queued(one)
    await one.claim()
    await other.mend()
    members.names = None
    await other.mend()
    assert other.runs == []
    members.names = {"b"}
    await other.mend()
    assert len(other.runs) == 1


async def test_a_run_of_its_own_that_failed_is_taken_up_again_and_no_other(
    postgres_database: Database, clock: HandClock
) -> None:
    one = Process("a", postgres_database, clock, Members("a"))
    await queued(one)
    one.fails = True
    await one.claim()
    one.fails = False
    await one.mend()
    await one.mend()
    assert [run.epoch for run in one.runs] == [1, 2]


async def test_a_process_that_woke_up_may_take_its_own_work_back(postgres_database: Database, clock: HandClock) -> None:
    one, other = (
        Process("a", postgres_database, clock, Members("a")),
        Process("b", postgres_database, clock, Members("b")),
    )
    await queued(one)
    await one.claim()
    await other.mend()
    # Its old run has not met the fence yet.
    await one.mend()
    assert [run.epoch for run in one.runs] == [1, 3]


async def test_rows_of_an_earlier_version_belong_to_nobody(postgres_database: Database, clock: HandClock) -> None:
    await queued(old := Process("old", postgres_database, clock, Members("old", "a")))
    await old.claim()
    await postgres_database.write(lambda session: session.execute(update(GenerationRow).values(taken_by=None)))
    one = Process("a", postgres_database, clock, Members("old", "a"))
    await one.mend()
    assert len(one.runs) == 1


async def test_an_end_that_was_told_leaves_no_orphan(postgres_database: Database, clock: HandClock) -> None:
    one = Process("a", postgres_database, clock, Members("a"))
    orphan = await queued(one)
    await one.claim()
    (seen,) = await one.queue.leases()
    await one.rows.mark_final_shown(orphan)
    assert await one.rows.take_over(seen, "b") is None


async def test_an_end_that_a_button_made_is_left_to_the_button_for_a_while(
    postgres_database: Database, clock: HandClock
) -> None:
    one = Process("a", postgres_database, clock, Members("a"))
    await one.rows.request_cancel(await queued(one))
    await one.mend()
    assert one.runs == []
    clock.forward(UNTOLD.total_seconds())
    await one.mend()
    assert [run.state for run in one.runs] == [State.CANCELLED]

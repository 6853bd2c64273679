import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.changes import Changes
from services.clock import SystemClock
from services.contact import Contact
from services.generations.dispatcher import Dispatcher
from services.generations.engine import Job
from services.generations.model import Generation, Order, Placed
from services.generations.queue import Limits, Queue
from services.generations.repository import GenerationRows
from services.photos.model import PhotoKind, PhotoRef
from services.store.database import Database
from tests.access.world import ManualClock

GRACE = timedelta(seconds=10)


class Members:
    """Who lives, as the test says."""

    speaks = True

    def __init__(self, *names: str) -> None:
        self.names: set[str] | None = set(names)

    async def living(self) -> set[str] | None:
        return self.names


class Jobs:
    """The job engine of all processes; a start takes a moment, as the real one's does."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.abandoned: list[str] = []

    def of(self, executor: str) -> "JobsOf":
        return JobsOf(self, executor)


class JobsOf:
    def __init__(self, all_jobs: Jobs, executor: str) -> None:
        self._all = all_jobs
        self._executor = executor

    async def start(self, generation_id: str, run: int) -> None:
        await asyncio.sleep(0)
        self._all.jobs.append(Job(f"{generation_id}:{run}", generation_id, self._executor))

    async def unfinished(self) -> Sequence[Job]:
        return [job for job in self._all.jobs if job.id not in self._all.abandoned]

    async def abandon(self, job_ids: Sequence[str]) -> None:
        self._all.abandoned += job_ids


class Board:
    async def waiting(self, generation: Generation, position: int) -> None:
        return


class Process:
    """What one process has of it."""

    def __init__(self, name: str, database: Database, clock: ManualClock, jobs: Jobs, members: Members) -> None:
        self.rows = GenerationRows(database, clock)
        limits = Limits(max_active=20, max_active_per_user=20, max_queued_per_user=20, daily_videos_per_user=0)
        self.queue = Queue(database, clock, limits, lambda: f"g-{name}", Changes(database, SystemClock()))
        self.dispatcher = Dispatcher(
            self.queue, self.rows, jobs.of(name), Board(), members, GRACE, asyncio.Event(), Contact(clock)
        )

    async def mend(self) -> None:
        await self.dispatcher._mend()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def turn(process: Process, database: Database) -> str:
    """Give a generation its turn, and no job."""
    photo = PhotoRef(file_id="f", unique_id="u", kind=PhotoKind.PHOTO, size=1, mime_type="", file_name="")
    order = Order("key", 5, None, 5, "en", 1, 9, "a boat", 1, (photo,))
    async with database.old_write() as session:
        placed = await process.queue.place(session, order)
    assert isinstance(placed, Placed)
    assert [turn.id for turn in await process.queue.start_next()] == [placed.generation_id]
    return placed.generation_id


async def test_processes_that_find_one_orphan_at_once_make_one_job(
    postgres_database: Database, clock: ManualClock
) -> None:
    jobs, members = Jobs(), Members("a", "b", "c")
    processes = [Process(name, postgres_database, clock, jobs, members) for name in "abc"]
    orphan = await turn(processes[0], postgres_database)
    jobs.jobs.append(Job(f"{orphan}:0", orphan, "dead"))
    clock.pass_(60)
    await asyncio.gather(*(process.mend() for process in processes))
    # Also one that looks again before the new job shows.
    shown, jobs.jobs = jobs.jobs, [job for job in jobs.jobs if job.executor_id == "dead"]
    await processes[1].mend()
    jobs.jobs = shown + jobs.jobs[1:]
    assert [job.id for job in jobs.jobs] == [f"{orphan}:0", f"{orphan}:1"]
    # Marking a dead job as ended may be done by several, and twice: nothing comes of it.
    assert set(jobs.abandoned) == {f"{orphan}:0"}


async def test_a_turn_that_was_given_a_moment_ago_is_no_orphan(postgres_database: Database, clock: ManualClock) -> None:
    jobs = Jobs()
    one = Process("a", postgres_database, clock, jobs, Members("a"))
    orphan = await turn(one, postgres_database)
    clock.pass_(GRACE.total_seconds() - 1)
    await one.mend()
    assert jobs.jobs == []
    clock.pass_(2)
    await one.mend()
    assert [job.id for job in jobs.jobs] == [f"{orphan}:1"]


async def test_who_took_an_orphan_and_died_is_followed_by_another(
    postgres_database: Database, clock: ManualClock
) -> None:
    jobs = Jobs()
    members = Members("a", "b")
    one = Process("a", postgres_database, clock, jobs, members)
    orphan = await turn(one, postgres_database)
    for epoch in (1, 2, 3):
        clock.pass_(60)
        await one.mend()
        assert jobs.jobs[-1].id == f"{orphan}:{epoch}"
        jobs.jobs[-1] = Job(jobs.jobs[-1].id, orphan, "dead")


async def test_a_living_processs_work_is_left_alone_and_nobody_acts_on_doubt(
    postgres_database: Database, clock: ManualClock
) -> None:
    jobs, members = Jobs(), Members("a", "b")
    one = Process("a", postgres_database, clock, jobs, members)
    orphan = await turn(one, postgres_database)
    jobs.jobs.append(Job(f"{orphan}:0", orphan, "b"))
    clock.pass_(60)
    await one.mend()
    members.names = None
    jobs.jobs[0] = Job(f"{orphan}:0", orphan, "dead")
    await one.mend()
    assert len(jobs.jobs) == 1
    assert jobs.abandoned == []


async def test_an_end_that_was_told_leaves_no_orphan(postgres_database: Database, clock: ManualClock) -> None:
    one = Process("a", postgres_database, clock, Jobs(), Members("a"))
    orphan = await turn(one, postgres_database)
    clock.pass_(60)
    (seen,) = await one.queue.unfinished(GRACE)
    await one.rows.mark_final_shown(orphan)
    assert not await one.rows.take_over(seen)

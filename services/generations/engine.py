"""The job engine: DBOS Transact behind one door. Jobs outlive the process; a job is a generation's id and no more.

DBOS is one instance for each process, which is its own design. Source: the DBOS Transact documentation, and what was
measured: the version must be fixed, or waiting jobs are stranded; its own recovery at the start, which goes by the
executor id, takes a second longer than the search for jobs of dead processes, which works on any number of processes.
"""

import asyncio
import logging
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy import make_url
from structlog import get_logger

from services.generations.jobs_file import JobsConnection
from services.generations.model import Generation

APPLICATION_VERSION = "1"
"""Raised only when the steps of waiting jobs can no longer be replayed."""

HELD_SECONDS = 3.0
HELD_PAUSE_SECONDS = 1.0

EXECUTOR_THREADS = 8
CONNECTIONS = 5
"""To the database, for each process; PostgreSQL lets a hundred in by default, and the engine alone would take 20."""

UNFINISHED = ["PENDING", "ENQUEUED", "DELAYED"]
ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
PRUNED_AT_ONCE = 1000

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """A job that has not ended.

    Attributes:
        id: The job engine's id.
        generation_id: What it works on.
        executor_id: The process that runs it; empty when this process should and does not.
    """

    id: str
    generation_id: str
    executor_id: str


Begin = Callable[[str], Awaitable[Generation | None]]
Advance = Callable[[Generation], Awaitable[Generation | None]]


class Engine:
    """Runs generations as durable jobs.

    Args:
        database_url: ``sqlite:///…`` (a file of the engine's own) or ``postgresql://…``.
        executor_id: This process; unique among those that ever were.
        begin: Takes a generation for a run.
        advance: Goes through its next phase.
    """

    def __init__(self, database_url: str, executor_id: str, begin: Begin, advance: Advance) -> None:
        self._url = database_url
        self._executor_id = executor_id
        self._begin = begin
        self._advance = advance
        self._job: Callable[[str], Coroutine[Any, Any, None]] | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._here: set[str] = set()

    async def launch(self) -> None:
        """Start. A file that another process holds is waited for, since the engine itself would not."""
        while not await asyncio.to_thread(self._prepare_file):
            log.warning("jobs_database_is_held", hint="another process holds its lock; waiting")
            await asyncio.sleep(HELD_PAUSE_SECONDS)
        config: DBOSConfig = {
            "name": "pho2video",
            "system_database_url": self._url,
            "executor_id": self._executor_id,
            "application_version": APPLICATION_VERSION,
            "max_executor_threads": EXECUTOR_THREADS,
            "sys_db_pool_size": CONNECTIONS,
            "log_level": "WARNING",
            "enable_otlp": False,
        }
        if make_url(self._url).get_backend_name() == "sqlite":
            config["db_engine_kwargs"] = {"connect_args": {"factory": JobsConnection}}
        DBOS(config=config)

        async def generation(generation_id: str) -> None:
            try:
                await self._run(generation_id)
            finally:
                self._here.discard(DBOS.workflow_id or "")

        logging.getLogger("dbos").addFilter(tell_of_taken_jobs)
        # A function, for the decorator writes attributes on what it wraps, which a bound method refuses.
        self._job = DBOS.workflow(name="generation", max_recovery_attempts=1_000_000)(generation)
        try:
            # Coroutines run on the loop that launches, so that this must not go to a thread; it takes little time.
            DBOS.launch()
        except BaseException:
            # Half launched it would say that it was launched already when it is asked again.
            DBOS.destroy(destroy_registry=True)
            _replace_threads()
            raise

    async def start(self, generation_id: str, run: int) -> None:
        """Start a job; the same pair never starts a second one.

        Args:
            generation_id: What to work on.
            run: Tells a later job for the same generation from an earlier one.
        """
        assert self._job is not None
        job_id = f"{generation_id}:{run}"
        self._here.add(job_id)
        try:
            with SetWorkflowID(job_id):
                await DBOS.start_workflow_async(self._job, generation_id)
        except BaseException:
            self._here.discard(job_id)
            raise

    async def unfinished(self) -> list[Job]:
        """The jobs that have not ended, of all processes."""
        jobs = await DBOS.list_workflows_async(status=UNFINISHED, load_input=False, load_output=False)
        return [Job(job.workflow_id, job.workflow_id.rpartition(":")[0], self._runner(job)) for job in jobs]

    def _runner(self, job: WorkflowStatus) -> str:
        """Who runs a job. A full disk ends one of this process and keeps its record from being told."""
        runner = job.executor_id or ""
        return "" if runner == self._executor_id and job.workflow_id not in self._here else runner

    async def abandon(self, job_ids: Sequence[str]) -> None:
        """Mark jobs of dead processes as ended; their generations have new ones."""
        if job_ids:
            await DBOS.cancel_workflows_async(list(job_ids))

    async def prune(self, before: datetime) -> int:
        """Delete the records of jobs that ended long ago.

        Args:
            before: Jobs that ended before it are deleted.

        Returns:
            How many.
        """
        jobs = await DBOS.list_workflows_async(
            status=ENDED,
            completed_before=before.astimezone(UTC).isoformat(),
            limit=PRUNED_AT_ONCE,
            load_input=False,
            load_output=False,
        )
        if jobs:
            await DBOS.delete_workflows_async([job.workflow_id for job in jobs])
        return len(jobs)

    async def shutdown(self) -> None:
        """Stop. Jobs under way are left as they are, to be taken over."""
        # It warns of every job that is cut off, which is what a stop does, and keeps no record of that.
        logging.getLogger("dbos").setLevel(logging.ERROR)
        # The jobs end first: DBOS made its threads the loop's own and takes them with it, and a job that has none
        # left to work with would take that for a fault of its generation.
        running = set(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running)
        await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        _replace_threads()

    async def _run(self, generation_id: str) -> None:
        """Go on from where the row stands, to the end.

        There are no steps of the engine's: a phase begins from the row and leaves its outcome in it. A record of the
        engine's beside that would be a second truth, and cost four statements for each phase.
        """
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        current = await self._begin(generation_id)
        while current is not None:
            current = await self._advance(current)

    def _prepare_file(self) -> bool:
        """Whether the file can be written now."""
        url = make_url(self._url)
        if url.get_backend_name() != "sqlite" or not url.database:
            return True
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(url.database, timeout=HELD_SECONDS, isolation_level=None)) as connection:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("BEGIN IMMEDIATE")
                connection.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF not in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
                    raise
                return False
        return True


def tell_of_taken_jobs(record: logging.LogRecord) -> bool:
    """Say in one line what the engine says with a traceback: another process has taken a job over.

    That is the end of every job of a process that stood still for too long, and no fault.

    Returns:
        Whether the engine's own line is to be logged.
    """
    error = record.exc_info[1] if record.exc_info else None
    if not isinstance(error, (dbos_error.DBOSAwaitedWorkflowCancelledError, dbos_error.DBOSWorkflowCancelledError)):
        return True
    log.warning("job_was_taken_over")
    return False


def _replace_threads() -> None:
    """Give the loop threads again: the engine made its own the loop's, and took them with it."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="after-jobs"))

"""The rows of generations. What a run changes is fenced by its epoch: a run that was overtaken changes nothing."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from services.clock import Clock
from services.failures import Failure
from services.generations.matching import HistoryBefore
from services.generations.model import FINAL, Generation, Lease, State
from services.generations.rows import Work, change, changed_row, load
from services.generations.statements import ARM, DISARM, SHOWN, STATUS_MESSAGE, TAKE_OVER, moving
from services.store.database import Database
from services.store.schema import NO_MESSAGE, GenerationRow


class RunOvertakenError(Exception):
    """Another run has taken the generation, or it has ended: this run must stop and touch nothing."""


class GenerationRows:
    """What a run and the buttons do to rows, each in a transaction of its own.

    Args:
        database: Where the rows are.
        clock: Tells the time.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def get(self, generation_id: str) -> Generation | None:
        """Read one generation, or None."""
        async with self._database.look() as connection:
            return await load(connection, generation_id)

    @property
    def are_shared(self) -> bool:
        """Whether other processes may work on the same rows."""
        return not self._database.is_sqlite

    async def went_on_elsewhere(self, known: Generation) -> bool:
        """Whether another process has begun, taken over or ended a generation since; False while nobody can tell.

        Args:
            known: The generation as this process knows it.
        """
        if not self.are_shared:
            return False
        query = select(GenerationRow.epoch, GenerationRow.state).where(GenerationRow.id == known.id)
        try:
            async with self._database.look() as connection:
                row = (await connection.execute(query)).first()
        except (SQLAlchemyError, OSError):
            return False
        if row is None or row.epoch != known.epoch:
            return True
        state = State(row.state)
        return state is not known.state and (state in FINAL or known.state is State.QUEUED)

    async def take_over(self, lease: Lease, process_id: str) -> Generation | None:
        """Make a generation this process's, and stop the run that had it, should that wake up.

        Returns:
            The generation, or None when somebody was faster, or its end was told.
        """
        orphan = {"run_id": lease.id, "run_epoch": lease.epoch, "process": process_id}
        async with self._database.write_one() as connection:
            return await changed_row(connection, TAKE_OVER, orphan)

    async def move(self, run: Generation, state: State, note: str = "", **values: object) -> Generation:
        """Go to another state, or stay and change the note.

        Args:
            run: The generation as this run knows it; its epoch is the fence.
            state: Where to go.
            note: The service's word to show.
            **values: More columns to set in the same transaction.

        Raises:
            RunOvertakenError: The row is another run's, or the state machine forbids the move.
        """
        async with self._database.write_one() as connection:
            return await move_in(connection, run, state, note, self._clock.now(), **values)

    async def arm(self, run: Generation, before: HistoryBefore | None = None) -> Generation | None:
        """Commit that the paid POST is about to be made. From here on it may have been made.

        Args:
            run: The generation.
            before: What the history held, as far as that is known.

        Returns:
            The generation, or None when the person has asked to cancel.

        Raises:
            RunOvertakenError: The row is another run's, or armed already.
        """
        now = self._clock.now()
        async with self._database.write_one() as connection:
            history = None if before is None else before.to_json()
            armed = await changed_row(connection, ARM, _of(run) | {"now": now, "history": history}, run.photos)
            if armed is not None:
                return armed
            fresh = await load(connection, run.id)
        if fresh is None or fresh.epoch != run.epoch:
            raise RunOvertakenError
        if fresh.cancel_requested_at is not None and fresh.armed_at is None:
            return None
        raise RunOvertakenError

    async def fail(self, run: Generation, failure: Failure) -> Generation:
        """End in failure.

        Raises:
            RunOvertakenError: The row is another run's, or it has ended.
        """
        return await self.move(
            run,
            State.FAILED,
            failure_kind=failure.kind.value,
            failure_reason=failure.reason,
            charged=failure.charged.value,
        )

    async def disarm(self, run: Generation) -> Generation:
        """Take the arming back: the attempt was provably not accepted.

        Raises:
            RunOvertakenError: The row is another run's.
        """
        async with self._database.write_one() as connection:
            disarmed = await changed_row(connection, DISARM, _of(run), run.photos)
        if disarmed is None:
            raise RunOvertakenError
        return disarmed

    async def status_message(self, generation_id: str) -> int | None:
        """Which message is the status message, or None while there is none."""
        query = select(GenerationRow.status_message_id).where(GenerationRow.id == generation_id)
        async with self._database.look() as connection:
            found: int | None = await connection.scalar(query)
        return found

    async def set_status_message(self, generation: Generation, message_id: int) -> bool:
        """Remember which message is the status message from now on.

        Args:
            generation: With the status message that the new one replaces, or None where there was none.
            message_id: The new one.

        Returns:
            Whether it is; not when another one took that place in the meantime.
        """
        messages = {"known": generation.status_message_id, "new": message_id}
        async with self._database.write_one() as connection:
            changed = await connection.execute(STATUS_MESSAGE, {"run_id": generation.id} | messages)
        return changed.rowcount > 0

    async def mark_final_shown(self, generation_id: str) -> None:
        """Remember that the requester was told the end."""
        async with self._database.write_one() as connection:
            await connection.execute(SHOWN, {"run_id": generation_id, "now": self._clock.now()})

    async def request_cancel(
        self, generation_id: str, announce: Callable[[AsyncSession], Awaitable[None]] | None = None
    ) -> Generation | None:
        """Note that the person wants it cancelled; one that still waits in the queue ends at once.

        Args:
            generation_id: Which.
            announce: Tells those who may run it, in the transaction of the wish.

        Returns:
            The generation after it, or None when there is none.
        """
        now = self._clock.now()
        async with self._database.old_write() as session:
            own = GenerationRow.id == generation_id
            waiting = own & (GenerationRow.state == State.QUEUED.value)
            if not await change(
                session, waiting, state=State.CANCELLED.value, cancel_requested_at=now, finished_at=now, note=""
            ):
                running = GenerationRow.state.not_in([state.value for state in FINAL | {State.DELIVERING}])
                missing = GenerationRow.cancel_requested_at.is_(None)
                if await change(session, own & running & missing, cancel_requested_at=now) and announce is not None:
                    await announce(session)
            return await load(session, generation_id)

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        """A group became a supergroup: its messages have new ids there, so old ones are not replied to or edited."""
        async with self._database.old_write() as session:
            moved = update(GenerationRow).where(GenerationRow.chat_id == old_chat_id)
            await session.execute(
                moved.values(chat_id=new_chat_id, status_message_id=None, request_message_id=NO_MESSAGE)
            )

    async def prune(self, before: datetime) -> int:
        """Delete generations that ended before a time, with all that belongs to them.

        Returns:
            How many.
        """
        async with self._database.old_write() as session:
            ended = GenerationRow.state.in_([state.value for state in FINAL]) & (GenerationRow.finished_at < before)
            query = select(GenerationRow).where(ended).limit(1000)
            old = (await session.scalars(query.with_for_update(skip_locked=True))).all()
            for row in old:
                await session.delete(row)
            return len(old)


async def move_in(work: Work, run: Generation, state: State, note: str, now: datetime, **values: object) -> Generation:
    """As :meth:`GenerationRows.move`, with the caller's transaction or connection."""
    if state in FINAL:
        values["finished_at"] = now
    statement = moving(state, tuple(sorted(values)))
    changed = await changed_row(work, statement, _of(run) | {"new_note": note} | _new(values), run.photos)
    if changed is None:
        raise RunOvertakenError
    return changed


def _of(run: Generation) -> dict[str, object]:
    return {"run_id": run.id, "run_epoch": run.epoch}


def _new(values: Mapping[str, object]) -> dict[str, object]:
    return {f"new_{name}": value for name, value in values.items()}

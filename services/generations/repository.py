"""The rows of generations. What a run changes is fenced by its epoch: a run that was overtaken changes nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement

from services.clock import Clock
from services.failures import Charged, Failure, FailureKind
from services.generations.machine import may_follow
from services.generations.model import FINAL, Generation, Order, State, Unfinished
from services.photos.model import PhotoKind, PhotoRef
from services.store.database import Database
from services.store.schema import NO_MESSAGE, NO_THREAD, GenerationPhotoRow, GenerationRow


class RunOvertakenError(Exception):
    """Another run has taken the generation, or it has ended: this run must stop and touch nothing."""


def _photo(row: GenerationPhotoRow) -> PhotoRef:
    return PhotoRef(
        file_id=row.file_id,
        unique_id=row.file_unique_id,
        kind=PhotoKind(row.file_kind),
        size=row.file_size,
        mime_type=row.mime_type or "",
        file_name=row.file_name or "",
    )


def _generation(row: GenerationRow, photos: Sequence[GenerationPhotoRow]) -> Generation:
    failure = None
    if row.failure_kind is not None:
        failure = Failure(FailureKind(row.failure_kind), row.failure_reason, Charged(row.charged))
    return Generation(
        id=row.id,
        chat_id=row.chat_id,
        thread_id=row.thread_id or None,
        user_id=row.user_id,
        language=row.language,
        request_message_id=row.request_message_id,
        status_message_id=row.status_message_id,
        prompt=row.prompt,
        count=row.count,
        photos=tuple(_photo(photo) for photo in photos),
        state=State(row.state),
        note=row.note,
        epoch=row.epoch,
        queued_at=row.queued_at,
        started_at=row.started_at,
        armed_at=row.armed_at,
        attempts=row.attempts,
        reconciling_since=row.reconciling_since,
        server_error=row.server_error,
        cancel_requested_at=row.cancel_requested_at,
        finished_at=row.finished_at,
        final_shown=row.final_shown_at is not None,
        failure=failure,
        charged=Charged(row.charged),
    )


async def load(session: AsyncSession, generation_id: str) -> Generation | None:
    """Read one generation, or None."""
    row = await session.get(GenerationRow, generation_id, populate_existing=True)
    if row is None:
        return None
    query = select(GenerationPhotoRow).where(GenerationPhotoRow.generation_id == generation_id)
    photos = (await session.scalars(query.order_by(GenerationPhotoRow.position))).all()
    return _generation(row, photos)


async def insert(session: AsyncSession, generation_id: str, order: Order, now: datetime) -> None:
    """Add a new row, queued, with its photos."""
    session.add(
        GenerationRow(
            id=generation_id,
            request_key=order.request_key,
            chat_id=order.chat_id,
            thread_id=order.thread_id or NO_THREAD,
            user_id=order.user_id,
            language=order.language,
            request_message_id=order.request_message_id,
            status_message_id=order.status_message_id,
            prompt=order.prompt,
            count=order.count,
            state=State.QUEUED.value,
            queued_at=now,
        )
    )
    # The photos refer to the row, and nothing else tells the session which goes first.
    await session.flush()
    for position, photo in enumerate(order.photos):
        session.add(
            GenerationPhotoRow(
                generation_id=generation_id,
                position=position,
                file_id=photo.file_id,
                file_unique_id=photo.unique_id,
                file_kind=photo.kind.value,
                file_size=photo.size,
                mime_type=photo.mime_type,
                file_name=photo.file_name,
            )
        )


async def change(session: AsyncSession, condition: ColumnElement[bool], **values: object) -> bool:
    """Update rows that meet a condition; True when there was one."""
    result = await session.execute(update(GenerationRow).where(condition).values(**values))
    assert isinstance(result, CursorResult)
    return bool(result.rowcount > 0)


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
        async with self._database.read() as session:
            return await load(session, generation_id)

    async def take(self, generation_id: str) -> Generation | None:
        """Make the caller the row's run: raises the epoch, which stops every earlier run.

        Returns:
            The generation, or None when there is none or it has ended and its end was told.
        """
        async with self._database.write() as session:
            own = GenerationRow.id == generation_id
            if not await change(session, own, epoch=GenerationRow.epoch + 1):
                return None
            return await load(session, generation_id)

    async def take_over(self, orphan: Unfinished) -> bool:
        """Claim a generation whose process died, and stop that process's run should it wake up.

        Returns:
            Whether the claim was the first.
        """
        async with self._database.write() as session:
            # A job that ended a moment ago left no orphan: its end was told.
            seen = (GenerationRow.id == orphan.id) & (GenerationRow.epoch == orphan.epoch)
            untold = seen & GenerationRow.final_shown_at.is_(None)
            return await change(session, untold, epoch=orphan.epoch + 1, claimed_at=self._clock.now())

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
        async with self._database.write() as session:
            return await move_in(session, run, state, note, self._clock.now(), **values)

    async def arm(self, run: Generation) -> Generation | None:
        """Commit that the paid POST is about to be made. From here on it may have been made.

        Returns:
            The generation, or None when the person has asked to cancel.

        Raises:
            RunOvertakenError: The row is another run's, or armed already.
        """
        now = self._clock.now()
        async with self._database.write() as session:
            fence = (GenerationRow.id == run.id) & (GenerationRow.epoch == run.epoch) & GenerationRow.armed_at.is_(None)
            free = fence & GenerationRow.cancel_requested_at.is_(None)
            armed = await change(
                session,
                free & (GenerationRow.state == State.SUBMITTING.value),
                armed_at=now,
                armed_epoch=run.epoch,
                first_armed_at=func.coalesce(GenerationRow.first_armed_at, now),
                attempts=GenerationRow.attempts + 1,
                note="",
            )
            fresh = await load(session, run.id)
        if fresh is None or fresh.epoch != run.epoch:
            raise RunOvertakenError
        if armed:
            return fresh
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
        async with self._database.write() as session:
            fence = (GenerationRow.id == run.id) & (GenerationRow.epoch == run.epoch)
            if not await change(session, fence, armed_at=None, armed_epoch=None):
                raise RunOvertakenError
            fresh = await load(session, run.id)
        assert fresh is not None
        return fresh

    async def set_status_message(self, generation: Generation, message_id: int) -> bool:
        """Remember which message is the status message from now on.

        Args:
            generation: With the status message that the new one replaces, or None where there was none.
            message_id: The new one.

        Returns:
            Whether it is; not when another one took that place in the meantime.
        """
        known = GenerationRow.status_message_id
        before = known.is_(None) if generation.status_message_id is None else known == generation.status_message_id
        async with self._database.write() as session:
            return await change(session, (GenerationRow.id == generation.id) & before, status_message_id=message_id)

    async def mark_final_shown(self, generation_id: str) -> None:
        """Remember that the requester was told the end."""
        async with self._database.write() as session:
            await change(session, GenerationRow.id == generation_id, final_shown_at=self._clock.now())

    async def request_cancel(self, generation_id: str) -> Generation | None:
        """Note that the person wants it cancelled; one that still waits in the queue ends at once.

        Returns:
            The generation after it, or None when there is none.
        """
        now = self._clock.now()
        async with self._database.write() as session:
            own = GenerationRow.id == generation_id
            waiting = own & (GenerationRow.state == State.QUEUED.value)
            if not await change(
                session, waiting, state=State.CANCELLED.value, cancel_requested_at=now, finished_at=now, note=""
            ):
                running = GenerationRow.state.not_in([state.value for state in FINAL | {State.DELIVERING}])
                missing = GenerationRow.cancel_requested_at.is_(None)
                await change(session, own & running & missing, cancel_requested_at=now)
            return await load(session, generation_id)

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        """A group became a supergroup: its messages have new ids there, so old ones are not replied to or edited."""
        async with self._database.write() as session:
            moved = update(GenerationRow).where(GenerationRow.chat_id == old_chat_id)
            await session.execute(
                moved.values(chat_id=new_chat_id, status_message_id=None, request_message_id=NO_MESSAGE)
            )

    async def prune(self, before: datetime) -> int:
        """Delete generations that ended before a time, with all that belongs to them.

        Returns:
            How many.
        """
        async with self._database.write() as session:
            ended = GenerationRow.state.in_([state.value for state in FINAL]) & (GenerationRow.finished_at < before)
            old = (await session.scalars(select(GenerationRow).where(ended).limit(1000))).all()
            for row in old:
                await session.delete(row)
            return len(old)


async def move_in(
    session: AsyncSession, run: Generation, state: State, note: str, now: datetime, **values: object
) -> Generation:
    """As :meth:`GenerationRows.move`, in the caller's transaction."""
    fresh = await load(session, run.id)
    if fresh is None or fresh.epoch != run.epoch or (fresh.state is not state and not may_follow(fresh.state, state)):
        raise RunOvertakenError
    if state in FINAL and fresh.state is not state:
        values["finished_at"] = now
    fence = (GenerationRow.id == run.id) & (GenerationRow.epoch == run.epoch)
    if not await change(session, fence, state=state.value, note=note, **values):
        raise RunOvertakenError
    changed = await load(session, run.id)
    assert changed is not None
    return changed

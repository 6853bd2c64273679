"""The rows of generations, each change in a transaction of its own."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from services.clock import Clock
from services.failures import Failure
from services.generations import store
from services.generations.cancelling import request_cancel
from services.generations.matching import HistoryBefore
from services.generations.model import FINAL, WAITING, Generation, Lease, State
from services.store.database import Database
from services.store.schema import NO_MESSAGE, GenerationRow


@dataclass
class GenerationRows:
    """What runs and buttons do to rows; see :mod:`services.generations.store` for each."""

    database: Database
    clock: Clock

    @property
    def are_shared(self) -> bool:
        """Whether other processes may work on the same rows."""
        return not self.database.is_sqlite

    async def get(self, generation_id: str) -> Generation | None:
        """Read one generation, or None."""
        return await self.database.read(store.load, generation_id)

    async def again(self, known: Generation) -> Generation | None:
        """Read a generation once more, or None; its photos never change."""
        return await self.database.read(store.load, known.id, known.photos)

    async def went_on_elsewhere(self, known: Generation) -> bool:
        """Whether another process has begun, taken over or ended a generation since; False while nobody can tell.

        Args:
            known: The generation as this process knows it.
        """
        if not self.are_shared:
            return False
        try:
            now = await self.database.read(store.epoch_and_state, known.id)
        except (SQLAlchemyError, OSError):
            return False
        if now is None or now[0] != known.epoch:
            return True
        state = now[1]
        return state is not known.state and (state in FINAL or known.state in WAITING)

    async def take_over(self, lease: Lease, process_id: str) -> Generation | None:
        """Make a generation this process's; None when somebody was faster."""
        return await self.database.write(store.take_over, lease, process_id)

    async def move(self, run: Generation, state: State, note: str = "", **values: object) -> Generation:
        """Go to another state, or stay and change the note."""
        return await self.database.write(store.move, run, state, note, self.clock.now(), values)

    async def arm(self, run: Generation, before: HistoryBefore | None = None) -> Generation | None:
        """Commit, durably, that the paid POST is about to be made; None when the person has asked to cancel."""
        return await self.database.write(store.arm, run, before, self.clock.now())

    async def disarm(self, run: Generation) -> Generation:
        """Commit that the attempt was provably not accepted."""
        return await self.database.write(store.disarm, run)

    async def fail(self, run: Generation, failure: Failure) -> Generation:
        """End in failure."""
        return await self.move(
            run,
            State.FAILED,
            failure_kind=failure.kind.value,
            failure_reason=failure.reason,
            charged=failure.charged.value,
        )

    async def status_message(self, generation_id: str) -> int | None:
        """Which message is the status message, or None while there is none."""
        return await self.database.read(store.status_message, generation_id)

    async def set_status_message(self, generation: Generation, message_id: int) -> bool:
        """Remember which message is the status message; False when another one took that place."""
        return await self.database.write(store.set_status_message, generation, message_id)

    async def mark_final_shown(self, generation_id: str) -> None:
        """Remember that the requester was told the end; an edit that is made twice is made once."""
        await self.database.write(store.mark_final_shown, generation_id, self.clock.now(), durable=False)

    async def request_cancel(
        self, generation_id: str, announce: Callable[[Session], None] | None = None
    ) -> Generation | None:
        """Note that the person wants it cancelled; one that still waits in the queue ends at once."""
        return await self.database.write(request_cancel, generation_id, self.clock.now(), announce)

    async def move_chat(self, old_chat_id: int, new_chat_id: int) -> None:
        """Follow a group that became a supergroup."""
        await self.database.write(_move_chat, old_chat_id, new_chat_id)

    async def prune(self, before: datetime) -> int:
        """Delete generations that ended before a time; returns how many."""
        return await self.database.write(_prune, before)


def _move_chat(session: Session, old_chat_id: int, new_chat_id: int) -> None:
    # Its messages have new ids there, so that old ones are neither replied to nor edited.
    moved = {"chat_id": new_chat_id, "status_message_id": None, "request_message_id": NO_MESSAGE}
    store.change(session, store.ROWS.c.chat_id == old_chat_id, **moved)


def _prune(session: Session, before: datetime) -> int:
    ended = GenerationRow.state.in_([state.value for state in FINAL]) & (GenerationRow.finished_at < before)
    old = session.scalars(select(GenerationRow).where(ended).limit(1000).with_for_update(skip_locked=True)).all()
    for row in old:
        session.delete(row)
    return len(old)

"""Orders as handlers see them: placed, cancelled, asked for again; above generations and their status messages."""

from collections.abc import Callable

from sqlalchemy import select
from sqlalchemy.orm import Session
from structlog import get_logger
from telegram.error import TelegramError

from services.changes import Changes
from services.generations.cancelling import TOPIC as CANCEL_TOPIC
from services.generations.cancelling import CancelScopes
from services.generations.model import (
    FINAL,
    CancelOutcome,
    Generation,
    Order,
    PlaceOutcome,
    State,
    draft_request_key,
)
from services.generations.queue import Queue
from services.generations.repository import GenerationRows
from services.messenger import ChatClosedError, ChatMovedError
from services.status.board import StatusBoard
from services.store.database import Database
from services.store.schema import NO_THREAD, GenerationRow

log = get_logger(__name__)


class Generations:
    """The door to everything about generations.

    Args:
        database: Where the rows are.
        rows: The rows of generations.
        queue: Places orders.
        scopes: What Cancel ends in this process.
        board: The status messages.
        wake: Tells the worker of this process to look at the queue.
        changes: Tells the other processes of a wish to cancel.
        taken: Told of every generation that was placed.
    """

    def __init__(
        self,
        database: Database,
        rows: GenerationRows,
        queue: Queue,
        scopes: CancelScopes,
        board: StatusBoard,
        wake: Callable[[], None],
        changes: Changes,
        taken: Callable[[Generation], object] = lambda _generation: None,
    ) -> None:
        self._database = database
        self._rows = rows
        self._queue = queue
        self._scopes = scopes
        self._board = board
        self._wake = wake
        self._changes = changes
        self._taken = taken

    def place(self, session: Session, order: Order) -> PlaceOutcome:
        """Make an order a generation, in the caller's write transaction; idempotent by its request key."""
        return self._queue.place(session, order)

    async def placed(self, generation_id: str, *, has_message: bool = False) -> None:
        """After the commit: show the status message, give the turn. Repeating it does no harm.

        Args:
            generation_id: Which.
            has_message: Whether a card is its status message. Its run shows itself there, or the worker its place.
        """
        if has_message:
            self._wake()
            return
        generation = await self._rows.get(generation_id)
        if generation is None:
            return
        self._taken(generation)
        untold = generation.status_message_id is None and generation.state not in FINAL
        if generation.state is State.QUEUED or untold:
            position = (await self._queue.positions()).get(generation_id)
            try:
                await self._board.first(generation, position)
                # Another process may have begun and ended meanwhile.
                await self._board.correct(generation_id)
            except (TelegramError, ChatClosedError, ChatMovedError) as error:
                log.info("first_status_not_shown", generation=generation_id, error=type(error).__name__)
        self._wake()

    async def cancel(self, generation_id: str, user_id: int, *, is_admin: bool = False) -> CancelOutcome:
        """Cancel a generation: one that waits ends at once, one that runs is stopped within a second.

        Args:
            generation_id: Which.
            user_id: Who wants it; the requester, or an admin.
            is_admin: Whether that person is one.
        """
        known = await self._rows.get(generation_id)
        if known is None:
            return CancelOutcome.UNKNOWN
        if known.user_id != user_id and not is_admin:
            return CancelOutcome.NOT_YOURS
        if known.state in FINAL or known.state is State.DELIVERING:
            return CancelOutcome.ALREADY_FINISHED
        after = await self._rows.request_cancel(
            generation_id, lambda session: self._changes.announce(session, CANCEL_TOPIC)
        )
        if after is None or after.cancel_requested_at is None:
            return CancelOutcome.ALREADY_FINISHED
        log.info("cancel_requested", generation=generation_id, state=after.state.value)
        if after.state is State.CANCELLED:
            await self._tell_end(after)
        elif self._scopes.cancel(generation_id):
            # Where another process runs it, that one shows it: two would overtake each other.
            self._board.progress(after)
        self._wake()
        return CancelOutcome.ACCEPTED

    async def _tell_end(self, generation: Generation) -> None:
        try:
            await self._board.end(generation)
        except TelegramError as error:
            # The worker finds ends that were not told.
            log.info("end_not_told_yet", generation=generation.id, error=type(error).__name__)

    async def newest_running(self, chat_id: int, thread_id: int | None, user_id: int) -> str | None:
        """The person's newest generation in this place that can still be cancelled, or None."""
        return await self._database.read(_newest_running, chat_id, thread_id, user_id)

    async def find(self, generation_id: str) -> Generation | None:
        """One generation, or None."""
        return await self._rows.get(generation_id)

    async def of_draft(self, draft_id: str) -> str | None:
        """The generation that a draft has become, or None while it is a draft."""
        return await self._database.read(_id_of_draft, draft_id)

    async def order_again(self, generation_id: str) -> Order | None:
        """The same request once more; the caller gives it a request key of its own."""
        known = await self._rows.get(generation_id)
        if known is None or not known.photos:
            return None
        return Order(
            request_key=f"again:{known.id}",
            chat_id=known.chat_id,
            thread_id=known.thread_id,
            user_id=known.user_id,
            language=known.language,
            request_message_id=known.request_message_id,
            status_message_id=None,
            prompt=known.prompt,
            count=known.count,
            photos=known.photos,
            shape=known.shape,
            ideas=known.ideas,
        )


def _id_of_draft(session: Session, draft_id: str) -> str | None:
    return session.scalar(select(GenerationRow.id).where(GenerationRow.request_key == draft_request_key(draft_id)))


def _newest_running(session: Session, chat_id: int, thread_id: int | None, user_id: int) -> str | None:
    past_stopping = FINAL | {State.DELIVERING}
    query = select(GenerationRow.id).where(
        GenerationRow.chat_id == chat_id,
        GenerationRow.thread_id == (thread_id or NO_THREAD),
        GenerationRow.user_id == user_id,
        GenerationRow.state.not_in([state.value for state in past_stopping]),
    )
    return session.scalar(query.order_by(GenerationRow.queued_at.desc()).limit(1))

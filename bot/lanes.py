"""Updates of one person in one chat are handled one after the other, everybody else's at the same time."""

from collections import deque
from collections.abc import Awaitable, Callable, Iterable

from structlog import get_logger
from telegram import Update

from services.inbox import Arrived
from services.tasks import Tasks

log = get_logger(__name__)


def lane_of(update: Update) -> str:
    """The lane of an update: its chat and its person."""
    chat, user = update.effective_chat, update.effective_user
    return f"{chat.id if chat else 0}:{user.id if user else 0}"


class Lanes:
    """Runs a handler over updates, in order within a lane. Lanes exist only while they have work.

    Args:
        handle: Handles one update; must not raise.
        tasks: Owns the lanes at work.
    """

    def __init__(self, handle: Callable[[Arrived], Awaitable[None]], tasks: Tasks) -> None:
        self._handle = handle
        self._tasks = tasks
        self._waiting: dict[str, deque[Arrived]] = {}

    def push(self, arrived: Iterable[Arrived]) -> None:
        """Hand over updates; returns at once."""
        for item in arrived:
            queue = self._waiting.get(item.lane)
            if queue is not None:
                queue.append(item)
                continue
            self._waiting[item.lane] = deque([item])
            self._tasks.start(self._work(item.lane), name=f"lane-{item.lane}")

    @property
    def waiting(self) -> int:
        """Updates that are not handled yet."""
        return sum(len(queue) for queue in self._waiting.values())

    async def _work(self, lane: str) -> None:
        queue = self._waiting[lane]
        try:
            while queue:
                await self._handle(queue[0])
                queue.popleft()
        finally:
            del self._waiting[lane]

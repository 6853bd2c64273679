"""Updates of one person in one chat are handled one after the other, everybody else's at the same time."""

from bisect import insort
from collections.abc import Awaitable, Callable, Iterable

from structlog import get_logger
from telegram import Update

from services.inbox import Arrived, lane_name
from services.tasks import Tasks

log = get_logger(__name__)

PAUSE_SECONDS = 0.1
"""Between two looks whether another process has handled what comes before."""


def lane_of(update: Update) -> str:
    """The lane of an update: its chat and its person."""
    chat, user = update.effective_chat, update.effective_user
    return lane_name(chat.id if chat else 0, user.id if user else 0)


class Lanes:
    """Runs a handler over updates, in order within a lane. Lanes exist only while they have work.

    Args:
        handle: Deals with one update; False means that it is not its turn yet. Must not raise.
        tasks: Owns the lanes at work.
        sleep: Waits some seconds.
    """

    def __init__(
        self, handle: Callable[[Arrived], Awaitable[bool]], tasks: Tasks, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._handle = handle
        self._tasks = tasks
        self._sleep = sleep
        self._waiting: dict[str, list[Arrived]] = {}

    def push(self, arrived: Iterable[Arrived]) -> None:
        """Hand over updates; returns at once."""
        for item in arrived:
            queue = self._waiting.get(item.lane)
            if queue is not None:
                insort(queue, item, key=_number)
                continue
            self._waiting[item.lane] = [item]
            self._tasks.start(self._work(item.lane), name=f"lane-{item.lane}")

    @property
    def waiting(self) -> int:
        """Updates that are not handled yet."""
        return sum(len(queue) for queue in self._waiting.values())

    async def _work(self, lane: str) -> None:
        queue = self._waiting[lane]
        try:
            while queue:
                # The first is chosen anew each time: an earlier one may have come late.
                item = queue[0]
                if await self._handle(item):
                    queue.remove(item)
                else:
                    await self._sleep(PAUSE_SECONDS)
        finally:
            del self._waiting[lane]


def _number(arrived: Arrived) -> int:
    return arrived.update_id

"""Work on generations: the half of the process that spends, waits and delivers."""

from collections.abc import Callable
from functools import partial

from bot.core import Core
from bot.housekeeping import Housekeeping
from bot.supervision import Work
from services.clock import Clock
from services.inbox import Inbox
from services.store.database import Database

LAUNCH_LOCK = 7205759403792796
"""PostgreSQL's advisory lock around the start of the job engine."""


class Labour:
    """Runs generations.

    Args:
        database: Holds the rows.
        core: The services.
        inbox: Is pruned.
        clock: Tells the time.
        room: How many edits the outbox has room for.
    """

    def __init__(self, database: Database, core: Core, inbox: Inbox, clock: Clock, room: Callable[[], int]) -> None:
        self._database = database
        self._core = core
        self._room = room
        self._housekeeping = Housekeeping(
            database, core.rows, core.results, core.engine, inbox, core.throttle, clock, core.sleep
        )

    async def start(self) -> None:
        """Take up the jobs of an earlier process."""
        # The job engine makes its tables at its first start, and several processes must not do that at once.
        async with self._database.exclusively(LAUNCH_LOCK, self._core.sleep):
            await self._core.engine.launch()

    def works(self) -> list[Work]:
        """What runs until the process ends."""
        return [
            self._core.dispatcher.run,
            self._core.cancel_watch.run,
            self._core.progress_log.run,
            partial(self._core.board.tick, self._core.sleep, self._room),
            self._housekeeping.run,
        ]

    async def close(self) -> None:
        """Stop the jobs; another process, or this one after its next start, goes on with them."""
        await self._core.engine.shutdown()

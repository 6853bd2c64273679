"""Work on generations: the half of the process that spends, waits and delivers."""

from functools import partial

from bot.core import Core
from bot.housekeeping import Housekeeping
from bot.supervision import Work
from services.clock import Clock
from services.cluster import Membership
from services.inbox import Inbox
from services.store.database import Database


class Labour:
    """Runs generations.

    Args:
        database: Holds the rows.
        core: The services.
        membership: This process among its like, or None where it is the only one.
        inbox: Is pruned.
        clock: Tells the time.
    """

    def __init__(
        self, database: Database, core: Core, membership: Membership | None, inbox: Inbox, clock: Clock
    ) -> None:
        self._core = core
        self._membership = membership
        self._housekeeping = Housekeeping(
            database, core.rows, core.results, core.engine, inbox, core.notices, clock, core.sleep
        )

    async def start(self) -> None:
        """Take up the jobs of an earlier process."""
        if self._membership is not None:
            await self._membership.join()
        await self._core.engine.launch()

    def works(self) -> list[Work]:
        """What runs until the process ends."""
        works: list[Work] = [
            self._core.dispatcher.run,
            self._core.cancel_watch.run,
            partial(self._core.board.tick, self._core.sleep),
            self._housekeeping.run,
        ]
        if self._membership is not None:
            works.append(self._membership.run)
        return works

    async def close(self) -> None:
        """Stop the jobs; another process, or this one after its next start, goes on with them."""
        await self._core.engine.shutdown()
        if self._membership is not None:
            await self._membership.leave()

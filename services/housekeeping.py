"""What keeps the database from growing: everything that nobody will ask for again goes, once an hour."""

from dataclasses import dataclass
from datetime import timedelta

from structlog import get_logger

from services.clock import Clock
from services.drafts.albums import prune_seen
from services.drafts.store import prune_drafts
from services.generations.results import prune_claims
from services.generations.store import prune_generations
from services.inbox import KEEP_HANDLED, Inbox
from services.retries import OUTAGE
from services.store.database import Database
from services.throttle import Throttle

EVERY_SECONDS = 3600.0
KEEP_DRAFTS = timedelta(days=7)
KEEP_SEEN_PHOTOS = timedelta(days=3)
KEEP_NOTICES = timedelta(days=2)
KEEP_GENERATIONS = timedelta(days=180)
KEEP_CLAIMS = timedelta(days=7)

log = get_logger(__name__)


@dataclass(slots=True)
class Housekeeping:
    """Prunes."""

    database: Database
    inbox: Inbox
    throttle: Throttle
    clock: Clock

    async def run(self) -> None:
        """Prune now and every hour, until cancelled. A database that does not answer is left for the next hour."""
        while True:
            try:
                await self.prune()
            except OUTAGE as error:
                log.warning("housekeeping_met_an_outage", error=type(error).__name__)
            await self.clock.sleep(EVERY_SECONDS)

    async def prune(self) -> None:
        """Delete what is old."""
        now = self.clock.now()
        drafts = await self.database.write(prune_drafts, now - KEEP_DRAFTS)
        photos = await self.database.write(prune_seen, now - KEEP_SEEN_PHOTOS)
        generations = await self.database.write(prune_generations, now - KEEP_GENERATIONS)
        await self.database.write(prune_claims, now - KEEP_CLAIMS)
        await self.inbox.prune(now - KEEP_HANDLED)
        await self.throttle.prune(KEEP_NOTICES)
        log.info("pruned", drafts=drafts, photos=photos, generations=generations)

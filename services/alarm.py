"""The owner is told what only the owner can mend, in Telegram, at most once an hour for each kind."""

from dataclasses import dataclass
from datetime import timedelta

from structlog import get_logger
from telegram.error import TelegramError

from services.access import Access
from services.failures import Failure
from services.messenger import ChatClosedError, Messenger
from services.people import People
from services.screens import Place, Screen
from services.texts import Texts
from services.throttle import Throttle

TELL_EVERY = timedelta(hours=1)

log = get_logger(__name__)


@dataclass(slots=True)
class OwnerAlarm:
    """Tells the admins."""

    access: Access
    people: People
    throttle: Throttle
    messenger: Messenger
    texts: Texts

    async def raise_for(self, failure: Failure) -> None:
        """Tell them when the failure is one of theirs."""
        if failure.kind.traits.tells_owner:
            await self.tell(failure.kind.value)

    async def tell(self, kind: str) -> None:
        """Tell them what ``alarm-<kind>`` says; an admin who cannot be reached stops nothing."""
        log.error("owner_is_needed", kind=kind)
        if not await self.throttle.allows(f"alarm:{kind}", TELL_EVERY):
            return
        for admin_id in sorted(await self.access.admin_ids()):
            preferences = await self.people.preferences(admin_id, None, is_guest=True)
            screen = Screen(self.texts.into(preferences.language).html(f"alarm-{kind}"))
            try:
                await self.messenger.send(Place(admin_id), screen)
            except (TelegramError, ChatClosedError) as error:
                log.info("admin_not_told", error=type(error).__name__)

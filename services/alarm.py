"""The owner is told what only the owner can mend, in Telegram, at most once an hour for each kind."""

from datetime import timedelta

from structlog import get_logger
from telegram.error import TelegramError

from services.access import Access
from services.failures import Failure, FailureKind
from services.messenger import ChatClosedError, ChatMovedError, Messenger
from services.notices import Notices
from services.people import People
from services.screens import Place, Screen
from services.texts import Texts

TELL_EVERY = timedelta(hours=1)

_FOR_OWNER = frozenset({FailureKind.CREDITS, FailureKind.KEY, FailureKind.LOST})

log = get_logger(__name__)


class OwnerAlarm:
    """Tells the admins.

    Args:
        access: Knows who they are.
        people: Knows their language.
        notices: Keeps an alarm from being repeated.
        messenger: Sends.
        texts: All languages.
    """

    def __init__(self, access: Access, people: People, notices: Notices, messenger: Messenger, texts: Texts) -> None:
        self._access = access
        self._people = people
        self._notices = notices
        self._messenger = messenger
        self._texts = texts

    async def raise_for(self, failure: Failure) -> None:
        """Tell them when the failure is one of theirs; an admin who cannot be reached stops nothing."""
        if failure.kind not in _FOR_OWNER:
            return
        log.error("owner_is_needed", kind=failure.kind.value)
        if not await self._notices.is_due(f"alarm:{failure.kind.value}", TELL_EVERY):
            return
        for admin_id in sorted(await self._access.admin_ids()):
            preferences = await self._people.preferences_of_guest(admin_id, None)
            screen = Screen(self._texts.into(preferences.language).html(f"alarm-{failure.kind.value}"))
            try:
                await self._messenger.send(Place(admin_id), screen)
            except (TelegramError, ChatClosedError, ChatMovedError) as error:
                log.info("admin_not_told", error=type(error).__name__)

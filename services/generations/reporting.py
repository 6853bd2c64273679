"""What a run tells about itself while it runs, and whom."""

from typing import Protocol

from services.failures import Failure
from services.generations.model import Generation


class Reporter(Protocol):
    """The live status message, as a run sees it."""

    def progress(self, generation: Generation) -> None:
        """Show where it stands; returns at once, a newer call replaces an older one."""
        ...

    def forget(self, generation_id: str) -> None:
        """Stop refreshing what is shown of it: it is another run's now."""
        ...

    async def correct(self, generation_id: str) -> None:
        """Show the end again if there is one: another process told it, and an edit of this one may have come after."""
        ...

    async def end(self, generation: Generation) -> None:
        """Show the end; returns when the requester was told, or cannot be told.

        Raises:
            telegram.error.TelegramError: Telegram cannot be reached; to be tried again.
        """
        ...


class Alarm(Protocol):
    """Tells the bot's admins what only they can mend."""

    async def raise_for(self, failure: Failure) -> None:
        """Tell them, at most once in a while for each kind, when the failure is one of theirs."""
        ...

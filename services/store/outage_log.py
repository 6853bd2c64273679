"""The log of database outages: one line when the database ceases to work, and one when it works again."""

import time
from collections.abc import Callable

from sqlalchemy.exc import DisconnectionError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from structlog import get_logger

REPEAT_SECONDS = 30.0
"""An outage that lasts is said again after so long."""

DATABASE_OUTAGES = (OperationalError, InterfaceError, DisconnectionError, PoolTimeoutError)
"""What says that the database itself is locked, full or gone, rather than that a statement is wrong."""

log = get_logger(__name__)


def reason_of(error: Exception) -> str:
    """The first line of what a driver says, without the statement."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class OutageLog:
    """Logs a database outage once, and once when it ends; one that lasts is said again now and then."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._failing_since: float | None = None
        self._said_at = 0.0

    def failed(self, error: Exception) -> None:
        """Note an error of a transaction; one that tells nothing of the database's condition is left alone."""
        if not isinstance(error, (*DATABASE_OUTAGES, OSError)):
            return
        now = self._now()
        if self._failing_since is None:
            self._failing_since = now
        elif now - self._said_at < REPEAT_SECONDS:
            return
        self._said_at = now
        log.error("database_fails", reason=reason_of(error), hint="work waits and goes on by itself once it is back")

    def worked(self) -> None:
        """Note a transaction that came to its end."""
        if self._failing_since is not None:
            log.warning("database_works_again", seconds=round(self._now() - self._failing_since, 1))
            self._failing_since = None

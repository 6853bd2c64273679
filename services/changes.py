"""Wake-ups for what a change concerns, in this process and in all others on the same database.

On SQLite one process holds everything and hears itself. On PostgreSQL a notification goes out with the commit of the
change, and a connection of its own listens for those of others. One that was lost may have missed some: whoever is
woken looks at the database. Source: PostgreSQL's pages on ``LISTEN`` and ``NOTIFY``.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text
from sqlalchemy.orm import Session
from structlog import get_logger

from services.clock import Clock
from services.store.database import Database

if TYPE_CHECKING:
    from psycopg import AsyncConnection

CHANNEL = "pho2video_changes"
HEARTBEAT_SECONDS = 5.0
RECONNECT_SECONDS = 1.0

_NOTIFY = text("SELECT pg_notify(:channel, :word)")

log = get_logger(__name__)


@dataclass(slots=True)
class Changes:
    """Wakes those who wait for a change."""

    _database: Database
    _clock: Clock
    _listeners: dict[str, Callable[[str], None]] = field(default_factory=dict)

    def listen(self, topic: str, hear: Callable[[str], None]) -> None:
        """Have ``hear`` called with the subject of each change of a topic, or with an empty one: any may have changed.

        Args:
            topic: One word without a colon; each has one listener.
            hear: Must not block.
        """
        self._listeners[topic] = hear

    def announce(self, session: Session, topic: str, subject: str = "") -> None:
        """Let the other processes know, at the commit of the transaction that makes the change."""
        if not self._database.is_sqlite:
            session.execute(_NOTIFY, {"channel": CHANNEL, "word": f"{topic}:{subject}"})

    def tell(self, topic: str, subject: str = "") -> None:
        """Let this process know at once; to be called after the commit."""
        if hear := self._listeners.get(topic):
            hear(subject)

    async def run(self) -> None:
        """Listen until cancelled; on SQLite there is nothing to hear, and it returns at once."""
        if self._database.is_sqlite:
            return
        # It takes 9 MB, which a bot on SQLite is spared.
        import psycopg  # noqa: PLC0415

        url = self._database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=10) as heard:
                    await self._listen(heard)
            except (psycopg.Error, OSError) as error:
                log.warning("changes_not_heard", error=type(error).__name__)
            await self._clock.sleep(RECONNECT_SECONDS)

    async def _listen(self, connection: "AsyncConnection[Any]") -> None:
        await connection.execute(f"LISTEN {CHANNEL}")
        # What changed before this connection listened was not heard.
        for hear in self._listeners.values():
            hear("")
        while True:
            async for word in connection.notifies(timeout=HEARTBEAT_SECONDS):
                topic, _, subject = word.payload.partition(":")
                self.tell(topic, subject)
            await connection.execute("SELECT 1")

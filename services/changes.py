"""Word of a change, to the caches of this process and of all others on the same database.

On SQLite one process holds everything and hears itself. On PostgreSQL a notification goes out with the commit of the
change, and a connection of its own listens for those of others. A listener that lost its connection says so, and
the caches then trust what they hold for a second only. Source: PostgreSQL's pages on ``LISTEN`` and ``NOTIFY``.
"""

from collections.abc import Awaitable, Callable

import psycopg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from structlog import get_logger

from services.store.database import Database

CHANNEL = "pho2video_changes"
HEARTBEAT_SECONDS = 5.0
RECONNECT_SECONDS = 1.0
TRUSTED_SECONDS = 60.0
"""How long a cache may hold a value without having heard of a change, while it would hear."""
DEAF_SECONDS = 1.0
"""The same while it would not."""

log = get_logger(__name__)


class Changes:
    """Tells caches what to drop.

    Args:
        database: Where the changes are made.
        sleep: Waits between attempts to listen, in seconds.
    """

    def __init__(self, database: Database, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._database = database
        self._sleep = sleep
        self._listeners: dict[str, Callable[[str], None]] = {}
        self._is_listening = False

    @property
    def trusted_seconds(self) -> float:
        """How long a cache may hold a value unheard of."""
        if self._database.is_sqlite:
            return float("inf")
        return TRUSTED_SECONDS if self._is_listening else DEAF_SECONDS

    def listen(self, topic: str, hear: Callable[[str], None]) -> None:
        """Have ``hear`` called with the subject of each change of a topic, or with an empty one: any may have changed.

        Args:
            topic: One word without a colon; each has one listener.
            hear: Must not block.
        """
        self._listeners[topic] = hear

    async def announce(self, session: AsyncSession, topic: str, subject: str = "") -> None:
        """Let the other processes know, at the commit of the transaction that makes the change."""
        if not self._database.is_sqlite:
            await session.execute(
                text("SELECT pg_notify(:channel, :word)"), {"channel": CHANNEL, "word": f"{topic}:{subject}"}
            )

    def tell(self, topic: str, subject: str = "") -> None:
        """Let this process know at once; to be called after the commit."""
        if hear := self._listeners.get(topic):
            hear(subject)

    async def run(self) -> None:
        """Listen until cancelled; on SQLite there is nothing to hear, and it returns at once."""
        if self._database.is_sqlite:
            return
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("changes_not_heard", error=type(error).__name__)
            finally:
                self._is_listening = False
            await self._sleep(RECONNECT_SECONDS)

    async def _listen(self) -> None:
        url = self._database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
        async with await psycopg.AsyncConnection.connect(url, autocommit=True, connect_timeout=10) as connection:
            await connection.execute(f"LISTEN {CHANNEL}")
            # What changed before this connection listened was not heard.
            for hear in self._listeners.values():
                hear("")
            self._is_listening = True
            while True:
                async for word in connection.notifies(timeout=HEARTBEAT_SECONDS):
                    topic, _, subject = word.payload.partition(":")
                    self.tell(topic, subject)
                await connection.execute("SELECT 1")

"""What admins decided about people and groups, held in memory by every process and dropped on the word of a change.

The rules are few, and every update asks for them: all are read at once, and read again only after a change.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.changes import Changes
from services.clock import Clock
from services.store.database import Database
from services.store.old_dialects import upsert
from services.store.schema import AccessRow

TOPIC = "access"


class SubjectKind(StrEnum):
    """Whom a rule is about."""

    USER = "user"
    CHAT = "chat"


class Rule(StrEnum):
    """What a rule says."""

    ALLOW = "allow"
    DENY = "deny"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person or a group, by Telegram's id (groups have negative ones)."""

    kind: SubjectKind
    id: int


Rules = Mapping[Subject, Rule]


class Rulebook:
    """The rules in the database.

    Args:
        database: Holds them.
        changes: Says when another process changed them.
        clock: Says when it is.
    """

    def __init__(self, database: Database, changes: Changes, clock: Clock) -> None:
        self._database = database
        self._changes = changes
        self._clock = clock
        self._rules: Rules = MappingProxyType({})
        self._changes_heard = 0
        self._read_after = -1
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        changes.listen(TOPIC, self._hear)

    async def current(self) -> Rules:
        """All rules, from memory unless they changed."""
        if not self._is_fresh():
            async with self._reading:
                if not self._is_fresh():
                    await self._read()
        return self._rules

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncSession]:
        """A transaction that changes rules; every process hears of it when it is committed."""
        async with self._database.old_write() as session:
            yield session
            await self._changes.announce(session, TOPIC)
        self._changes.tell(TOPIC)

    async def put(self, session: AsyncSession, subject: Subject, rule: Rule) -> None:
        """Make this the one rule about somebody, within :meth:`writing`."""
        await upsert(
            session,
            AccessRow,
            ("kind", "subject_id"),
            kind=subject.kind.value,
            subject_id=subject.id,
            verdict=rule.value,
            created_at=self._clock.now(),
        )

    def _hear(self, _subject: str) -> None:
        self._changes_heard += 1

    def _is_fresh(self) -> bool:
        age = self._clock.monotonic() - self._read_at
        return self._read_after == self._changes_heard and age < self._changes.trusted_seconds

    async def _read(self) -> None:
        # A change that comes while the rows are read may be missing from them: the number is taken before.
        heard, began = self._changes_heard, self._clock.monotonic()
        async with self._database.old_read() as session:
            rows = (await session.scalars(select(AccessRow))).all()
        self._rules = MappingProxyType(
            {Subject(SubjectKind(row.kind), row.subject_id): Rule(row.verdict) for row in rows}
        )
        self._read_after, self._read_at = heard, began

"""The claim link: how the first admin is made, by whoever can read the log of a bot that has none."""

import hmac
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from services.clock import Clock
from services.rulebook import Rule, Rulebook, Subject, SubjectKind
from services.store.schema import AccessRow, ClaimCodeRow

CLAIM_PREFIX = "claim_"
CLAIM_LIFETIME = timedelta(days=7)
"""An unused code older than this goes when the next one is made."""


class ClaimLink:
    """Makes codes, and takes one of them once.

    Args:
        rulebook: Gets the admin.
        has_owner: Whether ``ADMIN_USER_IDS`` names anybody; then there is nothing to claim.
        clock: Says when it is.
        new_code: Makes a secret of at least 128 bits, of letters, digits, ``_`` and ``-``; at most 58 characters, for
            the parameter of a deep link has room for 64 (Bot API, "Deep linking").
    """

    def __init__(self, rulebook: Rulebook, *, has_owner: bool, clock: Clock, new_code: Callable[[], str]) -> None:
        self._rulebook = rulebook
        self._has_owner = has_owner
        self._clock = clock
        self._new_code = new_code

    async def claim_link_code(self) -> str | None:
        """A new code for the link ``https://t.me/<bot>?start=claim_<code>``, or None: there is an admin."""
        if self._has_owner:
            return None
        async with self._rulebook.writing() as session:
            await _one_at_a_time(session)
            if await _has_admin(session):
                return None
            code, now = self._new_code(), self._clock.now()
            await session.execute(delete(ClaimCodeRow).where(ClaimCodeRow.created_at < now - CLAIM_LIFETIME))
            session.add(ClaimCodeRow(code_hash=_hash(code), created_at=now))
            return code

    async def claim(self, code: str, user_id: int) -> bool:
        """Make somebody the admin, if the code is right and there is none yet; every code is spent with it.

        Returns:
            Whether they became the admin by this.
        """
        # With an admin there is nothing to claim: strangers who try all the same cost no transaction.
        if self._has_owner or Rule.ADMIN in (await self._rulebook.current()).values():
            return False
        async with self._rulebook.writing() as session:
            await _one_at_a_time(session)
            if await _has_admin(session):
                return False
            known = (await session.scalars(select(ClaimCodeRow.code_hash))).all()
            if not any(hmac.compare_digest(_hash(code), one) for one in known):
                return False
            await session.execute(delete(ClaimCodeRow))
            await self._rulebook.put(session, Subject(SubjectKind.USER, user_id), Rule.ADMIN)
            return True


async def _one_at_a_time(session: AsyncSession) -> None:
    # SQLite has one writer anyway; in PostgreSQL two codes could otherwise be claimed side by side.
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("LOCK TABLE claim_codes IN EXCLUSIVE MODE"))


async def _has_admin(session: AsyncSession) -> bool:
    query = select(AccessRow.subject_id).where(AccessRow.verdict == Rule.ADMIN.value).limit(1)
    return await session.scalar(query) is not None


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()

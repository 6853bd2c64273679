"""Who may use the bot: the owner's lists, what admins decided in Telegram, and the link that makes the first admin.

The rules are read for every update, so that a decision holds from the next one on, in every process.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import bindparam, delete, select, text
from sqlalchemy.orm import Session

from services.clock import Clock
from services.store.base import table_of, upsert
from services.store.database import Database
from services.store.schema import AccessRow, ClaimCodeRow

CLAIM_PREFIX = "claim_"
CLAIM_LIFETIME = timedelta(days=7)
"""An unused code older than this is deleted when the next one is made."""


class Permission(StrEnum):
    """What somebody may do, or what was decided about a person or a group."""

    ADMIN = "admin"
    ALLOWED = "allow"
    REFUSED = "deny"

    @property
    def may_use(self) -> bool:
        """Whether the bot works for them here."""
        return self is not Permission.REFUSED


_ACCESS = table_of(AccessRow)
_RULES_ABOUT = select(_ACCESS.c.subject_id, _ACCESS.c.verdict).where(
    # An id says the kind already; it is named because the table's key begins with it.
    _ACCESS.c.kind.in_(("user", "chat")) & _ACCESS.c.subject_id.in_(bindparam("ids", expanding=True))
)

Rules = Mapping[int, Permission]
"""What was decided, by Telegram's ids: those of groups are negative."""


@dataclass(frozen=True, slots=True)
class OwnerLists:
    """What the environment says: ``OPEN_ACCESS``, ``ALLOWED_USER_IDS``, ``ALLOWED_CHAT_IDS``, ``ADMIN_USER_IDS``."""

    is_open: bool = False
    user_ids: frozenset[int] = frozenset()
    chat_ids: frozenset[int] = frozenset()
    admin_ids: frozenset[int] = frozenset()
    """Nothing shuts these out."""


def judge(lists: OwnerLists, rules: Rules, user_id: int, chat_id: int) -> Permission:
    """What somebody may do in a chat.

    Admins may do everything. A deny, of the person or of the group, beats every allow. Someone allowed may use the
    bot anywhere; in an allowed group everyone may.
    """
    of_person, of_chat = rules.get(user_id), rules.get(chat_id)
    if user_id in lists.admin_ids or of_person is Permission.ADMIN:
        return Permission.ADMIN
    if Permission.REFUSED in (of_person, of_chat):
        return Permission.REFUSED
    # A private chat has the number of its person, who is not let in as a group.
    is_listed = user_id in lists.user_ids or (chat_id < 0 and chat_id in lists.chat_ids)
    is_allowed = lists.is_open or is_listed or Permission.ALLOWED in (of_person, of_chat)
    return Permission.ALLOWED if is_allowed else Permission.REFUSED


@dataclass(slots=True)
class Access:
    """Decides who may use the bot, and keeps what admins decided."""

    database: Database
    lists: OwnerLists
    clock: Clock

    async def decide(self, user_id: int, chat_id: int) -> Permission:
        """What somebody may do in a chat."""
        return judge(self.lists, await self.database.read(_rules, user_id, chat_id), user_id, chat_id)

    async def admin_ids(self) -> frozenset[int]:
        """All admins: those of the environment, and those made by the claim link."""
        return self.lists.admin_ids | await self.database.read(_admins)

    async def allow(self, user_or_chat_id: int) -> None:
        """Let a person or a group in; an admin stays an admin."""
        await self.database.write(_allow, user_or_chat_id, self.clock.now())

    async def deny(self, user_or_chat_id: int) -> bool:
        """Shut somebody out, from the next update on, in every process; False for whom ``ADMIN_USER_IDS`` names."""
        if user_or_chat_id in self.lists.admin_ids:
            return False
        await self.database.write(_put, user_or_chat_id, Permission.REFUSED, self.clock.now())
        return True

    async def migrate(self, old_chat_id: int, new_chat_id: int) -> None:
        """Let what was decided about a group hold for the supergroup it became; repeating it changes nothing."""
        listed = Permission.ALLOWED if old_chat_id in self.lists.chat_ids else None
        await self.database.write(_migrate, old_chat_id, new_chat_id, listed, self.clock.now())

    async def offer_claim(self, code: str) -> bool:
        """Let whoever first opens ``https://t.me/<bot>?start=claim_<code>`` become the admin; False when there is one.

        Args:
            code: A secret of at least 128 bits; at most 58 letters, digits, ``_``, ``-`` (Bot API, "Deep linking").
        """
        if self.lists.admin_ids:
            return False
        return await self.database.write(_add_code, code, self.clock.now())

    async def claim(self, code: str, user_id: int) -> bool:
        """Make somebody the admin, if the code is right and there is none yet; every code is spent with it."""
        # With an admin there is nothing to claim: strangers who try all the same cost no write.
        if self.lists.admin_ids or await self.database.read(_admins):
            return False
        return await self.database.write(_claim, code, user_id, self.clock.now())


def is_admin(lists: OwnerLists, session: Session, user_id: int) -> bool:
    """Whether somebody is an admin, within a transaction."""
    return user_id in lists.admin_ids or _rules(session, user_id).get(user_id) is Permission.ADMIN


def forget_access(session: Session, user_id: int) -> None:
    """Delete what was decided in somebody's favour; a deny stays."""
    own = (AccessRow.kind == "user") & (AccessRow.subject_id == user_id)
    session.execute(delete(AccessRow).where(own, AccessRow.verdict != Permission.REFUSED.value))


def _rules(session: Session, *ids: int) -> Rules:
    return {subject_id: Permission(verdict) for subject_id, verdict in session.execute(_RULES_ABOUT, {"ids": ids})}


def _admins(session: Session) -> frozenset[int]:
    return frozenset(session.scalars(select(AccessRow.subject_id).where(AccessRow.verdict == Permission.ADMIN.value)))


def _put(session: Session, subject_id: int, rule: Permission, now: datetime) -> None:
    """Make this the one rule about somebody."""
    kind = "user" if subject_id > 0 else "chat"
    upsert(session, AccessRow, kind=kind, subject_id=subject_id, verdict=rule.value, created_at=now)


def _allow(session: Session, subject_id: int, now: datetime) -> None:
    if _rules(session, subject_id).get(subject_id) is not Permission.ADMIN:
        _put(session, subject_id, Permission.ALLOWED, now)


def _migrate(session: Session, old_chat_id: int, new_chat_id: int, listed: Permission | None, now: datetime) -> None:
    rules = _rules(session, old_chat_id, new_chat_id)
    rule = rules.get(old_chat_id, listed)
    if rule is not None and new_chat_id not in rules:
        _put(session, new_chat_id, rule, now)


def _add_code(session: Session, code: str, now: datetime) -> bool:
    if _has_admin(session):
        return False
    session.execute(delete(ClaimCodeRow).where(ClaimCodeRow.created_at < now - CLAIM_LIFETIME))
    session.add(ClaimCodeRow(code_hash=_hash(code), created_at=now))
    return True


def _claim(session: Session, code: str, user_id: int, now: datetime) -> bool:
    if _has_admin(session) or session.get(ClaimCodeRow, _hash(code)) is None:
        return False
    session.execute(delete(ClaimCodeRow))
    _put(session, user_id, Permission.ADMIN, now)
    return True


def _has_admin(session: Session) -> bool:
    # SQLite has one writer anyway; in PostgreSQL two codes could otherwise be claimed side by side.
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("LOCK TABLE claim_codes IN EXCLUSIVE MODE"))
    return bool(_admins(session))


def _hash(code: str) -> str:
    return sha256(code.encode()).hexdigest()

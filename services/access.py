"""Who may use the bot: the owner's lists, and what admins decided in Telegram."""

from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from services.rulebook import Rule, Rulebook, Rules, Subject, SubjectKind
from services.store.schema import AccessRow


class Verdict(StrEnum):
    """What somebody may do."""

    ADMIN = "admin"
    ALLOWED = "allowed"
    REFUSED = "refused"

    @property
    def may_use(self) -> bool:
        """Whether the bot works for them here."""
        return self is not Verdict.REFUSED


@dataclass(frozen=True, slots=True)
class OwnerLists:
    """What the environment says.

    Attributes:
        is_open: ``OPEN_ACCESS``.
        user_ids: ``ALLOWED_USER_IDS``.
        chat_ids: ``ALLOWED_CHAT_IDS``.
        admin_ids: ``ADMIN_USER_IDS``; nothing shuts these out.
    """

    is_open: bool = False
    user_ids: frozenset[int] = field(default=frozenset())
    chat_ids: frozenset[int] = field(default=frozenset())
    admin_ids: frozenset[int] = field(default=frozenset())


class DenyOutcome(StrEnum):
    """What came of shutting somebody out."""

    DENIED = "denied"
    IS_OWNER = "is-owner"
    """Named in ``ADMIN_USER_IDS``: only the environment can change that."""


def judge(lists: OwnerLists, rules: Rules, user_id: int, chat_id: int, *, is_private: bool) -> Verdict:
    """What somebody may do in a chat.

    Admins may do everything. A deny, of the person or of the group, beats every allow. Someone allowed may use the
    bot anywhere; in an allowed group everyone may.
    """
    of_person = rules.get(Subject(SubjectKind.USER, user_id))
    if user_id in lists.admin_ids or of_person is Rule.ADMIN:
        return Verdict.ADMIN
    of_chat = None if is_private else rules.get(Subject(SubjectKind.CHAT, chat_id))
    if Rule.DENY in (of_person, of_chat):
        return Verdict.REFUSED
    is_listed = user_id in lists.user_ids or (not is_private and chat_id in lists.chat_ids)
    if lists.is_open or is_listed or Rule.ALLOW in (of_person, of_chat):
        return Verdict.ALLOWED
    return Verdict.REFUSED


class Access:
    """Decides, and keeps what admins decided.

    Args:
        rulebook: What admins decided.
        lists: What the environment says.
    """

    def __init__(self, rulebook: Rulebook, lists: OwnerLists) -> None:
        self._rulebook = rulebook
        self._lists = lists

    async def decide(self, user_id: int, chat_id: int, *, is_private: bool) -> Verdict:
        """What somebody may do in a chat; reads the database only after a change."""
        return judge(self._lists, await self._rulebook.current(), user_id, chat_id, is_private=is_private)

    async def admin_ids(self) -> frozenset[int]:
        """All admins: those of the environment, and those made by the claim link."""
        rules = await self._rulebook.current()
        return self._lists.admin_ids | {subject.id for subject, rule in rules.items() if rule is Rule.ADMIN}

    async def allow(self, subject: Subject) -> None:
        """Let somebody in; an admin stays an admin."""
        async with self._rulebook.writing() as session:
            row = await session.get(AccessRow, (subject.kind.value, subject.id))
            if row is None or row.verdict != Rule.ADMIN.value:
                await self._rulebook.put(session, subject, Rule.ALLOW)

    async def deny(self, subject: Subject) -> DenyOutcome:
        """Shut somebody out, from the next update on, in every process."""
        if subject.kind is SubjectKind.USER and subject.id in self._lists.admin_ids:
            return DenyOutcome.IS_OWNER
        async with self._rulebook.writing() as session:
            await self._rulebook.put(session, subject, Rule.DENY)
        return DenyOutcome.DENIED

    async def migrate(self, old_chat_id: int, new_chat_id: int) -> None:
        """Let what was decided about a group hold for the supergroup it became; repeating it changes nothing."""
        rules = await self._rulebook.current()
        rule = rules.get(Subject(SubjectKind.CHAT, old_chat_id))
        if rule is None and old_chat_id in self._lists.chat_ids:
            rule = Rule.ALLOW
        new = Subject(SubjectKind.CHAT, new_chat_id)
        if rule is None or new in rules:
            return
        async with self._rulebook.writing() as session:
            await self._rulebook.put(session, new, rule)


async def forget_access(session: AsyncSession, user_id: int) -> None:
    """Delete what was decided in somebody's favour; a deny stays. To be called within ``Rulebook.writing``."""
    await session.execute(
        delete(AccessRow).where(
            AccessRow.kind == SubjectKind.USER.value,
            AccessRow.subject_id == user_id,
            AccessRow.verdict != Rule.DENY.value,
        )
    )

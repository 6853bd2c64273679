import asyncio

from services.access import Access, DenyOutcome, OwnerLists, Verdict
from services.changes import Changes
from services.rulebook import Rulebook, Subject, SubjectKind
from services.store.database import Database
from tests.access.world import Counted, ManualClock

PERSON, GROUP, SUPERGROUP = 7, -100, -1001234567890
THE_PERSON = Subject(SubjectKind.USER, PERSON)
THE_GROUP = Subject(SubjectKind.CHAT, GROUP)


async def verdict(access: Access, user_id: int = PERSON, chat_id: int = PERSON) -> Verdict:
    return await access.decide(user_id, chat_id, is_private=chat_id > 0)


async def test_allow_and_deny_work_at_once(access: Access) -> None:
    assert await verdict(access) is Verdict.REFUSED
    await access.allow(THE_PERSON)
    assert await verdict(access) is Verdict.ALLOWED
    assert await access.deny(THE_PERSON) is DenyOutcome.DENIED
    assert await verdict(access) is Verdict.REFUSED


async def test_a_group_is_let_in_and_shut_out(access: Access) -> None:
    await access.allow(THE_GROUP)
    assert await verdict(access, chat_id=GROUP) is Verdict.ALLOWED
    await access.deny(THE_GROUP)
    assert await verdict(access, chat_id=GROUP) is Verdict.REFUSED


async def test_what_was_decided_outlives_the_process(
    access: Access, database: Database, changes: Changes, clock: ManualClock
) -> None:
    await access.allow(THE_PERSON)
    later = Access(Rulebook(database, changes, clock), OwnerLists())
    assert await verdict(later) is Verdict.ALLOWED


async def test_a_decision_costs_no_read_while_nothing_changes(access: Access, counted: Counted) -> None:
    await access.allow(THE_PERSON)
    await verdict(access)
    before = len(counted.statements)
    for _ in range(100):
        await verdict(access)
        await verdict(access, user_id=99, chat_id=GROUP)
    assert len(counted.statements) == before


async def test_many_at_once_read_the_rules_once(access: Access, counted: Counted) -> None:
    await asyncio.gather(*(verdict(access, user_id) for user_id in range(1, 50)))
    assert len([one for one in counted.statements if "FROM access" in one]) == 1


async def test_a_change_while_the_rules_are_read_is_not_missed(
    access: Access, rulebook: Rulebook, changes: Changes
) -> None:
    reading = asyncio.create_task(rulebook.current())
    await asyncio.sleep(0)
    await access.allow(THE_PERSON)
    await reading
    assert await verdict(access) is Verdict.ALLOWED


async def test_an_admin_of_the_environment_cannot_be_denied(rulebook: Rulebook) -> None:
    access = Access(rulebook, OwnerLists(admin_ids=frozenset({PERSON})))
    assert await access.deny(THE_PERSON) is DenyOutcome.IS_OWNER
    assert await verdict(access) is Verdict.ADMIN


async def test_a_denied_group_with_the_number_of_an_admin_is_no_admin(rulebook: Rulebook) -> None:
    access = Access(rulebook, OwnerLists(admin_ids=frozenset({PERSON})))
    assert await access.deny(Subject(SubjectKind.CHAT, PERSON)) is DenyOutcome.DENIED


async def test_the_supergroup_inherits_from_its_group(access: Access) -> None:
    await access.allow(THE_GROUP)
    await access.migrate(GROUP, SUPERGROUP)
    await access.migrate(GROUP, SUPERGROUP)
    assert await verdict(access, chat_id=SUPERGROUP) is Verdict.ALLOWED


async def test_the_supergroup_inherits_what_the_environment_allows(rulebook: Rulebook) -> None:
    access = Access(rulebook, OwnerLists(chat_ids=frozenset({GROUP})))
    await access.migrate(GROUP, SUPERGROUP)
    assert await verdict(access, chat_id=SUPERGROUP) is Verdict.ALLOWED


async def test_a_late_word_of_the_migration_does_not_undo_a_deny(access: Access) -> None:
    await access.allow(THE_GROUP)
    await access.deny(Subject(SubjectKind.CHAT, SUPERGROUP))
    await access.migrate(GROUP, SUPERGROUP)
    assert await verdict(access, chat_id=SUPERGROUP) is Verdict.REFUSED


async def test_a_group_nothing_was_decided_about_leaves_no_rule(access: Access, rulebook: Rulebook) -> None:
    await access.migrate(GROUP, SUPERGROUP)
    assert await rulebook.current() == {}

from sqlalchemy import select

from services.access import Access, OwnerLists, Permission
from services.store.database import Database, open_database
from services.store.schema import AccessRow
from tests.hand_clock import HandClock
from tests.unit.access.world import Counted

PERSON, GROUP, SUPERGROUP = 7, -100, -1001234567890


async def verdict(access: Access, user_id: int = PERSON, chat_id: int = PERSON) -> Permission:
    return await access.decide(user_id, chat_id)


async def test_allow_and_deny_work_at_once(access: Access) -> None:
    assert await verdict(access) is Permission.REFUSED
    await access.allow(PERSON)
    assert await verdict(access) is Permission.ALLOWED
    assert await access.deny(PERSON)
    assert await verdict(access) is Permission.REFUSED


async def test_a_group_is_let_in_and_shut_out(access: Access) -> None:
    await access.allow(GROUP)
    assert await verdict(access, chat_id=GROUP) is Permission.ALLOWED
    await access.deny(GROUP)
    assert await verdict(access, chat_id=GROUP) is Permission.REFUSED


async def test_what_was_decided_outlives_the_process(access: Access, database: Database, clock: HandClock) -> None:
    await access.allow(PERSON)
    later = Access(database, OwnerLists(), clock)
    assert await verdict(later) is Permission.ALLOWED


async def test_a_decision_costs_one_read(access: Access, counted: Counted) -> None:
    await access.allow(PERSON)
    counted.statements.clear()
    await verdict(access, chat_id=GROUP)
    assert len([one for one in counted.statements if one.startswith("SELECT")]) == 1


async def test_what_another_process_decided_holds_at_once(access: Access, each_url: str, clock: HandClock) -> None:
    database = await open_database(each_url)
    there = Access(database, OwnerLists(), clock)
    assert await verdict(access) is Permission.REFUSED
    await there.allow(PERSON)
    assert await verdict(access) is Permission.ALLOWED
    await there.deny(PERSON)
    assert await verdict(access) is Permission.REFUSED
    await database.close()


async def test_an_admin_of_the_environment_cannot_be_denied(database: Database, clock: HandClock) -> None:
    access = Access(database, OwnerLists(admin_ids=frozenset({PERSON})), clock)
    assert not await access.deny(PERSON)
    assert await verdict(access) is Permission.ADMIN


async def test_a_denied_group_with_the_number_of_an_admin_is_no_admin(database: Database, clock: HandClock) -> None:
    access = Access(database, OwnerLists(admin_ids=frozenset({PERSON})), clock)
    assert await access.deny(-PERSON)


async def test_the_supergroup_inherits_from_its_group(access: Access) -> None:
    await access.allow(GROUP)
    await access.migrate(GROUP, SUPERGROUP)
    await access.migrate(GROUP, SUPERGROUP)
    assert await verdict(access, chat_id=SUPERGROUP) is Permission.ALLOWED


async def test_the_supergroup_inherits_what_the_environment_allows(database: Database, clock: HandClock) -> None:
    access = Access(database, OwnerLists(chat_ids=frozenset({GROUP})), clock)
    await access.migrate(GROUP, SUPERGROUP)
    assert await verdict(access, chat_id=SUPERGROUP) is Permission.ALLOWED


async def test_a_late_word_of_the_migration_does_not_undo_a_deny(access: Access) -> None:
    await access.allow(GROUP)
    await access.deny(SUPERGROUP)
    await access.migrate(GROUP, SUPERGROUP)
    assert await verdict(access, chat_id=SUPERGROUP) is Permission.REFUSED


async def test_a_group_nothing_was_decided_about_leaves_no_rule(access: Access, database: Database) -> None:
    await access.migrate(GROUP, SUPERGROUP)
    assert await database.read(lambda session: session.scalars(select(AccessRow)).all()) == []

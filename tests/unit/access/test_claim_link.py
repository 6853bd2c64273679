import asyncio
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from services.access import CLAIM_LIFETIME, Access, ClaimLink, Permission, Subject, SubjectKind
from services.store.database import Database
from services.store.schema import ClaimCodeRow
from tests.unit.access.world import ManualClock

PERSON, OTHER = 7, 8


def make(database: Database, clock: ManualClock, *, has_owner: bool = False) -> ClaimLink:
    codes: Iterator[str] = (f"code-{number}" for number in range(100))
    return ClaimLink(database, clock, has_owner, lambda: next(codes))


@pytest.fixture
def link(database: Database, clock: ManualClock) -> ClaimLink:
    return make(database, clock)


async def test_whoever_has_the_code_becomes_admin_once(link: ClaimLink, access: Access) -> None:
    code = await link.claim_link_code()
    assert code is not None
    assert await link.claim(code, PERSON)
    assert await access.decide(PERSON, PERSON, is_private=True) is Permission.ADMIN
    assert await access.admin_ids() == {PERSON}
    assert not await link.claim(code, OTHER)
    assert not await link.claim(code, PERSON)
    assert await access.decide(OTHER, OTHER, is_private=True) is Permission.REFUSED


async def test_with_an_admin_there_is_no_code(link: ClaimLink) -> None:
    code = await link.claim_link_code()
    assert code is not None
    await link.claim(code, PERSON)
    assert await link.claim_link_code() is None


async def test_with_an_admin_in_the_environment_nothing_can_be_claimed(
    link: ClaimLink, database: Database, clock: ManualClock
) -> None:
    code = await link.claim_link_code()
    assert code is not None
    owned = make(database, clock, has_owner=True)
    assert await owned.claim_link_code() is None
    assert not await owned.claim(code, PERSON)


@pytest.mark.parametrize("code", ["", "code-", "code-1", "ｃode-0", "code-0 ", "x" * 5000])
async def test_a_wrong_code_makes_nobody_admin(link: ClaimLink, access: Access, code: str) -> None:
    assert await link.claim_link_code() == "code-0"
    assert not await link.claim(code, PERSON)
    assert await access.admin_ids() == frozenset()
    assert await link.claim("code-0", PERSON)


async def test_of_two_who_claim_at_once_one_becomes_admin(link: ClaimLink, access: Access) -> None:
    first, second = await link.claim_link_code(), await link.claim_link_code()
    assert first is not None
    assert second is not None
    came = await asyncio.gather(*(link.claim(code, user) for user in (PERSON, OTHER) for code in (first, second)))
    assert came.count(True) == 1
    assert len(await access.admin_ids()) == 1


async def test_the_code_itself_is_nowhere_in_the_database(link: ClaimLink, database: Database) -> None:
    code = await link.claim_link_code()
    assert code is not None
    hashes = await database.read(lambda session: session.scalars(select(ClaimCodeRow.code_hash)).all())
    assert len(hashes) == 1
    assert code not in hashes[0]


async def test_old_codes_go_when_a_new_one_is_made(link: ClaimLink, clock: ManualClock) -> None:
    old = await link.claim_link_code()
    assert old is not None
    clock.pass_(CLAIM_LIFETIME.total_seconds() + 1)
    new = await link.claim_link_code()
    assert new is not None
    assert not await link.claim(old, PERSON)
    assert await link.claim(new, PERSON)


async def test_somebody_denied_who_holds_the_code_becomes_admin(link: ClaimLink, access: Access) -> None:
    await access.deny(Subject(SubjectKind.USER, PERSON))
    code = await link.claim_link_code()
    assert code is not None
    assert await link.claim(code, PERSON)
    assert await access.decide(PERSON, PERSON, is_private=True) is Permission.ADMIN


async def test_an_admin_by_link_stays_admin_when_allowed(link: ClaimLink, access: Access) -> None:
    code = await link.claim_link_code()
    assert code is not None
    await link.claim(code, PERSON)
    await access.allow(Subject(SubjectKind.USER, PERSON))
    assert await access.admin_ids() == {PERSON}

import asyncio

import pytest
from sqlalchemy import select

from services.access import CLAIM_LIFETIME, Access, OwnerLists, Permission
from services.store.database import Database
from services.store.schema import ClaimCodeRow
from tests.hand_clock import HandClock

PERSON, OTHER = 7, 8


async def test_whoever_has_the_code_becomes_admin_once(access: Access) -> None:
    assert await access.offer_claim("code-0")
    assert await access.claim("code-0", PERSON)
    assert await access.decide(PERSON, PERSON) is Permission.ADMIN
    assert await access.admin_ids() == {PERSON}
    assert not await access.claim("code-0", OTHER)
    assert not await access.claim("code-0", PERSON)
    assert await access.decide(OTHER, OTHER) is Permission.REFUSED


async def test_with_an_admin_there_is_no_code(access: Access) -> None:
    assert await access.offer_claim("code-0")
    await access.claim("code-0", PERSON)
    assert not await access.offer_claim("code-1")


async def test_with_an_admin_in_the_environment_nothing_can_be_claimed(
    access: Access, database: Database, clock: HandClock
) -> None:
    assert await access.offer_claim("code-0")
    owned = Access(database, OwnerLists(admin_ids=frozenset({OTHER})), clock)
    assert not await owned.offer_claim("code-1")
    assert not await owned.claim("code-0", PERSON)


@pytest.mark.parametrize("code", ["", "code-", "code-1", "ｃode-0", "code-0 ", "x" * 5000])
async def test_a_wrong_code_makes_nobody_admin(access: Access, code: str) -> None:
    assert await access.offer_claim("code-0")
    assert not await access.claim(code, PERSON)
    assert await access.admin_ids() == frozenset()
    assert await access.claim("code-0", PERSON)


async def test_of_two_who_claim_at_once_one_becomes_admin(access: Access) -> None:
    first, second = "code-0", "code-1"
    assert await access.offer_claim(first)
    assert await access.offer_claim(second)
    came = await asyncio.gather(*(access.claim(code, user) for user in (PERSON, OTHER) for code in (first, second)))
    assert came.count(True) == 1
    assert len(await access.admin_ids()) == 1


async def test_the_code_itself_is_nowhere_in_the_database(access: Access, database: Database) -> None:
    assert await access.offer_claim("code-0")
    hashes = await database.read(lambda session: session.scalars(select(ClaimCodeRow.code_hash)).all())
    assert len(hashes) == 1
    assert "code-0" not in hashes[0]


async def test_old_codes_go_when_a_new_one_is_made(access: Access, clock: HandClock) -> None:
    assert await access.offer_claim("old")
    clock.forward(CLAIM_LIFETIME.total_seconds() + 1)
    assert await access.offer_claim("new")
    assert not await access.claim("old", PERSON)
    assert await access.claim("new", PERSON)


async def test_somebody_denied_who_holds_the_code_becomes_admin(access: Access) -> None:
    await access.deny(PERSON)
    assert await access.offer_claim("code-0")
    assert await access.claim("code-0", PERSON)
    assert await access.decide(PERSON, PERSON) is Permission.ADMIN


async def test_an_admin_by_link_stays_admin_when_allowed(access: Access) -> None:
    assert await access.offer_claim("code-0")
    await access.claim("code-0", PERSON)
    await access.allow(PERSON)
    assert await access.admin_ids() == {PERSON}

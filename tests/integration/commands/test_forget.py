from datetime import timedelta
from hashlib import sha256

from sqlalchemy import text, update
from sqlalchemy.orm import Session

from sandbox.botapi import Person
from services.access import Permission
from services.generations.model import FINAL, State
from services.retention import UNTOLD_GRACE, forget_everything
from services.store.base import Base
from services.store.database import Database
from services.store.schema import DraftItemRow, DraftRow, GenerationRow, InboxRow, SeenPhotoRow
from tests.integration.commands.rows import add_generation
from tests.integration.handlers.world import World

OTHER = 4242


async def fill(world: World, user_id: int) -> None:
    """Leave rows of a person in every table that may hold any."""
    at = world.clock.now() - timedelta(hours=1)
    await world.services.people.choose(user_id, language="en")
    await world.services.throttle.allows(f"history:u{user_id}:1", timedelta(minutes=1))
    await world.services.access.allow(user_id)
    # Ids of generations are random and tell nobody's name.
    name = sha256(str(user_id).encode()).hexdigest()[:8]
    await add_generation(world.services.database, f"done-{name}", user_id, at, file_ids=["x"])
    await add_generation(world.services.database, f"failed-{name}", user_id, at, state=State.FAILED)

    def insert(session: Session) -> None:
        session.add(
            DraftRow(id=f"d{user_id}", chat_id=user_id, user_id=user_id, language="en", created_at=at, updated_at=at)
        )
        session.flush()
        session.add(DraftItemRow(draft_id=f"d{user_id}", message_id=1, text="rain"))
        session.add(
            SeenPhotoRow(
                chat_id=-5, message_id=user_id, user_id=user_id, media_group_id="m", file_id="f", file_unique_id="u",
                file_kind="photo", seen_at=at,
            )
        )  # fmt: skip
        session.add(InboxRow(bot_id=1, update_id=user_id, lane=f"-5:{user_id}", received_at=at))

    await world.services.database.write(insert)


async def count_rows(database: Database) -> dict[str, int]:
    return await database.read(
        lambda session: {
            table.name: session.scalar(text(f"SELECT count(*) FROM {table.name}")) or 0
            for table in Base.metadata.sorted_tables
            if table.name != InboxRow.__tablename__  # The number of every update that was handled is kept a while.
        }
    )


async def mentions(database: Database, needle: str) -> list[str]:
    """Tables where a row holds the needle in any column."""
    return await database.read(
        lambda session: [
            table.name
            for table in Base.metadata.sorted_tables
            for row in session.execute(table.select())
            if any(needle in str(value) for value in row)
        ]
    )


async def forget(world: World, person: Person, label: str = "Delete everything") -> str:
    menu = await world.says(person, "/forget")
    await world.presses(person, menu, label)
    line = await world.sees(person.chat_id, lambda one: not one.buttons and one.message_id == menu.message_id)
    await world.handled()
    return line.text


async def test_everything_of_the_person_goes_and_nothing_of_others(world: World, alice: Person) -> None:
    await fill(world, OTHER)
    before = await count_rows(world.services.database)
    await fill(world, alice.user_id)
    tables = await mentions(world.services.database, str(alice.user_id))
    assert {"people", "access", "drafts", "generations", "seen_photos", "notices", "inbox"} <= set(tables)
    assert "Done" in await forget(world, alice)
    after = await count_rows(world.services.database)
    # The number of an update that was worked through stays, and so do the hashes of what the service made: they name
    # nobody, and keep one person's videos from ever being taken for another's.
    claims = before["result_claims"]
    assert after == {**before, "result_claims": claims + claims}
    left = await mentions(world.services.database, str(alice.user_id))
    assert left == ["inbox"]
    row = await world.services.database.read(lambda session: session.get(InboxRow, (1, alice.user_id)))
    assert row is not None
    assert row.lane == ""


async def test_no_table_that_names_people_is_overlooked() -> None:
    naming = {table.name for table in Base.metadata.sorted_tables if "user_id" in table.columns}
    kept = {"payments", "movements"}  # the bare record of what was paid
    assert naming == {"people", "drafts", "seen_photos", "generations", "purchases"} | kept


async def test_nothing_is_deleted_by_asking_or_by_no(world: World, alice: Person) -> None:
    await fill(world, alice.user_id)
    before = await count_rows(world.services.database)
    assert "Nothing was deleted" in await forget(world, alice, "Keep it")
    assert await count_rows(world.services.database) == before


async def test_a_deny_outlives_the_person(world: World, alice: Person) -> None:
    menu = await world.says(alice, "/forget")
    await world.services.access.deny(alice.user_id)
    await world.services.database.write(forget_everything, alice.user_id, world.clock.now(), False)
    assert await world.services.access.decide(alice.user_id, alice.chat_id) is Permission.REFUSED
    assert menu.buttons


async def test_while_something_goes_on_nothing_is_deleted(world: World, alice: Person) -> None:
    await fill(world, alice.user_id)
    await add_generation(world.services.database, "now", alice.user_id, world.clock.now(), state=State.QUEUED)
    before = await count_rows(world.services.database)
    for state in sorted(set(State) - FINAL):
        change = update(GenerationRow).where(GenerationRow.id == "now").values(state=state.value)
        await world.services.database.write(lambda session, change=change: session.execute(change))  # type: ignore[misc]
        assert "still being made" in await forget(world, alice), state
        assert await count_rows(world.services.database) == before


async def test_an_end_that_was_not_told_yet_is_waited_for_but_not_for_ever(world: World, alice: Person) -> None:
    await add_generation(world.services.database, "now", alice.user_id, world.clock.now(), seconds=0, told=False)
    assert "still being made" in await forget(world, alice)
    world.clock.advance(UNTOLD_GRACE.total_seconds() + 1)
    assert "Done" in await forget(world, alice)


async def test_what_was_chosen_is_forgotten_at_once(world: World, alice: Person) -> None:
    await world.services.people.choose(alice.user_id, language="vi")
    menu = await world.says(alice, "/forget")
    await world.presses(alice, menu, "Xóa tất cả")
    await world.sees(alice.chat_id, "Xong")
    assert "send a photo" in (await world.says(alice, "/start")).text


async def test_forgetting_twice_changes_nothing_more(world: World, alice: Person) -> None:
    await fill(world, alice.user_id)
    assert "Done" in await forget(world, alice)
    after = await count_rows(world.services.database)
    assert "Done" in await forget(world, alice)
    assert await count_rows(world.services.database) == after


async def test_an_admin_is_told_what_else_is_lost(world: World, owner: Person) -> None:
    assert "not be admin any more" in (await world.says(owner, "/forget")).text

import asyncio
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.drafts.drafts import NewItems, NotAdded
from services.drafts.model import DraftItem, DraftState, Owner
from services.drafts.presses import PressOutcome
from services.options import VideoOptions, Wanted
from services.people import Preferences
from services.store.database import Database, open_database
from tests.hand_clock import StandingClock
from tests.unit.drafts.world import ANNA, DEFAULTS, IN_GROUP, Room, item, photo


async def test_messages_build_one_draft(room: Room) -> None:
    first = await room.put(item(1))
    second = await room.put(item(2, "leaves fall", with_photo=False))
    assert first == second
    made = await room.get(first)
    assert (made.photos, made.prompt, made.state) == ((photo("1"),), "leaves fall", DraftState.OPEN)


async def test_a_repeated_message_changes_nothing(room: Room) -> None:
    draft_id = await room.put(item(1, "a"))
    before = await room.get(draft_id)
    again = await room.drafts.add(NewItems(ANNA, [item(1, "a")], DEFAULTS))
    assert again == draft_id
    assert await room.get(draft_id) == before


async def test_a_message_repeated_after_the_start_opens_no_draft(room: Room) -> None:
    draft_id = await room.put(item(1, "a"))
    await room.starter.start(draft_id, ANNA.user_id)
    assert (await room.drafts.add(NewItems(ANNA, [item(1, "a")], DEFAULTS))) == draft_id
    assert await room.open_of(ANNA) is None


async def test_people_places_and_topics_have_their_own_drafts(room: Room) -> None:
    owners = [ANNA, IN_GROUP, replace(IN_GROUP, user_id=12), replace(IN_GROUP, thread_id=5)]
    drafts = [await room.put(item(number, "a"), owner=owner) for number, owner in enumerate(owners, start=1)]
    assert len(set(drafts)) == len(owners)
    assert [(await room.get(draft_id)).owner for draft_id in drafts] == owners


async def test_a_draft_begins_as_its_person_likes(room: Room) -> None:
    draft_id = await room.put(item(1), defaults=Preferences("vi", VideoOptions(3), starts_at_once=True))
    made = await room.get(draft_id)
    assert (made.language, made.options.count, made.starts_itself) == ("vi", 3, True)


async def test_without_defaults_no_draft_is_made(room: Room) -> None:
    assert (await room.drafts.add(NewItems(ANNA, [item(1)], DEFAULTS, opens=False))) is NotAdded.NO_DRAFT
    draft_id = await room.put(item(2))
    added = await room.drafts.add(NewItems(ANNA, [item(3, "a", with_photo=False)], DEFAULTS, opens=False))
    assert added == draft_id


async def test_a_late_part_of_a_started_album_is_told_apart(room: Room) -> None:
    draft_id = await room.put(item(1, "a", album="x"))
    await room.starter.start(draft_id, ANNA.user_id)
    assert (await room.drafts.add(NewItems(ANNA, [item(2, album="x")], DEFAULTS))) is NotAdded.TOO_LATE
    assert await room.open_of(ANNA) is None


async def test_a_late_part_of_a_cancelled_album_is_dropped(room: Room) -> None:
    draft_id = await room.put(item(1, "a", album="x"))
    await room.press(draft_id, ANNA.user_id, "cancel")
    assert (await room.drafts.add(NewItems(ANNA, [item(2, album="x")], DEFAULTS))) is NotAdded.NO_DRAFT


async def test_an_edited_message_changes_the_prompt(room: Room) -> None:
    draft_id = await room.put(item(1, "old"), item(2, "more", with_photo=False))
    assert await room.drafts.change_message(11, 11, DraftItem(1, "new")) == draft_id
    assert (await room.get(draft_id)).prompt == "new\nmore"


async def test_an_edit_can_replace_the_photo_and_the_count(room: Room) -> None:
    draft_id = await room.put(item(1, "old"))
    await room.drafts.change_message(11, 11, DraftItem(1, "old", photo("9")), Wanted(4))
    made = await room.get(draft_id)
    assert (made.photos, made.options.count) == ((photo("9"),), 4)


async def test_an_edit_that_changes_nothing_refreshes_nothing(room: Room) -> None:
    await room.put(item(1, "old"))
    assert await room.drafts.change_message(11, 11, DraftItem(1, "old", photo("1"))) is None


async def test_an_edit_by_somebody_else_or_after_the_start_changes_nothing(room: Room) -> None:
    draft_id = await room.put(item(1, "old"))
    assert await room.drafts.change_message(11, 12, DraftItem(1, "new")) is None
    await room.starter.start(draft_id, ANNA.user_id)
    assert await room.drafts.change_message(11, 11, DraftItem(1, "new")) is None
    assert (await room.get(draft_id)).prompt == "old"


async def test_buttons_are_their_owners(room: Room) -> None:
    draft_id = await room.put(item(1, "a"))
    assert await room.press(draft_id, 12, "3") is PressOutcome.NOT_YOURS
    assert await room.press(draft_id, 12, "cancel") is PressOutcome.NOT_YOURS
    assert await room.press(draft_id, 11, "3") is PressOutcome.DONE
    made = await room.get(draft_id)
    assert (made.options.count, made.state) == (3, DraftState.OPEN)


async def test_buttons_of_old_cards_say_what_became_of_them(room: Room) -> None:
    draft_id = await room.put(item(1, "a"))
    assert await room.press(draft_id, 11, "cancel") is PressOutcome.DONE
    assert await room.press(draft_id, 11, "2") is PressOutcome.CANCELLED
    other = await room.put(item(2, "a"))
    await room.starter.start(other, 11)
    assert await room.press(other, 11, "cancel") is PressOutcome.SUBMITTED
    assert await room.press("nothing", 11, "cancel") is PressOutcome.UNKNOWN


async def test_cancel_ends_the_open_draft_of_that_place_alone(room: Room) -> None:
    here, there = await room.put(item(1)), await room.put(item(2), owner=IN_GROUP)
    assert await room.cancel_open(ANNA) == here
    assert await room.cancel_open(ANNA) is None
    assert (await room.get(there)).state is DraftState.OPEN


async def test_two_processes_open_one_draft(tmp_path: object) -> None:
    url = f"sqlite:///{tmp_path}/shared.sqlite3"
    databases = [await open_database(url), await open_database(url)]
    rooms = [Room(database, StandingClock()) for database in databases]
    await asyncio.gather(
        *(rooms[number % 2].drafts.add(NewItems(ANNA, [item(number + 1)], DEFAULTS)) for number in range(8))
    )
    made = await rooms[0].open_of(ANNA)
    assert made is not None
    assert [one.message_id for one in made.items] == list(range(1, 9))
    for database in databases:
        await database.close()


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
async def test_albums_of_several_people_in_any_order_do_not_mix(database: Database, data: st.DataObject) -> None:
    base = data.draw(st.integers(1, 10**9)) * 1000
    owners = [Owner(-base, None, base + 1), Owner(-base, None, base + 2), Owner(-base, 7, base + 1)]
    parts: list[tuple[Owner, DraftItem]] = [
        (
            owner,
            DraftItem(
                10 * place + part, f"{place}{part}" if part == 2 else "", photo(f"{place}{part}"), f"{base}{place}"
            ),
        )
        for place, owner in enumerate(owners, start=1)
        for part in range(1, 4)
    ]
    room = Room(database, StandingClock())
    ids = iter(f"{base}-{number}" for number in range(50))
    room.drafts.new_id = lambda: next(ids)
    for owner, part in data.draw(st.permutations(parts + parts[:4])):
        await room.drafts.add(NewItems(owner, [part], DEFAULTS))
    for place, owner in enumerate(owners, start=1):
        made = await room.open_of(owner)
        assert made is not None
        assert made.photos == tuple(photo(f"{place}{part}") for part in range(1, 4))
        assert made.prompt == f"{place}2"

from datetime import timedelta

from services.cards.store import claim, sent
from services.drafts.drafts import NewItems, NotAdded, album_draft_id, album_parts, prune_seen
from services.drafts.model import DraftState, Owner
from services.options import Wanted
from tests.hand_clock import StandingClock
from tests.unit.drafts.world import ANNA, DEFAULTS, IN_GROUP, START, Room, item, photo


async def test_parts_seen_twice_and_in_any_order_are_an_album(room: Room) -> None:
    for number in (3, 1, 2, 1):
        await room.drafts.remember(Owner(-100, None, 5), "x", number, photo(str(number)))
    await room.drafts.remember(Owner(-200, None, 5), "x", 4, photo("4"))
    assert list(await room.database.read(album_parts, -100, "x")) == [1, 2, 3]


async def test_seen_parts_are_forgotten_after_a_while(room: Room, time: StandingClock) -> None:
    await room.drafts.remember(Owner(-100, None, 5), "x", 1, photo("1"))
    await time.pass_(3600)
    await room.drafts.remember(Owner(-100, None, 5), "x", 2, photo("2"))
    assert await room.database.write(prune_seen, time.now() - timedelta(minutes=30)) == 1
    assert list(await room.database.read(album_parts, -100, "x")) == [2]


async def test_a_starting_album_takes_its_parts_out_of_the_open_draft(room: Room) -> None:
    open_id = await room.put(item(1), item(5, album="x"), item(7, "words", album="x"))
    added = await room.start_album(item(6, "go", album="x"), wanted=Wanted(2))
    assert added == album_draft_id(11, "x")
    starting, kept = await room.get(added), await room.get(open_id)
    assert starting.state is DraftState.GATHERING
    assert (starting.prompt, starting.options.count, starting.starts_itself) == ("go\nwords", 2, True)
    assert starting.photos == (photo("5"), photo("6"), photo("7"))
    assert kept.photos == (photo("1"),)


async def test_later_parts_find_the_starting_album(room: Room) -> None:
    added = await room.start_album(item(6, "go", album="x"))
    later = await room.drafts.add(NewItems(ANNA, [item(5, album="x")], DEFAULTS))
    assert later == added
    assert await room.open_of(ANNA) is None


async def test_an_emptied_draft_leaves_its_card_to_the_album(room: Room) -> None:
    open_id = await room.put(item(5, album="x"))
    await room.database.write(claim, open_id, START)
    await room.database.write(sent, open_id, 70, 1)
    added = await room.start_album(item(6, "go", album="x"))
    assert (await room.get(added)).card_message_id == 70
    assert await room.find(open_id) is None


async def test_a_repeated_caption_starts_nothing_new(room: Room) -> None:
    caption = item(6, "go", album="x")
    added = await room.start_album(caption, owner=IN_GROUP)
    again = await room.start_album(caption, owner=IN_GROUP)
    await room.starter.start(added, IN_GROUP.user_id)
    later = await room.start_album(caption, owner=IN_GROUP)
    assert (again, later) == (added, added)
    assert len(room.orders.placed_orders) == 1


async def test_a_second_caption_after_the_start_is_too_late(room: Room) -> None:
    added = await room.start_album(item(6, "go", album="x"))
    await room.starter.start(added, ANNA.user_id)
    later = await room.drafts.start_album("x", NewItems(ANNA, [item(7, "more", album="x")], DEFAULTS))
    assert later is NotAdded.TOO_LATE

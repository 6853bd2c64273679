from datetime import timedelta

from services.cards.store import sent, unfinished
from services.drafts.drafts import NewItems, album_parts
from services.drafts.model import DraftState, Owner, order_of
from services.drafts.store import drafts_of_messages, forget_drafts, move_drafts, prune_drafts
from tests.hand_clock import StandingClock
from tests.unit.drafts.world import ANNA, DEFAULTS, IN_GROUP, Room, item, photo


async def test_old_drafts_go_with_their_messages(room: Room, time: StandingClock) -> None:
    old = await room.put(item(1))
    await time.pass_(100)
    young = await room.put(item(2), owner=IN_GROUP)
    assert await room.database.write(prune_drafts, time.now() - timedelta(seconds=50)) == 1
    assert await room.find(old) is None
    assert (await room.get(young)).photos == (photo("2"),)
    assert await room.database.read(drafts_of_messages, 11, [1]) == {}


async def test_a_forgotten_person_leaves_nothing(room: Room) -> None:
    mine, other = await room.put(item(1)), await room.put(item(2), owner=Owner(-100, None, 12))
    await room.drafts.remember(Owner(-100, None, 11), "x", 3, photo("3"))
    await room.database.write(forget_drafts, 11)
    assert await room.find(mine) is None
    assert await room.find(other) is not None
    assert await room.database.read(album_parts, -100, "x") == {}


async def move(room: Room) -> tuple[str, ...]:
    return await room.database.write(move_drafts, -100, -1009)


async def test_a_draft_and_its_album_live_on_in_the_supergroup(room: Room) -> None:
    draft_id = await room.put(item(1, "a", album="x"), owner=IN_GROUP)
    await room.drafts.remember(Owner(-100, None, 5), "y", 9, photo("9"))
    await room.database.write(sent, draft_id, 70, 1)
    assert await move(room) == (draft_id,)
    assert await move(room) == ()
    # The new chat counts its messages anew: the same number is another message there.
    added = await room.drafts.add(NewItems(Owner(-1009, None, 11), [item(1, "b")], DEFAULTS))
    moved = await room.get(draft_id)
    assert added == draft_id
    assert (moved.prompt, moved.card_message_id) == ("a\nb", None)
    assert list((await room.database.read(album_parts, -1009, "y")).values()) == [photo("9")]


async def test_a_moved_draft_answers_its_new_card(room: Room) -> None:
    draft_id = await room.put(item(1, "a"), owner=IN_GROUP)
    await move(room)
    await room.refresher.refresh(draft_id)
    made = await room.get(draft_id)
    assert order_of(made).request_message_id == made.card_message_id


async def test_of_two_open_drafts_the_one_in_the_supergroup_stays(room: Room) -> None:
    old = await room.put(item(1), owner=IN_GROUP)
    new = await room.put(item(1), owner=Owner(-1009, None, 11))
    assert await move(room) == ()
    assert (await room.get(old)).state is DraftState.CANCELLED
    assert (await room.get(new)).state is DraftState.OPEN


async def test_what_is_left_undone_is_found(room: Room) -> None:
    behind = await room.put(item(1))
    shown = await room.put(item(2), owner=IN_GROUP)
    await room.refresher.refresh(shown)
    starting = await room.start_album(item(3, "go", album="x"), owner=Owner(7, None, 7))
    cancelled = await room.put(item(4), owner=Owner(8, None, 8))
    await room.refresher.refresh(cancelled)
    await room.press(cancelled, 8, "cancel")
    assert set(await room.database.read(unfinished)) == {behind, starting, cancelled}


async def test_cancelling_from_outside_closes_the_card(room: Room, time: StandingClock) -> None:
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    assert await room.cancel_open(ANNA) == draft_id
    assert await room.cancel_open(ANNA) is None
    await room.refresher.refresh(draft_id)
    assert room.phone.shown[500].rows == ()

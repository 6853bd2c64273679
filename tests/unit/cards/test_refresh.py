from dataclasses import replace

import pytest
from telegram.error import BadRequest, ChatMigrated, NetworkError, RetryAfter, TelegramError, TimedOut

from services.cards.refresh import RETRY_SECONDS, UNHANDLED_SECONDS
from services.cards.store import CLAIM_LASTS, claim, release_all, unfinished
from services.drafts.drafts import NewItems
from services.drafts.model import DraftState
from services.drafts.store import move_drafts
from services.generations.model import TooManyWaiting
from services.inbox import Arrived, lane_name
from services.messenger import ChatClosedError, EditOutcome
from services.options import Wanted
from services.people import Preferences
from tests.hand_clock import StandingClock
from tests.unit.drafts.world import ANNA, DEFAULTS, IN_GROUP, START, Room, item

AT_ONCE = Preferences("en", starts_at_once=True)


async def test_a_draft_has_one_card_that_follows_it(room: Room) -> None:
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    await room.put(item(2, "leaves fall"))
    await room.refresher.refresh(draft_id)
    assert len(room.phone.shown) == 1
    assert "leaves fall" in room.phone.texts()[0]
    assert (await room.get(draft_id)).card_message_id == 500


async def test_an_up_to_date_card_is_left_alone(room: Room) -> None:
    draft_id = await room.put(item(1))
    for _ in range(2):
        assert await room.refresher.refresh(draft_id) is None
    assert room.phone.edits == []


async def test_what_comes_while_the_card_is_on_its_way_is_shown_after_it(room: Room) -> None:
    draft_id = await room.put(item(1))

    async def more() -> None:
        await room.put(item(2, "leaves fall"))

    room.phone.while_sending = more
    await room.refresher.refresh(draft_id)
    assert "leaves fall" in room.phone.texts()[0]


async def test_two_processes_send_one_card(room: Room) -> None:
    draft_id = await room.put(item(1))

    async def other_process() -> None:
        await room.put(item(2))
        await room.refresher.refresh(draft_id)

    room.phone.while_sending = other_process
    await room.refresher.refresh(draft_id)
    assert len(room.phone.shown) == 1
    assert "2 of 3" in room.phone.texts()[0]


async def test_a_deleted_card_comes_back_below(room: Room) -> None:
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    room.phone.shown.clear()
    await room.put(item(2))
    await room.refresher.refresh(draft_id)
    assert list(room.phone.shown) == [501]
    assert (await room.get(draft_id)).card_message_id == 501


async def test_a_cancelled_draft_says_so_on_its_card(room: Room) -> None:
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    await room.press(draft_id, ANNA.user_id, "cancel")
    await room.refresher.refresh(draft_id)
    assert room.phone.shown[500].rows == ()


async def test_a_cancelled_draft_without_a_card_stays_silent(room: Room) -> None:
    draft_id = await room.put(item(1))
    await room.press(draft_id, ANNA.user_id, "cancel")
    await room.refresher.refresh(draft_id)
    assert room.phone.shown == {}


async def test_edits_of_a_card_are_older_than_any_status(room: Room) -> None:
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    for number in (2, 3):
        await room.put(item(number))
        await room.refresher.refresh(draft_id)
    first, second = room.phone.versions
    assert first is not None
    assert second is not None
    assert first < second < 0


async def test_a_submitted_draft_is_not_touched(room: Room) -> None:
    draft_id = await room.put(item(1, "fly"))
    await room.refresher.refresh(draft_id)
    await room.starter.start(draft_id, ANNA.user_id)
    await room.refresher.refresh(draft_id)
    assert room.phone.edits == []


async def test_photos_left_out_are_told_of_once_for_an_album_and_again_for_what_is_sent_later(room: Room) -> None:
    draft_id = await room.put(*(item(number, album="a") for number in range(1, 5)))
    await room.refresher.refresh(draft_id)
    await room.put(item(5, album="a"))
    await room.refresher.refresh(draft_id)
    assert sum("first three" in screen.html for screen in room.phone.shown.values()) == 1
    await room.put(item(6))
    await room.refresher.refresh(draft_id)
    assert sum("first three" in screen.html for screen in room.phone.shown.values()) == 2


async def test_a_fourth_photo_is_told_of_though_generate_was_pressed_meanwhile(room: Room) -> None:
    draft_id = await room.put(item(1, "fly"), item(2), item(3))
    await room.refresher.refresh(draft_id)
    room.phone.shown.clear()
    await room.put(item(4))
    await room.starter.start(draft_id, ANNA.user_id)
    for _ in range(2):
        await room.refresher.refresh(draft_id)
    (notice,) = room.phone.shown.values()
    assert "first three" in notice.html


async def test_a_card_that_arrives_after_the_start_is_taken_away(room: Room) -> None:
    draft_id = await room.put(item(1, "fly"))

    async def start() -> None:
        await room.starter.start(draft_id, ANNA.user_id)

    room.phone.while_sending = start
    await room.refresher.refresh(draft_id)
    assert room.phone.edits == [500]
    assert room.phone.shown == {}
    assert (await room.get(draft_id)).card_message_id is None


@pytest.mark.parametrize(
    ("error", "wait"),
    [
        (NetworkError("no route"), RETRY_SECONDS),
        (TimedOut(), CLAIM_LASTS.total_seconds()),
        (RetryAfter(7), 7.0),
        (BadRequest("TOPIC_CLOSED"), None),
        (TelegramError("odd"), None),
        (ChatClosedError(), None),
    ],
)
async def test_a_card_that_cannot_be_sent(room: Room, error: Exception, wait: float | None) -> None:
    room.phone.send_errors = [error]
    draft_id = await room.put(item(1))
    assert await room.refresher.refresh(draft_id) == wait


async def test_a_card_that_may_have_been_sent_is_not_sent_again_soon(room: Room, time: StandingClock) -> None:
    room.phone.send_errors = [TimedOut()]
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    await room.refresher.refresh(draft_id)
    assert room.phone.shown == {}
    await time.pass_(CLAIM_LASTS.total_seconds())
    await room.refresher.refresh(draft_id)
    assert len(room.phone.shown) == 1


async def test_what_a_dead_process_was_about_to_send_is_sent_by_the_next(room: Room) -> None:
    draft_id = await room.put(item(1))
    assert await room.database.write(claim, draft_id, START)
    await room.database.write(release_all)
    await room.refresher.refresh(draft_id)
    assert len(room.phone.shown) == 1


async def test_a_network_failure_is_made_good(room: Room) -> None:
    room.phone.send_errors = [NetworkError("no route")]
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    await room.refresher.refresh(draft_id)
    assert len(room.phone.shown) == 1


async def test_a_chat_that_is_closed_is_left_in_peace(room: Room) -> None:
    draft_id = await room.put(item(1))
    await room.refresher.refresh(draft_id)
    room.phone.edit_errors = [EditOutcome.CLOSED]
    await room.put(item(2))
    await room.refresher.refresh(draft_id)
    assert await room.database.read(unfinished) == ()


async def test_a_card_follows_its_group(room: Room) -> None:
    async def follow(old: int, new: int) -> None:
        await room.database.write(move_drafts, old, new)

    room.moving.follow = follow
    draft_id = await room.put(item(1, "fly"), owner=IN_GROUP)
    room.phone.send_errors = [ChatMigrated(-1009)]
    await room.refresher.refresh(draft_id)
    assert room.moving.calls == [(-100, -1009)]
    assert room.phone.places[500].chat_id == -1009
    assert room.phone.places[500].reply_to is None


async def test_in_a_group_and_topic_the_card_answers_the_request_there(room: Room) -> None:
    draft_id = await room.put(item(4), owner=replace(IN_GROUP, thread_id=7))
    await room.refresher.refresh(draft_id)
    place = room.phone.places[500]
    assert (place.chat_id, place.thread_id, place.reply_to) == (-100, 7, 4)


async def test_a_fourth_photo_is_told_once_for_a_burst(room: Room) -> None:
    draft_id = await room.put(*(item(number) for number in (5, 2, 1, 4, 3)))
    await room.refresher.refresh(draft_id)
    await room.refresher.refresh(draft_id)
    assert [text for text in room.phone.texts() if "first three" in text] == [room.phone.texts()[0]]
    assert room.phone.places[500].reply_to == 4
    await room.put(item(6))
    await room.refresher.refresh(draft_id)
    assert len([text for text in room.phone.texts() if "first three" in text]) == 2


async def test_an_album_starts_once_it_is_quiet(room: Room, time: StandingClock) -> None:
    added = await room.start_album(item(2, "fly", album="x"), wanted=Wanted(2))
    assert await room.refresher.refresh(added) == pytest.approx(2.5)
    await time.pass_(1.0)
    await room.drafts.add(NewItems(ANNA, [item(1, album="x")], DEFAULTS))
    assert await room.refresher.refresh(added) == pytest.approx(2.5)
    await time.pass_(2.6)
    assert await room.refresher.refresh(added) is None
    order = room.orders.placed_orders[f"draft:{added}"]
    assert (len(order.photos), order.options.count, order.request_message_id) == (2, 2, 1)
    assert room.orders.shown == [f"g:draft:{added}"]
    assert room.phone.shown == {}


async def test_nothing_starts_while_a_message_waits_for_its_handler(room: Room, time: StandingClock) -> None:
    added = await room.start_album(item(2, "fly", album="x"))
    await room.inbox.store([Arrived(7, lane_name(ANNA.chat_id, ANNA.user_id), "{}"), Arrived(8, lane_name(1, 2), "{}")])
    await time.pass_(5)
    assert await room.refresher.refresh(added) == UNHANDLED_SECONDS
    await room.inbox.handled(7)
    assert await room.refresher.refresh(added) is None
    assert len(room.orders.placed_orders) == 1


async def test_who_asked_for_it_is_not_asked(room: Room, time: StandingClock) -> None:
    draft_id = await room.put(item(1, "fly"), defaults=AT_ONCE)
    await time.pass_(2)
    await room.refresher.refresh(draft_id)
    assert list(room.orders.placed_orders) == [f"draft:{draft_id}"]


async def test_an_incomplete_draft_waits_with_a_card_all_the_same(room: Room, time: StandingClock) -> None:
    draft_id = await room.put(item(1), defaults=AT_ONCE)
    await time.pass_(2)
    await room.refresher.refresh(draft_id)
    assert room.orders.placed_orders == {}
    assert len(room.phone.shown) == 1


async def test_a_start_that_is_refused_is_told_and_asks_from_then_on(room: Room, time: StandingClock) -> None:
    room.orders.refusal = TooManyWaiting(3)
    added = await room.start_album(item(2, "fly", album="x"))
    await time.pass_(3)
    await room.refresher.refresh(added)
    sentence, card = room.phone.texts()
    assert "3 requests waiting" in sentence
    assert "fly" in card
    assert (await room.get(added)).state is DraftState.OPEN


async def test_a_refused_album_beside_an_open_draft_ends(room: Room, time: StandingClock) -> None:
    await room.put(item(1))
    room.orders.refusal = TooManyWaiting(3)
    added = await room.start_album(item(2, "fly", album="x"))
    await time.pass_(3)
    await room.refresher.refresh(added)
    assert (await room.get(added)).state is DraftState.CANCELLED

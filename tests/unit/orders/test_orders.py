import asyncio
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.orm import Session

from services.cards.store import claim, sent
from services.drafts.model import DraftState, order_of
from services.drafts.presses import PressOutcome
from services.generations.model import DailyLimitReached, Order, Placed, State, TooManyWaiting
from services.generations.store import change
from services.orders import DOUBLE_TAP, Orders, Starter, refusal
from services.store.database import Database
from services.store.schema import GenerationRow
from services.texts import LANGUAGES, Texts
from tests.hand_clock import StandingClock
from tests.unit.drafts.world import ANNA, START, Room, Rows, draft, item


@pytest.fixture
def rows_starter(database: Database, time: StandingClock) -> Starter:
    return Starter(database, Rows(time).place, time)


def earlier(key: str = "message:11:1") -> Order:
    return replace(order_of(draft(item(1, "fly"), owner=ANNA)), request_key=key)


async def test_a_draft_starts_once(room: Room) -> None:
    draft_id = await room.put(item(1, "fly"))
    first = await room.starter.start(draft_id, ANNA.user_id)
    again = await room.starter.start(draft_id, ANNA.user_id)
    assert first == Placed(f"g:draft:{draft_id}", created=True)
    assert again is PressOutcome.SUBMITTED
    assert (await room.get(draft_id)).state is DraftState.SUBMITTED


async def test_a_press_tells_which_message_the_card_is_before_telegrams_answer_does(room: Room) -> None:
    draft_id = await room.put(item(1, "fly"))
    assert await room.database.write(claim, draft_id, START)
    await room.starter.start(draft_id, ANNA.user_id, card=77)
    (placed,) = room.orders.placed_orders.values()
    assert placed.status_message_id == 77
    assert await room.database.write(sent, draft_id, 77, 1) == 1
    assert await room.database.write(sent, draft_id, 78, 1) is None


async def test_a_press_on_another_message_does_not_replace_the_card(room: Room) -> None:
    draft_id = await room.put(item(1, "fly"))
    await room.database.write(sent, draft_id, 77, 1)
    await room.press(draft_id, ANNA.user_id, "3", card=78)
    assert (await room.get(draft_id)).card_message_id == 77


async def test_presses_at_the_same_moment_start_one(room: Room) -> None:
    draft_id = await room.put(item(1, "fly"))
    outcomes = await asyncio.gather(*(room.starter.start(draft_id, ANNA.user_id) for _ in range(5)))
    assert [isinstance(outcome, Placed) for outcome in outcomes].count(True) == 1
    assert len(room.orders.placed_orders) == 1


async def test_a_refused_draft_stays_open(room: Room) -> None:
    room.orders.refusal = TooManyWaiting(3)
    draft_id = await room.put(item(1, "fly"))
    assert await room.starter.start(draft_id, ANNA.user_id) == TooManyWaiting(3)
    assert (await room.get(draft_id)).state is DraftState.OPEN


async def test_an_incomplete_or_foreign_draft_does_not_start(room: Room) -> None:
    draft_id = await room.put(item(1))
    assert await room.starter.start(draft_id, ANNA.user_id) is PressOutcome.INCOMPLETE
    assert await room.starter.start(draft_id, 99) is PressOutcome.NOT_YOURS
    assert room.orders.placed_orders == {}


async def test_only_what_was_started_is_shown(
    database: Database, time: StandingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    async def note(_orders: Orders, generation_id: str) -> None:
        told.append(generation_id)

    monkeypatch.setattr(Orders, "show", note)
    queue, unused = SimpleNamespace(changed=SimpleNamespace(set=lambda: told.append("woken"))), cast("Any", None)
    orders = Orders(database, cast("Any", queue), unused, unused, time)
    await orders.show_started(PressOutcome.UNKNOWN)
    await orders.show_started(TooManyWaiting(3))
    await orders.show_started(Placed("g1", created=False))
    await orders.show_started(Placed("g2", created=True, needs_showing=False))
    assert told == ["g1", "woken"]


async def test_an_order_of_the_drafts_own_photos_ends_the_draft_and_takes_its_card(room: Room) -> None:
    draft_id = await room.put(item(1))
    await room.database.write(sent, draft_id, 70, 1)
    assert isinstance(await room.starter.order(earlier()), Placed)
    assert room.orders.placed_orders["message:11:1"].status_message_id == 70
    assert await room.open_of(ANNA) is None


async def test_an_order_of_other_photos_leaves_the_draft_alone(room: Room) -> None:
    draft_id = await room.put(item(1), item(2))
    await room.starter.order(earlier())
    assert room.orders.placed_orders["message:11:1"].status_message_id is None
    assert (await room.get(draft_id)).state is DraftState.OPEN


async def test_an_order_repeated_is_one(room: Room) -> None:
    outcomes = [await room.starter.order(earlier()) for _ in range(2)]
    assert [outcome.created for outcome in outcomes if isinstance(outcome, Placed)] == [True, False]


async def test_again_twice_while_it_runs_is_one(rows_starter: Starter, time: StandingClock) -> None:
    first = await rows_starter.again("old", earlier(), "press 1")
    await time.pass_(60)
    assert await rows_starter.again("old", earlier(), "press 2") == Placed("g1", created=False)
    assert first == Placed("g1", created=True)


async def test_a_double_tap_is_one_even_when_the_first_ended_at_once(
    rows_starter: Starter, database: Database, time: StandingClock
) -> None:
    await rows_starter.again("old", earlier(), "press 1")
    await end(database, "g1", time)
    await time.pass_(DOUBLE_TAP.total_seconds() / 2)
    assert await rows_starter.again("old", earlier(), "press 2") == Placed("g1", created=False)


async def test_a_double_tap_is_one_however_long_after_the_end_its_second_half_is_handled(
    rows_starter: Starter, database: Database, time: StandingClock
) -> None:
    await rows_starter.again("old", earlier(), "press 1")
    await end(database, "g1", time)
    pressed_at = time.now()
    await time.pass_(600)
    assert await rows_starter.again("old", earlier(), "press 2", pressed_at) == Placed("g1", created=False)


async def test_again_after_the_end_is_a_new_one_each_time(
    rows_starter: Starter, database: Database, time: StandingClock
) -> None:
    for number in range(1, 4):
        assert await rows_starter.again("old", earlier(), f"press {number}") == Placed(f"g{number}", created=True)
        await end(database, f"g{number}", time)
        await time.pass_((DOUBLE_TAP + timedelta(seconds=1)).total_seconds())


async def test_a_press_that_comes_twice_is_one_even_long_after_the_end(
    rows_starter: Starter, database: Database, time: StandingClock
) -> None:
    for number in (1, 2):
        assert await rows_starter.again("old", earlier(), f"press {number}") == Placed(f"g{number}", created=True)
        await end(database, f"g{number}", time)
        await time.pass_(600)
    for number in (1, 2):
        assert await rows_starter.again("old", earlier(), f"press {number}") == Placed(f"g{number}", created=False)


async def end(database: Database, generation_id: str, time: StandingClock) -> None:
    def ended(session: Session) -> bool:
        return change(session, GenerationRow.id == generation_id, state=State.FAILED.value, finished_at=time.now())

    assert await database.write(ended)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("left", [0, 1, 3])
def test_refusals_name_the_limit(language: str, left: int) -> None:
    phrases = Texts("en").into(language)
    assert "5" in refusal(DailyLimitReached(5, left), phrases)
    assert "3" in refusal(TooManyWaiting(3), phrases)

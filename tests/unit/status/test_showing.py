"""The status messages: what is shown, in which order, and that the end is told once and last."""

import asyncio
from dataclasses import replace

import pytest
from sqlalchemy import update
from telegram.error import BadRequest, ChatMigrated, NetworkError

from services.changes import Changes
from services.generations.model import Generation, State
from services.messenger import ChatClosedError, EditOutcome
from services.screens import Place
from services.status.messages import MANY_DELIVERIES
from services.store.database import Database
from services.store.schema import GenerationRow
from tests.unit.generations.test_deliver import made
from tests.unit.status.world import Room, running


@pytest.fixture
def shared(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes work on the rows of the room, too."""
    monkeypatch.setattr(Database, "is_sqlite", False)
    monkeypatch.setattr(Changes, "announce", lambda *_args: None)


async def failed(room: Room) -> Generation:
    room.here.service.coming.clear()
    generation = await running(room)
    return await room.here.rows.move(generation, State.CANCELLED)


async def test_a_place_is_shown_without_waiting_for_a_slow_chat(room: Room) -> None:
    room.chats.open.clear()
    generation = await room.here.get(await room.here.queued())
    generation = replace(generation, status_message_id=7)
    async with asyncio.timeout(120):
        await room.status.waiting(generation, 4)
    room.chats.open.set()
    assert "number 4" in (await room.shown())[0]


async def test_versions_grow_with_what_is_shown(room: Room) -> None:
    generation = await running(room)
    for state in (State.STARTING, State.UPLOADING, State.PROCESSING):
        generation = await room.here.rows.move(generation, state)
        room.status.progress(generation)
    await room.tasks.drain()
    in_order = sorted(room.chats.edits, key=lambda edit: edit[3] or 0)
    assert [html.split()[1] for _, _, html, _ in in_order] == ["Starting…", "Uploading", "Making"]


async def test_nothing_older_is_shown_after_something_newer(room: Room) -> None:
    generation = await running(room)
    later = await room.here.rows.move(generation, State.PROCESSING)
    room.status.progress(later)
    room.status.progress(generation)
    assert len(await room.shown()) == 1


async def test_nothing_is_shown_after_the_end(room: Room) -> None:
    generation = await running(room)
    ended = await room.here.rows.move(generation, State.CANCELLED)
    await room.status.end(ended)
    room.status.progress(generation)
    await room.status.waiting(generation, 1)
    await room.status.first(generation, 1)
    shown = await room.shown()
    assert len(shown) == 1
    assert "Cancelled" in shown[0]


async def test_the_first_state_gives_way_to_a_run_that_was_faster(room: Room) -> None:
    generation = await running(room)
    room.status.progress(generation)
    await room.status.first(generation, 1)
    assert all("Waiting" not in line for line in await room.shown())


async def test_the_first_message_of_a_request_without_one_is_sent(room: Room) -> None:
    waiting = await room.here.get(await room.here.queued())
    await room.status.first(waiting, 2)
    assert (await room.here.get(waiting.id)).status_message_id == 101
    assert room.chats.sent[0][0].reply_to == waiting.request_message_id


async def test_a_first_message_that_came_late_is_taken_back(room: Room) -> None:
    waiting = await room.here.get(await room.here.queued())
    await room.here.rows.set_status_message(waiting, 50)
    await room.status.first(waiting, 2)
    assert room.chats.deleted == [101]
    assert (await room.here.get(waiting.id)).status_message_id == 50


async def test_time_alone_moves_the_bar_and_the_end_stops_it(room: Room) -> None:
    over, began = asyncio.Event(), room.here.clock.monotonic()

    async def sleep(seconds: float) -> None:
        await room.here.clock.sleep(seconds)
        if room.here.clock.monotonic() - began > 30:
            over.set()
            await asyncio.Event().wait()

    generation = await running(room)
    room.status.progress(generation)
    ticking = asyncio.create_task(room.status.tick(sleep, lambda: 10))
    await over.wait()
    shown = len(await room.shown())
    assert 4 <= shown <= 8
    ticking.cancel()
    room.status.forget(generation.id)


async def test_that_videos_are_being_sent_is_shown_only_if_it_takes_a_while(room: Room) -> None:
    seen: list[tuple[float, int]] = []
    over = asyncio.Event()

    async def sleep(seconds: float) -> None:
        await room.here.clock.sleep(seconds)
        seen.append((room.here.clock.monotonic() - began, len(await room.shown())))
        if len(seen) == 4:
            over.set()
            await asyncio.Event().wait()

    generation = await running(room)
    generation = await room.here.rows.move(generation, State.DELIVERING)
    began = room.here.clock.monotonic()
    room.status.progress(generation)
    ticking = asyncio.create_task(room.status.tick(sleep, lambda: 10))
    await over.wait()
    assert [count for at, count in seen if at <= 2.0] == [0, 0]
    assert [count for at, count in seen if at > 2.0] == [1, 1]
    assert "Sending" in (await room.shown())[0]
    ticking.cancel()
    room.status.forget(generation.id)


async def test_many_deliveries_hold_progress_back_until_they_are_over(room: Room) -> None:
    generation = await running(room)
    sent = [replace(generation, id=f"other{number}", state=State.DELIVERING) for number in range(MANY_DELIVERIES)]
    for one in sent:
        room.status.progress(one)
    room.status.progress(generation)
    assert await room.shown() == []
    room.status.forget(sent[0].id)
    room.status.progress(generation)
    assert len(await room.shown()) == 1


@pytest.mark.parametrize("outcome", [EditOutcome.DONE, EditOutcome.GONE, EditOutcome.CLOSED])
async def test_the_end_is_noted_once_it_was_told_or_cannot_be(room: Room, outcome: EditOutcome) -> None:
    room.chats.outcome = outcome
    ended = await failed(room)
    await room.status.end(ended)
    assert (await room.here.get(ended.id)).final_shown
    assert len(room.chats.sent) == (outcome is EditOutcome.GONE)


@pytest.mark.parametrize("error", [NetworkError("down")])
async def test_an_end_that_was_not_told_is_not_noted(room: Room, error: Exception) -> None:
    room.chats.errors.append(error)
    ended = await failed(room)
    with pytest.raises(NetworkError):
        await room.status.end(ended)
    assert not (await room.here.get(ended.id)).final_shown


async def test_an_end_that_telegram_will_always_refuse_is_given_up(room: Room) -> None:
    room.chats.errors.append(BadRequest("Can't parse entities"))
    ended = await failed(room)
    await room.status.end(ended)
    assert (await room.here.get(ended.id)).final_shown


async def test_the_end_follows_a_group_that_moved(room: Room) -> None:
    room.chats.errors.append(ChatMigrated(-200))
    ended = await failed(room)
    await room.status.end(ended)
    assert room.moved == [(ended.chat_id, -200)]
    assert [place for place, _ in room.chats.sent] == [Place(-200)]
    assert not room.chats.edits


async def test_a_closed_chat_is_no_fault(room: Room) -> None:
    room.chats.outcome = EditOutcome.GONE
    room.chats.errors = []
    ended = await failed(room)

    async def closed(*_args: object) -> int:
        raise ChatClosedError

    room.chats.send = closed  # type: ignore[method-assign,assignment]
    await room.status.end(ended)
    assert (await room.here.get(ended.id)).final_shown


@pytest.mark.parametrize("is_open", [True, False], ids=["open", "not open"])
async def test_a_group_is_shown_no_address(room: Room, is_open: bool) -> None:
    generation = await made(room.here, 1)
    done = await room.here.deliverer.give_up(generation)
    await room.here.database.write(lambda session: session.execute(update(GenerationRow).values(chat_id=-100)))
    if not is_open:
        room.chats.errors.append(ChatClosedError())
    await room.status.end(done)
    (group,) = [html for chat_id, _, html, _ in room.chats.edits if chat_id == -100]
    assert "https://" not in group
    assert ("/history" in group) == (not is_open)
    private = [(place.chat_id, "https://a.example/0.mp4" in html) for place, html in room.chats.sent]
    assert private == ([(1, True)] if is_open else [])


async def test_links_are_given_in_private_once_however_often_the_end_is_tried(room: Room) -> None:
    generation = await made(room.here, 1)
    done = await room.here.deliverer.give_up(generation)
    await room.here.database.write(lambda session: session.execute(update(GenerationRow).values(chat_id=-100)))
    edit = room.chats.edit

    async def down(*_args: object) -> EditOutcome:
        raise NetworkError("down")

    room.chats.edit = down  # type: ignore[method-assign,assignment]
    for _ in range(2):
        with pytest.raises(NetworkError):
            await room.status.end(done)
    room.chats.edit = edit  # type: ignore[method-assign]
    await room.status.end(done)
    assert [place.chat_id for place, _ in room.chats.sent] == [1]
    assert (await room.here.get(done.id)).final_shown


async def test_a_button_and_a_run_tell_the_same_end_once(room: Room) -> None:
    room.chats.outcome = EditOutcome.GONE
    room.chats.open.clear()
    ended = await failed(room)
    tellers = [asyncio.create_task(room.status.end(ended)) for _ in range(3)]
    await asyncio.sleep(0)
    room.chats.open.set()
    await asyncio.gather(*tellers)
    assert len(room.chats.sent) == 1


async def test_a_status_message_that_came_late_shows_the_end(room: Room) -> None:
    generation_id = await room.here.queued()
    waiting = await room.here.get(generation_id)
    room.chats.open.clear()
    await room.here.rows.request_cancel(generation_id)
    ending = asyncio.create_task(room.status.end(await room.here.get(generation_id)))
    await room.here.get(generation_id)
    await room.here.rows.set_status_message(waiting, 50)
    room.chats.open.set()
    await ending
    assert [(message_id, "Cancelled" in html) for _, message_id, html, _ in room.chats.edits] == [(50, True)]
    assert room.chats.deleted in ([101], [])
    assert len(room.chats.sent) == len(room.chats.deleted)


@pytest.mark.usefixtures("shared")
async def test_an_end_that_waits_is_not_taken_for_told_because_it_is_shown_once_more(room: Room) -> None:
    generation = await failed(room)
    await room.here.rows.set_status_message(generation, 7)
    room.chats.open.clear()
    telling = asyncio.create_task(room.status.end(generation))
    again = asyncio.create_task(room.status.correct(generation.id))
    await room.chats.asked(1)
    assert not (await room.here.get(generation.id)).final_shown
    room.chats.open.set()
    await asyncio.gather(telling, again)
    assert (await room.here.get(generation.id)).final_shown
    assert len(room.chats.edits) == 1


@pytest.mark.usefixtures("shared")
async def test_an_end_that_another_process_told_is_shown_after_what_came_late(room: Room) -> None:
    generation = await failed(room)
    await room.here.rows.set_status_message(generation, 7)
    await room.here.rows.mark_final_shown(generation.id)
    await room.status.correct(generation.id)
    assert [message_id for _, message_id, _, _ in room.chats.edits] == [7]


@pytest.mark.usefixtures("shared")
async def test_what_went_on_elsewhere_while_an_edit_waited_is_not_shown(room: Room) -> None:
    waiting = await room.here.get(await room.here.queued())
    await room.here.rows.set_status_message(waiting, 7)
    waiting = replace(waiting, status_message_id=7)
    room.chats.open.clear()
    await room.status.waiting(waiting, 2)
    first = asyncio.create_task(room.status.first(waiting, 2))
    await room.chats.asked(2)
    await room.here.claim()
    await room.here.take(waiting.id)
    room.chats.open.set()
    await first
    assert (await room.here.get(waiting.id)).status_message_id == 7
    assert await room.shown() == []
    assert room.chats.sent == []


@pytest.mark.usefixtures("shared")
async def test_a_place_that_comes_late_does_not_stop_the_run_of_the_same_process(room: Room) -> None:
    waiting = await room.here.get(await room.here.queued())
    await room.here.rows.set_status_message(waiting, 7)
    room.chats.open.clear()
    await room.status.waiting(replace(waiting, status_message_id=7), 2)
    await room.chats.asked(1)
    await room.here.claim()
    mine = await room.here.take(waiting.id)
    room.status.progress(mine)
    room.chats.open.set()
    assert len(await room.shown()) == 1
    assert waiting.id in room.status._live

"""Which message is edited: the one that the row names, looked up only where it is not known or gone."""

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session
from telegram.error import ChatMigrated

from services.generations.model import Generation, State
from services.generations.queue import ANNOUNCE
from services.generations.store import load
from services.status import messages
from services.store.database import Database
from tests.unit.status.world import Room, running


@pytest.fixture
def looked_up(room: Room, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The generations whose message was looked up."""
    found: list[str] = []

    def look(session: Session, generation_id: str) -> Generation | None:
        found.append(generation_id)
        return load(session, generation_id)

    monkeypatch.setattr(messages, "load", look)
    return found


async def unannounced(room: Room) -> Generation:
    """A run that began before its status message was sent."""
    generation_id = await room.here.queued()
    await room.here.clock.sleep(ANNOUNCE.total_seconds())
    await room.here.claim()
    return await room.here.take(generation_id)


async def shown_on(room: Room, *generations: Generation) -> list[int]:
    """The messages that edits were tried on, for each of these states in turn."""
    room.chats.edits.clear()
    for generation in generations:
        room.status.progress(generation)
        await room.tasks.drain()
    return [message_id for _, message_id, _, _ in room.chats.edits]


def on_the_way(generation: Generation) -> list[Generation]:
    return [replace(generation, state=state) for state in (State.STARTING, State.UPLOADING, State.PROCESSING)]


async def test_nothing_is_looked_up_while_all_is_well(room: Room, looked_up: list[str]) -> None:
    assert await shown_on(room, *on_the_way(await running(room))) == [7, 7, 7]
    assert looked_up == []


async def test_a_message_that_came_after_the_run_began_is_edited_from_then_on(room: Room, looked_up: list[str]) -> None:
    generation = await unannounced(room)
    states = on_the_way(generation)
    assert await shown_on(room, states[0]) == []
    await room.status.first(generation, 1)
    sent = (await room.here.get(generation.id)).status_message_id
    assert sent is not None
    assert await shown_on(room, *states[1:], states[2]) == [sent, sent, sent]
    assert looked_up == []


async def test_a_message_that_another_process_sent_is_edited_from_then_on(
    room: Room, looked_up: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    generation = await unannounced(room)
    monkeypatch.setattr(Database, "is_sqlite", False)
    states = on_the_way(generation)
    assert await shown_on(room, states[0]) == []
    assert await room.here.rows.set_status_message(generation, 50)
    assert await shown_on(room, *states[1:], states[2]) == [50, 50, 50]
    assert looked_up == [generation.id] * 2


async def test_nothing_is_kept_of_a_first_message_that_came_after_the_end(room: Room) -> None:
    generation = await unannounced(room)
    room.status.forget(generation.id)
    room.status._ended.add(generation.id)
    await room.status.first(generation, 1)
    assert room.status._messages == {}


async def test_a_card_that_was_replaced_costs_one_edit(room: Room, looked_up: list[str]) -> None:
    generation = await running(room)
    states = on_the_way(generation)
    room.chats.gone.add(7)
    assert await room.here.rows.set_status_message(generation, 60)
    assert await shown_on(room, *states) == [7, 60, 60, 60]
    assert looked_up == [generation.id]
    # What was shown on the new one is the newest state, too.
    assert "Making" in room.chats.edits[-1][2]


async def test_one_that_was_replaced_twice_is_found_again(room: Room, looked_up: list[str]) -> None:
    generation = await running(room)
    states = on_the_way(generation)
    room.chats.gone |= {7, 60}
    assert await room.here.rows.set_status_message(generation, 60)
    assert await shown_on(room, states[0]) == [7, 60]
    assert await room.here.rows.set_status_message(replace(generation, status_message_id=60), 70)
    assert await shown_on(room, *states[1:]) == [60, 70, 70]
    assert looked_up == [generation.id] * 2


async def test_one_that_is_gone_for_good_is_tried_once_for_each_state(room: Room) -> None:
    room.chats.gone.add(7)
    assert await shown_on(room, *on_the_way(await running(room))) == [7, 7, 7]


async def test_a_place_in_the_queue_finds_the_new_message(room: Room) -> None:
    waiting = await room.here.get(await room.here.queued())
    assert await room.here.rows.set_status_message(waiting, 7)
    waiting = replace(waiting, status_message_id=7)
    assert await room.here.rows.set_status_message(waiting, 60)
    room.chats.gone.add(7)
    await room.status.waiting(waiting, 3)
    await room.tasks.drain()
    assert [(message_id, "number 3" in html) for _, message_id, html, _ in room.chats.edits] == [(7, True), (60, True)]


async def test_nothing_is_kept_of_a_message_that_was_found_after_the_end(room: Room) -> None:
    generation = await running(room)
    assert await room.here.rows.set_status_message(generation, 60)
    room.chats.gone.add(7)
    room.chats.open.clear()
    room.status.progress(generation)
    await room.chats.asked(1)
    room.status.forget(generation.id)
    room.chats.open.set()
    await room.tasks.drain()
    assert room.status._messages == {}


async def test_a_group_that_moved_is_not_refreshed_where_it_was(room: Room) -> None:
    generation = await running(room)
    room.chats.errors.append(ChatMigrated(-200))
    assert await shown_on(room, generation) == []
    assert room.moved == [(generation.chat_id, -200)]
    after = await room.here.get(generation.id)
    assert (after.chat_id, after.status_message_id) == (-200, None)
    assert generation.id not in room.status._live
    assert await shown_on(room, *on_the_way(generation)) == []
    assert len(room.moved) == 1

"""A status message that is sent anew: however that is cut off, there is one in the end."""

import asyncio

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from services.generations.model import Generation, State
from services.messenger import EditOutcome
from services.outbox.calls import Fence, Priority
from services.payments.model import Settlement
from services.screens import Place, Screen
from services.store.schema import GenerationRow
from tests.unit.status.world import Room


async def coming_late(room: Room, waiting: Generation) -> None:
    """Have the first status message of a request come while its end is sent."""
    send = room.chats.send

    async def send_after(place: Place, screen: Screen, priority: Priority = Priority.ANSWER) -> int:
        await room.here.rows.set_status_message(waiting, 50)
        return await send(place, screen, priority)

    room.chats.send = send_after  # type: ignore[method-assign]


async def test_an_end_gives_way_to_the_first_status_message_before_that_shows_it(room: Room) -> None:
    waiting = await room.here.get(await room.here.queued())
    await coming_late(room, waiting)
    ended = await room.here.rows.request_cancel(waiting.id)
    assert ended is not None
    await room.status.end(ended)
    # Told there first, a kill in between would leave both for good.
    assert room.chats.order == [("delete", 101), ("edit", 50)]
    assert (await room.here.get(waiting.id)).final_shown


async def test_an_end_whose_first_status_message_came_late_and_went_is_told_anew(room: Room) -> None:
    waiting = await room.here.get(await room.here.queued())
    await coming_late(room, waiting)
    room.chats.gone.add(50)
    ended = await room.here.rows.request_cancel(waiting.id)
    assert ended is not None
    await room.status.end(ended)
    assert room.chats.order == [("delete", 101), ("edit", 50)]
    assert (await room.here.get(waiting.id)).status_message_id == 102


async def test_an_end_that_is_being_sent_when_the_process_ends_is_remembered(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, send = asyncio.Event(), room.chats.send

    async def send_slowly(place: Place, screen: Screen, priority: Priority = Priority.ANSWER) -> int:
        asked.set()
        return await send(place, screen, priority)

    monkeypatch.setattr(room.chats, "send", send_slowly)
    room.chats.open.clear()
    waiting = await room.here.get(await room.here.queued())
    ended = await room.here.rows.request_cancel(waiting.id)
    assert ended is not None
    telling = asyncio.create_task(room.status.end(ended))
    await asked.wait()
    telling.cancel()
    await asyncio.sleep(0)
    room.chats.open.set()
    with pytest.raises(asyncio.CancelledError):
        await telling
    assert (await room.here.get(waiting.id)).status_message_id == 101


async def test_a_first_status_that_is_being_sent_when_the_process_ends_is_remembered(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, send = asyncio.Event(), room.chats.send

    async def send_slowly(place: Place, screen: Screen, priority: Priority = Priority.ANSWER) -> int:
        asked.set()
        return await send(place, screen, priority)

    monkeypatch.setattr(room.chats, "send", send_slowly)
    room.chats.open.clear()
    waiting = await room.here.get(await room.here.queued())
    showing = asyncio.create_task(room.status.first(waiting, 1))
    await asked.wait()
    showing.cancel()
    await asyncio.sleep(0)
    room.chats.open.set()
    with pytest.raises(asyncio.CancelledError):
        await showing
    assert (await room.here.get(waiting.id)).status_message_id == 101


async def test_a_payment_that_comes_while_the_end_is_told_has_the_last_word(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    generation_id, edit = await room.here.place(), room.chats.edit

    def sell(session: Session) -> None:
        session.execute(update(GenerationRow).values(stars=7))

    async def edit_and_be_paid(
        chat_id: int,
        message_id: int,
        screen: Screen,
        priority: Priority = Priority.ANSWER,
        version: int | None = None,
        fence: Fence | None = None,
    ) -> EditOutcome:
        room.till.back = Settlement(stars=7)
        # The process that took the payment finds the end untold, and leaves it to the one that tells it.
        assert not (await room.here.get(generation_id)).final_shown or "Refund" in screen.html
        return await edit(chat_id, message_id, screen, priority, version, fence)

    await room.here.database.write(sell)
    monkeypatch.setattr(room.chats, "edit", edit_and_be_paid)
    ended = await room.here.rows.request_cancel(generation_id)
    assert ended is not None
    await room.status.end(await room.here.rows.move(ended, State.CANCELLED))
    assert ["Refund" in html for _, _, html, _ in room.chats.edits] == [False, True]
    await room.status.end(ended)
    assert len(room.chats.edits) == 2

"""Cancel, by the button and by the command, wherever a request stands."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from sandbox.botapi.faults import FaultKind
from sandbox.botapi.person import Person
from sandbox.botapi.transcript import Line
from sandbox.genaipro import Answer, End, InHistory, Script
from tests.acceptance.e2e.asking import (
    TEXTS,
    Asked,
    ask,
    change,
    ended,
    in_words,
    left_over,
    posted,
    posts,
    row,
    shown,
    told,
    videos,
)
from tests.acceptance.e2e.world import World, world
from tests.buttons import actions, words

FREE = "status-cancelled"
PERHAPS_PAID = "status-cancelled-charged"

Cancel: TypeAlias = Callable[[World, Asked, Line], Awaitable[None]]


async def by_button(here: World, asked: Asked, line: Line) -> None:
    (data,) = [item for item in actions(line) if item.endswith(":cancel")]
    query = await asked.person.press(line.message_id, data=data)
    assert (await here.telegram.wait_for_answer(query)).answer == "Stopping…"


async def by_command(here: World, asked: Asked, _line: Line) -> None:
    await asked.person.send_text("/cancel")
    await here.telegram.wait_for_message(asked.person.chat_id, "I am stopping your video.")


async def by_another_process(here: World, asked: Asked, _line: Line) -> None:
    await change(here, "UPDATE generations SET cancel_requested_at = queued_at WHERE prompt = ?", asked.prompt)


WAYS: tuple[Cancel, ...] = (by_button, by_command, by_another_process)


async def check(here: World, asked: Asked, key: str) -> None:
    """It ended as cancelled, with the right word about money, and can be had again."""
    end = await ended(here, asked)
    found = await told(here, asked)
    assert found["state"] == "cancelled"
    assert end.text == TEXTS.into("en").plain(key)
    assert in_words(found, "vi").html == TEXTS.into("vi").html(key)
    assert (found["charged"] == "no") == (key is FREE)
    assert words(end) == ["again", "edit"]
    assert not videos(here, asked)


def people(here: World) -> list[tuple[Cancel, Person]]:
    return [(cancel, here.telegram.add_person(cancel.__name__)) for cancel in WAYS]


async def test_while_it_waits_in_the_queue(tmp_path: Path) -> None:
    async with world(tmp_path, max_active_generations=1) as here, here.clock.hurried(0.1):
        gate = here.genaipro.hold()
        first = await ask(here, "first")
        await posted(here, first)
        for cancel, person in people(here)[:2]:
            asked = await ask(here, cancel.__name__, person=person)
            await cancel(here, asked, await shown(here, asked, "Waiting, number 1"))
            await check(here, asked, FREE)
        gate.release()
        assert "Done" in (await ended(here, first)).text
        assert len(here.genaipro.posts) == 1


async def test_while_the_photos_are_fetched(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.1):
        for cancel, person in people(here):
            here.telegram.fail("getFile", FaultKind.HOLD)
            asked = await ask(here, cancel.__name__, person=person)
            await cancel(here, asked, await shown(here, asked, "Preparing your photos"))
            await check(here, asked, FREE)
        assert not here.genaipro.posts
        assert not left_over(here)


async def test_while_it_waits_for_the_own_limit_on_calls(tmp_path: Path) -> None:
    async with world(tmp_path, genaipro_requests_per_minute=1) as here:
        gate = here.genaipro.hold()
        await posted(here, await ask(here, "first"))
        async with here.clock.hurried(0.03):
            for cancel, person in people(here)[:2]:
                asked = await ask(here, cancel.__name__, person=person)
                await cancel(here, asked, await shown(here, asked, "Preparing your photos"))
                await check(here, asked, FREE)
        gate.release()
        assert len(here.genaipro.posts) == 1


@pytest.mark.parametrize(("events", "says"), [(0, "Preparing"), (1, "Starting"), (2, "Uploading"), (3, "Making")])
async def test_in_every_state_of_the_stream(tmp_path: Path, events: int, says: str) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.1):
        for cancel, person in people(here):
            gate = here.genaipro.hold(at=events)
            asked = await ask(here, cancel.__name__, person=person)
            record = await posted(here, asked)
            await gate.blocked()
            await cancel(here, asked, await shown(here, asked, says))
            await here.genaipro.finished(record)
            assert record.client_left
            await check(here, asked, PERHAPS_PAID)
            gate.release()
            assert len(posts(here, asked)) == 1
        assert not left_over(here)


async def test_the_stream_is_left_while_telegram_is_slow_to_take_the_answer_to_the_press(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.1):
        gate = here.genaipro.hold(at=2)
        asked = await ask(here, "dear")
        record = await posted(here, asked)
        await gate.blocked()
        line = await shown(here, asked, "Uploading")
        held = here.telegram.fail("answerCallbackQuery", FaultKind.HOLD)
        (data,) = [item for item in actions(line) if item.endswith(":cancel")]
        await asked.person.press(line.message_id, data=data)
        # Telegram's answer is waited for 20 seconds.
        async with asyncio.timeout(15):
            await here.genaipro.finished(record)
        assert record.client_left
        held.released.set()
        await check(here, asked, PERHAPS_PAID)
        gate.release()


async def test_while_it_waits_to_try_again(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.1):
        for cancel, person in people(here):
            here.genaipro.enqueue(Script(answer=Answer(429, {}, {"Retry-After": "100"})))
            asked = await ask(here, cancel.__name__, person=person)
            await cancel(here, asked, await shown(here, asked, "Trying again soon"))
            await check(here, asked, FREE)
            assert len(posts(here, asked)) == 1
            here.clock.advance(100)


async def test_while_its_result_is_looked_for(tmp_path: Path) -> None:
    async with world(tmp_path, reconcile_interval=15.0) as here, here.clock.hurried(0.1):
        for cancel, person in people(here):
            here.genaipro.enqueue(Script(end=End.EOF, history=InHistory.NEVER))
            asked = await ask(here, cancel.__name__, person=person)
            await cancel(here, asked, await shown(here, asked, "Lost touch"))
            await check(here, asked, PERHAPS_PAID)
            assert len(posts(here, asked)) == 1


async def test_it_is_too_late_while_the_videos_are_sent(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.1):
        here.telegram.fail("sendVideo", FaultKind.HOLD)
        asked = await ask(here, "too late")
        line = await shown(here, asked, "Sending your video")
        data = f"g:{row(here, asked)['id']}:cancel"
        message = here.telegram.backend.world.chats[asked.person.chat_id].messages[line.message_id]
        query = asked.person.press_data(message, data)
        assert (await here.telegram.wait_for_answer(query)).answer == "This has ended already."
        await asked.person.send_text("/cancel")
        await here.telegram.wait_for_message(asked.person.chat_id, "There is nothing to cancel here.")
        # The message may say so before the call is there to be let go.
        await here.telegram.wait_for(lambda: here.telegram.backend.faults.holding)
        here.telegram.release()
        end = await ended(here, asked)
        assert "Done" in end.text
        assert len(videos(here, asked)) == 1


async def test_a_second_press_is_harmless(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        gate = here.genaipro.hold(at=1)
        asked = await ask(here, "pressed twice")
        line = await shown(here, asked, "Starting")
        (data,) = actions(line)
        message = here.telegram.backend.world.chats[asked.person.chat_id].messages[line.message_id]
        queries = [asked.person.press_data(message, data) for _ in range(3)]
        async with here.clock.hurried(0.1):
            await check(here, asked, PERHAPS_PAID)
        for query in queries:
            await here.telegram.wait_for_answer(query)
        late = asked.person.press_data(message, data)
        assert (await here.telegram.wait_for_answer(late)).answer == "This has ended already."
        gate.release()
        assert row(here, asked)["state"] == "cancelled"


async def test_what_was_cancelled_can_be_had_again(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.2):
        gate = here.genaipro.hold(at=1)
        asked = await ask(here, "after all")
        await by_button(here, asked, await shown(here, asked, "Starting"))
        end = await ended(here, asked)
        gate.release()
        await here.press(end, "again")
        await here.telegram.wait_for_message(asked.person.chat_id, "Done")
        assert len(posts(here, asked)) == 2
        assert len(videos(here, asked)) == 1

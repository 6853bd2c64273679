"""kill -9 at chosen points of the way; after the next start everything ends as it should, and once."""

import asyncio
from pathlib import Path

import pytest

from sandbox.botapi import BotApiOptions
from sandbox.botapi.faults import FaultKind
from sandbox.genaipro import Answer, End, Script
from tests.chaos.checks import deliveries, violations
from tests.chaos.world import Request, World, world
from tests.database_file import held
from tests.pictures import jpeg


async def all_well(here: World) -> None:
    """Wait for every end, then look at everything."""
    for request in here.requests:
        await here.ended(request)
    await here.at_rest()
    assert violations(here) == []


def came(here: World, request: Request) -> list[int]:
    """How often each video of a request came."""
    return [len(lines) for lines in deliveries(here, request).values()]


async def restart(here: World) -> None:
    """Kill, let everything new through again, start; what Telegram has not heard of by then it never hears of."""
    await here.bot.kill()
    here.telegram.backend.faults.waiting.clear()
    here.wire.mend()
    await here.bot.start()


async def test_update_that_was_fetched_and_not_committed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        request, card = await here.draft("zebra one")
        with held(here.data_dir, "IMMEDIATE"):
            await here.press(card, ":go")
            await here.telegram.wait_for_calls("getUpdates", 1)
            await here.bot.kill()
        await here.bot.start()
        await all_well(here)
        assert came(here, request) == [1]


async def test_press_that_was_committed_and_not_answered(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        request, card = await here.draft("zebra two")
        fault = here.telegram.fail("answerCallbackQuery", FaultKind.HOLD)
        await here.press(card, ":go")
        await here.telegram.held(fault)
        await restart(here)
        await all_well(here)
        assert came(here, request) == [1]


async def test_photo_download(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        fault = here.telegram.fail("getFile", FaultKind.HOLD)
        request = await here.ask("zebra three")
        await here.telegram.held(fault)
        await restart(here)
        await all_well(here)
        assert (len(here.posts(request.prompt)), came(here, request)) == (1, [1])


async def test_armed_and_not_posted(tmp_path: Path) -> None:
    async with world(tmp_path, settings={"RECONCILE_TIMEOUT": "1"}) as here:
        lost = here.wire.lose(b"POST /api/v1/veo/ingredients-to-video")
        request = await here.ask("zebra four")
        await lost.wait()
        await restart(here)
        await all_well(here)
        assert here.posts(request.prompt) == []


async def test_every_event_of_the_stream(tmp_path: Path) -> None:
    async with world(tmp_path, people=4) as here:
        gates = []
        for passed, person in enumerate(here.people):
            gates.append(here.genaipro.hold(at=passed))
            await here.ask(f"zebra five {passed}", count=2, person=person)
            await gates[-1].blocked()
        await restart(here)
        for gate in gates:
            gate.release()
        await all_well(here)
        assert [len(here.posts(request.prompt)) for request in here.requests] == [1, 1, 1, 1]
        assert [came(here, request) for request in here.requests] == [[1, 1]] * 4


async def test_result_recorded_and_not_fetched(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        lost = here.wire.lose(b"GET /files/")
        request = await here.ask("zebra six")
        await lost.wait()
        await restart(here)
        await all_well(here)
        assert came(here, request) == [1]


@pytest.mark.parametrize("applied", [False, True])
async def test_video_on_its_way_to_telegram(tmp_path: Path, applied: bool) -> None:
    async with world(tmp_path) as here:
        fault = here.telegram.fail("sendVideo", FaultKind.HOLD, after=applied)
        request = await here.ask("zebra seven")
        await here.telegram.held(fault)
        await restart(here)
        await all_well(here)
        assert came(here, request) == [2 if applied else 1]


async def test_video_is_never_sent_a_third_time(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        request = await here.ask("zebra eight")
        for times in (1, 2):
            fault = here.telegram.fail("sendVideo", FaultKind.HOLD, after=True)
            await here.telegram.held(fault)
            assert came(here, request) == [times]
            await restart(here)
        await all_well(here)
        assert came(here, request) == [2]


@pytest.mark.parametrize("applied", [False, True])
async def test_final_edit(tmp_path: Path, applied: bool) -> None:
    async with world(tmp_path) as here:
        sending = here.telegram.fail("sendVideo", FaultKind.HOLD)
        request = await here.ask("zebra nine")
        await here.telegram.held(sending)
        editing = here.telegram.fail("editMessageText", FaultKind.HOLD, after=applied)
        sending.released.set()
        await here.telegram.held(editing)
        await restart(here)
        await all_well(here)
        assert came(here, request) == [1]


async def test_queued_reconciling_and_waiting_to_try_again(tmp_path: Path) -> None:
    async with world(tmp_path, people=4, settings={"MAX_ACTIVE_GENERATIONS": "3"}) as here:
        lost, busy, slow, waiting = here.people
        known = here.genaipro.hold_history(Script(end=End.DROP, after=1))
        await here.ask("zebra ten lost", person=lost)
        await here.bot.logged("history_read")
        here.genaipro.enqueue(Script(answer=Answer(429, {"error": "busy"}, {"Retry-After": "60"})))
        again = await here.ask("zebra ten busy", person=busy)
        await here.bot.logged("attempt_not_accepted")
        gate = here.genaipro.hold()
        await here.ask("zebra ten slow", person=slow)
        await gate.blocked()
        queued = await here.ask("zebra ten queued", person=waiting)
        await here.telegram.wait_for_message(waiting.chat_id, "number 1 in line")
        await restart(here)
        gate.release()
        known.release()
        await all_well(here)
        assert [came(here, request) for request in here.requests] == [[1]] * 4
        assert [len(here.posts(request.prompt)) for request in (again, queued)] == [2, 1]


async def test_album_in_pieces(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        pause = asyncio.Event()

        async def between() -> None:
            if not pause.is_set():
                await here.telegram.wait_until_idle()
                pause.set()
                await here.bot.kill()

        images = [jpeg(number) for number in (1, 2, 3)]
        sent = await here.anna.send_album(images, "zebra eleven", between=between)
        request = here.asked("zebra eleven", sent[0].message_id)
        await here.bot.start()
        card = await here.telegram.wait_for_message(here.anna.chat_id, lambda line: "3 of 3" in line.text)
        await here.press(card, ":go")
        await all_well(here)
        (post,) = here.posts(request.prompt)
        assert len(post.photos) == 3


async def test_album_that_starts_by_itself_and_whose_rest_is_fetched_late(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        killed = asyncio.Event()

        async def between() -> None:
            if not killed.is_set():
                await here.telegram.wait_until_idle()
                killed.set()
                await here.bot.kill()

        images = [jpeg(number) for number in (1, 2, 3)]
        sent = await here.anna.send_album(images, "/video zebra fifteen", between=between)
        request = here.asked("zebra fifteen", sent[0].message_id)
        here.telegram.fail("getUpdates", FaultKind.DELAY, seconds=3.0)
        await here.bot.start()
        await all_well(here)
        (post,) = here.posts(request.prompt)
        assert len(post.photos) == 3


async def test_album_that_starts_by_itself_and_whose_rest_is_behind_much_else(tmp_path: Path) -> None:
    async with world(tmp_path, telegram=BotApiOptions(privacy_mode=False)) as here:
        killed = asyncio.Event()
        ben = here.telegram.add_person("Ben")
        group = here.telegram.add_group("Film club", [ben])

        async def between() -> None:
            if not killed.is_set():
                await here.telegram.wait_until_idle()
                killed.set()
                await here.bot.kill()
                for number in range(100):
                    await ben.send_text(f"talk {number}", chat=group.chat_id)

        images = [jpeg(number) for number in (1, 2, 3)]
        sent = await here.anna.send_album(images, "/video zebra sixteen", between=between)
        request = here.asked("zebra sixteen", sent[0].message_id)
        here.telegram.fail("getUpdates", FaultKind.DELAY, skip=1, seconds=4.0)
        await here.bot.start()
        await all_well(here)
        (post,) = here.posts(request.prompt)
        assert len(post.photos) == 3


@pytest.mark.parametrize("applied", [False, True])
async def test_card_on_its_way(tmp_path: Path, applied: bool) -> None:
    async with world(tmp_path) as here:
        fault = here.telegram.fail("sendMessage", FaultKind.HOLD, after=applied)
        sent = await here.anna.send_photo(jpeg(), "zebra twelve")
        request = here.asked("zebra twelve", sent.message_id)
        await here.telegram.held(fault)
        first = await here.card(request) if applied else None
        await restart(here)
        card = first or await here.card(request)
        await here.press(card, ":go")
        await all_well(here)
        assert came(here, request) == [1]


@pytest.mark.parametrize("applied", [False, True])
async def test_first_status_of_a_direct_request(tmp_path: Path, applied: bool) -> None:
    async with world(tmp_path) as here:
        fault = here.telegram.fail("sendMessage", FaultKind.HOLD, after=applied)
        request = await here.ask("zebra thirteen")
        await here.telegram.held(fault)
        await restart(here)
        await all_well(here)
        assert came(here, request) == [1]


async def test_cancel_that_was_pressed(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        gate = here.genaipro.hold(at=2)
        request = await here.ask("zebra fourteen")
        await gate.blocked()
        line = await here.telegram.wait_for_message(here.anna.chat_id, lambda line: "Cancel" in line.labels())
        fault = here.telegram.fail("answerCallbackQuery", FaultKind.HOLD)
        await here.press(line, ":cancel")
        await here.telegram.held(fault)
        await restart(here)
        end = await here.ended(request)
        gate.release()
        await all_well(here)
        assert end.text.startswith("✋ Cancelled")

"""Reactions in groups: heard, made, failed, taken back; what Telegram refuses; what a kill leaves."""

import asyncio
from pathlib import Path

from sandbox.botapi import ReceivedCall, Standing
from sandbox.botapi.faults import FaultKind
from sandbox.genaipro import Answer, Script
from tests.acceptance.e2e.world import World, world
from tests.chaos.world import World as KilledWorld
from tests.chaos.world import world as killed_world
from tests.pictures import jpeg

HEARD, MADE, FAILED = "👀", "👍", "👎"
VIDEO = "/video@pho2video_bot "


def reactions(here: World | KilledWorld, chat: int, message_id: int) -> list[str]:
    """What the bot has asked for, in order; empty where it took its reaction back."""
    return [_emoji(call) for call in here.telegram.calls("setMessageReaction") if _target(call) == (chat, message_id)]


def _target(call: ReceivedCall) -> tuple[int, int]:
    return int(str(call.params["chat_id"])), int(str(call.params["message_id"]))


def _emoji(call: ReceivedCall) -> str:
    given = call.params.get("reaction") or []
    assert isinstance(given, list)
    return str(given[0]["emoji"]) if given else ""


async def reacted(here: World | KilledWorld, chat: int, message_id: int, *wanted: str) -> None:
    """Wait for these calls, and see that no others come before what follows."""
    await here.telegram.wait_for(lambda: len(reactions(here, chat, message_id)) >= len(wanted))
    assert reactions(here, chat, message_id) == list(wanted)


async def given(here: World, chat: int, prompt: str) -> None:
    """Ask for a video, and wait for it."""
    asked = await here.anna.send_photo(jpeg(), VIDEO + prompt, chat=chat)
    await here.telegram.wait_for_message(chat, lambda line: line.reply_to == asked.message_id, kind="video")


async def test_message_in_a_group_shows_that_it_was_heard_and_what_came_of_it(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        group = here.telegram.add_group("Friends", [here.anna], forum=True)
        topic = here.telegram.add_topic(group.chat_id, "Films")
        gate = here.genaipro.hold(at=1)
        asked = await here.anna.send_photo(jpeg(), VIDEO + "a boat", chat=group.chat_id, thread=topic.thread_id)
        await reacted(here, group.chat_id, asked.message_id, HEARD)
        assert here.telegram.line(group.chat_id, asked.message_id).reactions == ((here.telegram.options.bot_id, HEARD),)
        gate.release()
        await here.telegram.wait_for_message(group.chat_id, kind="video")
        await reacted(here, group.chat_id, asked.message_id, HEARD, MADE)


async def test_failure_and_cancel(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        chat = here.telegram.add_group("Friends", [here.anna]).chat_id
        here.genaipro.enqueue(Script(answer=Answer(400, {"error": "the prompt was rejected"})))
        asked = await here.anna.send_photo(jpeg(), VIDEO + "stormy", chat=chat)
        await here.telegram.wait_for(lambda: reactions(here, chat, asked.message_id)[-1:] == [FAILED])
        assert reactions(here, chat, asked.message_id) in ([HEARD, FAILED], [FAILED])
        gate = here.genaipro.hold(at=1)
        asked = await here.anna.send_photo(jpeg("red"), VIDEO + "calm", chat=chat)
        await reacted(here, chat, asked.message_id, HEARD)
        status = await here.telegram.wait_for_message(chat, lambda line: line.reply_to == asked.message_id)
        await here.press(status, "cancel")
        await reacted(here, chat, asked.message_id, HEARD, "")
        assert here.telegram.line(chat, asked.message_id).reactions == ()
        gate.release()


async def test_private_chats_have_none(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        asked = await here.anna.send_photo(jpeg(), VIDEO + "a boat")
        await here.telegram.wait_for_message(here.anna.chat_id, kind="video")
        chat = here.telegram.add_group("Friends", [here.anna]).chat_id
        other = await here.anna.send_photo(jpeg("red"), VIDEO + "a boat", chat=chat)
        await here.telegram.wait_for(lambda: reactions(here, chat, other.message_id)[-1:] == [MADE])
        assert reactions(here, here.anna.chat_id, asked.message_id) == []


async def test_chat_that_takes_no_reactions_is_left_alone_for_a_while(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        chat = here.telegram.add_group("Club", [here.anna], bot=Standing.RESTRICTED).chat_id
        here.telegram.set_reactions(chat)
        for number in range(2):
            await given(here, chat, f"boat {number}")
        assert len(here.telegram.calls("setMessageReaction")) == 1
        here.telegram.set_reactions(chat, everything=True)
        here.clock.advance(3601)
        asked = await here.anna.send_photo(jpeg("red"), VIDEO + "boat 3", chat=chat)
        await here.telegram.wait_for(lambda: reactions(here, chat, asked.message_id)[-1:] == [MADE])


async def test_reaction_that_hangs_holds_nothing_up(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        chat = here.telegram.add_group("Friends", [here.anna]).chat_id
        here.telegram.fail("setMessageReaction", FaultKind.HOLD, times=100)
        for number in range(3):
            await given(here, chat, f"boat {number}")
        here.telegram.release()


async def test_message_that_is_gone_costs_its_chat_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.05):
        chat = here.telegram.add_group("Friends", [here.anna]).chat_id
        gate = here.genaipro.hold(at=1)
        asked = await here.anna.send_photo(jpeg(), VIDEO + "a boat", chat=chat)
        await reacted(here, chat, asked.message_id, HEARD)
        await here.anna.delete(asked.message_id, chat=chat)
        gate.release()
        await here.telegram.wait_for(lambda: reactions(here, chat, asked.message_id) == [HEARD, MADE])
        other = await here.anna.send_photo(jpeg("red"), VIDEO + "a boat", chat=chat)
        await here.telegram.wait_for(lambda: reactions(here, chat, other.message_id)[-1:] == [MADE])


async def test_kill_between_the_end_and_its_reaction(tmp_path: Path) -> None:
    async with killed_world(tmp_path) as here:
        chat = here.telegram.add_group("Friends", [here.anna]).chat_id
        gate = here.genaipro.hold(at=1)
        asked = await here.anna.send_photo(jpeg(), VIDEO + "a boat", chat=chat)
        await reacted(here, chat, asked.message_id, HEARD)
        fault = here.telegram.fail("setMessageReaction", FaultKind.HOLD)
        gate.release()
        await here.telegram.held(fault)
        async with asyncio.timeout(60):
            while here.rows("SELECT count(*) FROM generations WHERE final_shown_at IS NULL") != [(0,)]:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await here.bot.kill()
        here.telegram.backend.faults.waiting.clear()
        await here.bot.start()
        await here.telegram.wait_for(
            lambda: here.telegram.line(chat, asked.message_id).reactions == ((here.telegram.options.bot_id, MADE),)
        )
        await reacted(here, chat, asked.message_id, HEARD, MADE)

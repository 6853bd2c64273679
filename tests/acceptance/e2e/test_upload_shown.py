"""While videos are fetched and uploaded, the chat shows it, in the topic, for as long as that lasts."""

import asyncio
from pathlib import Path

from sandbox.botapi.faults import FaultKind
from tests.acceptance.e2e.world import world
from tests.pictures import jpeg


async def test_upload_is_shown_and_renewed_in_the_topic(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        chat = here.telegram.add_group("Friends", [here.anna], forum=True).chat_id
        topic = here.telegram.add_topic(chat, "Films")
        fault = here.telegram.fail("sendVideo", FaultKind.HOLD)
        asked = await here.anna.send_photo(jpeg(), "/video@pho2video_bot a boat", chat=chat, thread=topic.thread_id)
        await here.telegram.held(fault)
        for times in range(1, 4):
            calls = await here.telegram.wait_for_calls("sendChatAction", times)
            here.clock.advance(4.5)
        expected = (str(chat), str(topic.thread_id), "upload_video")
        keys = ("chat_id", "message_thread_id", "action")
        assert {tuple(str(call.params[key]) for key in keys) for call in calls} == {expected}
        here.telegram.release()
        await here.telegram.wait_for_message(chat, lambda line: line.reply_to == asked.message_id, kind="video")
        await here.telegram.wait_for_message(chat, "Done")
        sent = len(here.telegram.calls("sendChatAction"))
        for _ in range(3):
            here.clock.advance(4.5)
            await asyncio.sleep(0)
        # What comes after this has passed every timer.
        await here.anna.send_text("/help@pho2video_bot", chat=chat)
        await here.telegram.wait_for_message(chat, "How to get a video")
        assert len(here.telegram.calls("sendChatAction")) == sent


async def test_chat_that_refuses_it_gets_its_video_all_the_same(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.telegram.fail("sendChatAction", times=100)
        await here.anna.send_photo(jpeg(), "/video a boat")
        await here.telegram.wait_for_message(here.anna.chat_id, kind="video")

"""What is left of the budget for edits that only time causes."""

import asyncio

from bot.outbox import UNWAITED_PART, Outbox
from services.outbox.limits import FloodLimits


async def test_a_part_of_the_budget_less_what_waits() -> None:
    outbox = Outbox()
    whole = FloodLimits().overall // UNWAITED_PART
    assert outbox.room() == whole
    under_way = asyncio.Event()

    async def call() -> bool:
        under_way.set()
        await asyncio.Event().wait()
        return True

    calls = [
        asyncio.create_task(
            outbox.process_request(call, (), {}, "sendMessage", {"chat_id": 5, "text": str(number)}, None)
        )
        for number in range(4)
    ]
    await under_way.wait()
    # One is under way, and three wait for their chat.
    assert outbox.room() == whole - 3
    for one in calls:
        one.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert outbox.room() == whole


def test_processes_share_it() -> None:
    outbox = Outbox()
    outbox.share(2)
    assert outbox.room() == FloodLimits().overall // 2 // UNWAITED_PART
    outbox.share(20)
    assert outbox.room() == 1

"""What is left of the budget for edits that only time causes."""

import asyncio

from bot.rate_limiter import Outbox


async def test_a_third_of_the_budget_less_what_waits() -> None:
    outbox = Outbox()
    assert outbox.room() == 10
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
    assert outbox.room() == 7
    for one in calls:
        one.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    assert outbox.room() == 10


def test_processes_share_it() -> None:
    outbox = Outbox()
    outbox.share(3)
    assert outbox.room() == 3
    outbox.share(20)
    assert outbox.room() == 1

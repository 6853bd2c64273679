import asyncio

import pytest

from bot.outbox import Outbox
from services.outbox.limits import LEAST_GROUP, LEAST_OVERALL, FloodLimits
from tests.hand_clock import HandClock


@pytest.mark.parametrize("processes", [2, 3, 4])
def test_all_shares_together_stay_within_telegrams_budgets(processes: int) -> None:
    part = FloodLimits().shared(processes)
    assert part.overall * processes <= FloodLimits().overall
    assert part.group * processes <= FloodLimits().group
    assert part.group_progress < part.group
    assert not part.alone


def test_one_process_has_all_and_of_very_many_each_can_still_speak() -> None:
    assert FloodLimits().shared(1) == FloodLimits()
    part = FloodLimits().shared(1000)
    assert (part.overall, part.group) == (LEAST_OVERALL, LEAST_GROUP)
    assert part.group_progress >= 1


class Sleepless(HandClock):
    """A clock whose sleepers never wake."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.Event().wait()


async def made_at_once(outbox: Outbox, chats: range) -> int:
    """How many sends to as many chats go out without waiting."""
    begun: list[int] = []
    hold = asyncio.Event()

    async def call(chat_id: int) -> bool:
        begun.append(chat_id)
        await hold.wait()
        return True

    tasks = [
        asyncio.create_task(
            outbox.process_request(call, (chat,), {}, "sendMessage", {"chat_id": chat, "text": "x"}, None)
        )
        for chat in chats
    ]
    for _ in range(10):
        await asyncio.sleep(0)
    hold.set()
    for _ in range(10):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return len(begun)


async def test_the_share_follows_the_number_of_processes() -> None:
    clock = Sleepless()
    outbox = Outbox(clock=clock, grace=0.0)
    await outbox.initialize()
    outbox.share(5)
    assert await made_at_once(outbox, range(1, 41)) == 6
    clock.forward(5)
    outbox.share(2)
    assert await made_at_once(outbox, range(101, 141)) == 15
    clock.forward(5)
    outbox.share(1)
    assert await made_at_once(outbox, range(201, 241)) == 30
    await outbox.shutdown()


async def test_what_is_under_way_counts_when_the_share_shrinks() -> None:
    clock = Sleepless()
    outbox = Outbox(clock=clock)
    await outbox.initialize()
    assert await made_at_once(outbox, range(1, 21)) == 20
    outbox.share(3)
    assert await made_at_once(outbox, range(101, 111)) == 0
    clock.forward(5)
    assert await made_at_once(outbox, range(201, 241)) == 10

"""What the bot does with messages in groups that are not meant for it: as good as nothing.

Run with ``python -m benchmarks.chatter``; it takes some seconds.
"""

import asyncio
import sys
from dataclasses import dataclass

from benchmarks.stage import report, stage

MESSAGES = 5_000
GROUPS = 50
WORDS = ("good morning", "has anybody seen the minutes?", "see you at eight", "that was @somebody else", "😀", "ok")
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Chatter:
    """The figures.

    Attributes:
        cpu_each: Seconds for each message.
        sent: Calls that the bot made to send, edit or delete anything.
        peak: Bytes that were resident at most.
    """

    cpu_each: float
    sent: int
    peak: int


async def measure_chatter() -> Chatter:
    """Fill groups with talk, in bursts of a hundred, as a bot finds it that was away for a moment."""
    async with stage(privacy_mode=False) as here:
        people = [here.telegram.add_person(f"P{number}") for number in range(GROUPS)]
        groups = [here.telegram.add_group(f"G{number}", people[:3]) for number in range(GROUPS)]
        await asyncio.sleep(2.0)
        before, calls = here.bot.usage(), len(here.telegram.calls())
        for number in range(MESSAGES):
            await people[number % 3].send_text(WORDS[number % len(WORDS)], chat=groups[number % GROUPS].chat_id)
        await here.telegram.wait_until_idle(PATIENCE)
        await asyncio.sleep(2.0)
        after = here.bot.usage()
        sent = [call for call in here.telegram.calls()[calls:] if call.method.startswith(("send", "edit", "delete"))]
    return Chatter((after.cpu - before.cpu) / MESSAGES, len(sent), after.peak)


async def main() -> int:
    """Print the figures; 1 when one is missed."""
    found = await measure_chatter()
    reached = [
        report(f"{MESSAGES} messages of others: CPU each", found.cpu_each * 1000, "ms", 0.5),
        report(f"{MESSAGES} messages of others: messages sent", found.sent, "", 0),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

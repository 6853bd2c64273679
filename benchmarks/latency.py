"""From an event of the stream to the edit of the status message, seen from outside.

The GenAIPro server notes when it sends an event, the Bot API server when the edit that shows it comes in; both are in
one process and read one clock. Events are further apart than a second, so that Telegram's limits force no waiting.
Run with ``python -m benchmarks.latency``; it takes about a minute and a half.
"""

import asyncio
import sys
from dataclasses import replace

from benchmarks.measures import latencies
from benchmarks.stage import Stage, photo, report, share, stage
from sandbox.genaipro import RESULTS, Script, status

FIRST_SECONDS = 4.0
"""Until the status messages of the beginning are out, each a second after the one before."""

GAP_SECONDS = 1.3
EVENTS = 20
GENERATIONS = 3


def script() -> Script:
    """Events with words of their own, by which their edits are known."""
    gaps = [FIRST_SECONDS] + [GAP_SECONDS] * (EVENTS - 1)
    words = tuple(status(f"step {number}", gap) for number, gap in enumerate(gaps))
    return Script(frames=(*words, replace(RESULTS, delay=GAP_SECONDS)))


async def one(here: Stage, number: int) -> None:
    """One generation, from the request to the video."""
    here.genaipro.enqueue(script())
    person = here.telegram.add_person(f"P{number}")
    await person.send_photo(photo(), f"/video waves roll in, {number}")
    await here.telegram.wait_for_message(person.chat_id, kind="video", timeout=90)


async def main() -> int:
    """Print the figures; 1 when one is missed."""
    async with stage() as here:
        for number in range(GENERATIONS):
            await one(here, number)
        took = [found.seconds * 1000 for found in latencies(here)]
    print(f"{len(took)} of {EVENTS * GENERATIONS} events shown, {GENERATIONS} generations one after the other")
    reached = [
        report("event sent -> its edit comes in, p50", share(took, 50), "ms", 20),
        report("event sent -> its edit comes in, p99", share(took, 99), "ms", 100),
    ]
    return 0 if all(reached) and len(took) == EVENTS * GENERATIONS else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

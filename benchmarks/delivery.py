"""Large videos on their way through the bot: what they add to its memory.

Run with ``python -m benchmarks.delivery``; it takes about a minute and needs 2 GB in the temporary directory.
"""

import asyncio
import sys
from dataclasses import dataclass

from benchmarks.stage import Stage, megabytes, photo, report, stage

SIZE = 45_000_000
PATIENCE = 240.0
SETTLE_SECONDS = 3.0
LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Deliveries:
    """The figures.

    Attributes:
        count: Videos.
        grown: Bytes that the peak lay above idle.
        peak: Bytes that were resident at most.
        seconds: From the first request to the last video.
        cpu: Seconds for each.
    """

    count: int
    grown: int
    peak: int
    seconds: float
    cpu: float


async def measure_deliveries(count: int) -> Deliveries:
    """So many people get a video of 45 MB each, at once."""
    async with stage(pad_to=SIZE) as here:
        await asyncio.sleep(SETTLE_SECONDS)
        idle = here.bot.usage()
        here.bot.forget_peak()
        began = asyncio.get_running_loop().time()
        await _ask(here, count)
        async with asyncio.timeout(PATIENCE):
            await here.telegram.wait_for_calls("sendVideo", count, PATIENCE)
        seconds = asyncio.get_running_loop().time() - began
        await asyncio.sleep(SETTLE_SECONDS)
        after = here.bot.usage()
        whole = [call for call in here.telegram.calls("sendVideo") if call.status == 200]
        assert len(whole) == count, "a video was not sent"
    return Deliveries(count, after.peak - idle.rss, after.peak, seconds, (after.cpu - idle.cpu) / count)


async def _ask(here: Stage, count: int) -> None:
    image = photo()
    for number in range(count):
        await here.telegram.add_person(f"P{number}").send_photo(image, f"/video waves roll in, {number}")


async def main() -> int:
    """Print the figures; 1 when one is missed."""
    reached = []
    for count, limit in ((1, 15), (20, 60)):
        found = await measure_deliveries(count)
        print(f"{count} x 45 MB took {found.seconds:.1f} s and {found.cpu:.2f} s of CPU each")
        reached.append(report(f"{count} x 45 MB: memory beyond idle, peak", megabytes(found.grown), "MB", limit))
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

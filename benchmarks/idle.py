"""What the bot needs while nobody wants anything: memory and CPU, and those of many generations that say nothing.

Run with ``python -m benchmarks.idle``; it takes about two minutes.
"""

import asyncio
import sys

from benchmarks.stage import Stage, megabytes, photo, report, stage
from sandbox.genaipro import End, Script, status

SETTLE_SECONDS = 3.0
WATCH_SECONDS = 20.0
OPEN = 300


async def watch(here: Stage, seconds: float) -> tuple[float, int]:
    """Percent of one core, and bytes resident at the end."""
    await asyncio.sleep(SETTLE_SECONDS)
    before = here.bot.usage()
    await asyncio.sleep(seconds)
    after = here.bot.usage()
    return 100 * (after.cpu - before.cpu) / seconds, after.rss


async def open_many(here: Stage, count: int) -> None:
    """Have so many people start a generation whose stream falls silent."""
    image = photo()
    for number in range(count):
        here.genaipro.enqueue(Script(frames=(status("processing"),), end=End.SILENCE))
        person = here.telegram.add_person(f"P{number}")
        await person.send_photo(image, "/video waves roll in")
    async with asyncio.timeout(120):
        await here.genaipro.until(lambda: sum(bool(post.events) for post in here.genaipro.posts) >= count)
    await here.telegram.wait_for_calls("sendMessage", count, 120)
    # Each is shown to have begun, which takes the limits of Telegram's some time.
    await here.telegram.wait_for_calls("editMessageText", count, 120)


async def main() -> int:
    """Print all figures; 1 when one is missed."""
    async with stage() as here:
        cpu, idle = await watch(here, WATCH_SECONDS)
        reached = [
            report("idle: memory", megabytes(idle), "MB", 120),
            report("idle: CPU", cpu, "%", 2),
        ]
        await open_many(here, OPEN)
        cpu, rss = await watch(here, WATCH_SECONDS)
        reached += [
            report(f"{OPEN} open, nothing happens: CPU", cpu, "%", 5),
            report(f"{OPEN} open, nothing happens: memory each", (rss - idle) / OPEN / 1000, "kB", 150),
        ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

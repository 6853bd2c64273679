"""The whole bot under load: many generations at once, many large files, groups full of chatter.

The bot is a process of its own; the Bot API server and the GenAIPro server are this one, with Telegram's flood limits
on. Each scenario has a fresh bot. Run with ``python -m benchmarks.load``; it takes about twenty minutes, most of it
for the comparison with other limiters. ``--scenarios`` and ``--limiters`` choose parts.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from benchmarks.chatter import measure_chatter
from benchmarks.crowd import OpenFigures, measure_open
from benchmarks.delivery import measure_deliveries
from benchmarks.stage import BotDiedError, megabytes, report

LIMITERS = {"": "outbox", "aio": "AIORateLimiter", "retry": "retry on 429"}
OPEN = (1, 100, 1000)

COLUMNS = (
    "limiter", "open", "events", "edits", "dropped", "429s", "edit p50", "edit p99", "own p50", "own p99",
    "video p50", "video p99", "videos", "ends", "last", "bound", "CPU each", "RSS each", "peak",
)  # fmt: skip
UNITS = (
    "", "", "", "", "", "", "ms", "ms", "ms", "ms", "s", "s", "", "", "s", "s", "ms", "kB", "MB",
)  # fmt: skip


def row(limiter: str, found: OpenFigures) -> tuple[str, ...]:
    """A line of the table."""
    return (
        limiter, str(found.opened), str(found.events), str(found.edits), str(found.dropped), str(found.floods),
        f"{found.edit_p50:.0f}", f"{found.edit_p99:.0f}", f"{found.own_p50:.0f}", f"{found.own_p99:.0f}",
        f"{found.video_p50:.1f}", f"{found.video_p99:.1f}", str(found.videos), str(found.ends),
        f"{found.last:.1f}", f"{found.bound:.1f}", f"{found.cpu_each:.0f}", f"{found.rss_each:.0f}",
        f"{found.peak:.0f}",
    )  # fmt: skip


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print a table that is a table in Markdown, too."""
    lines = [COLUMNS, UNITS, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(COLUMNS))]
    for number, line in enumerate(lines):
        print("| " + " | ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) + " |")
        if number == 0:
            print("| " + " | ".join("-" * (width - 1) + ":" for width in widths) + " |")


def judge(found: OpenFigures) -> list[bool]:
    """Print one scenario's figures beside what they shall be."""
    name = f"{found.opened} open"
    if found.opened <= 100:
        return [
            report(f"{name}: event -> edit beyond the limits, p50", found.own_p50, "ms", 15),
            report(f"{name}: event -> edit beyond the limits, p99", found.own_p99, "ms", 80),
        ]
    return [
        report(f"{name}: 429s caused", found.floods, "", 0),
        report(f"{name}: videos not sent", found.opened - found.videos, "", 0),
        report(f"{name}: final states not shown", found.opened - found.ends, "", 0),
        report(f"{name}: last one / theoretical bound", found.last / found.bound, "", 1.25),
        report(f"{name}: CPU for each generation", found.cpu_each, "ms", 15),
        report(f"{name}: memory for each open generation", found.rss_each, "kB", 120),
    ]


async def compare(limiters: Sequence[str], counts: Sequence[int]) -> list[bool]:
    """All limiters with all numbers of open generations."""
    rows, reached = [], []
    for count in counts:
        for limiter in limiters:
            try:
                found = await measure_open(count, limiter)
            except BotDiedError as error:
                print(f"{LIMITERS[limiter]}, {count} open: the bot ended: {error}")
                reached.append(False)
                continue
            rows.append(row(LIMITERS[limiter], found))
            table(rows[-1:])
            if not limiter:
                reached += judge(found)
    table(rows)
    return reached


async def main() -> int:
    """Run what is asked for; 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description="The whole bot under load.")
    parser.add_argument("--scenarios", nargs="*", default=["open", "files", "chatter"])
    parser.add_argument("--limiters", nargs="*", default=list(LIMITERS), help='"" is the outbox; aio; retry')
    parser.add_argument("--open", nargs="*", type=int, default=list(OPEN))
    chosen = parser.parse_args()
    reached: list[bool] = []
    if "open" in chosen.scenarios:
        reached += await compare(chosen.limiters, chosen.open)
    if "files" in chosen.scenarios:
        files = await measure_deliveries(20)
        reached.append(report("20 files of 45 MB: memory beyond idle, peak", megabytes(files.grown), "MB", 60))
    if "chatter" in chosen.scenarios:
        chatter = await measure_chatter()
        reached += [
            report("5,000 messages of others: CPU each", chatter.cpu_each * 1000, "ms", 0.5),
            report("5,000 messages of others: messages sent", chatter.sent, "", 0),
        ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

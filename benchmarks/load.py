"""The whole bot under load: many generations at once, many large files, groups full of chatter.

The bot is a process of its own; the Bot API server and the GenAIPro server are this one, with Telegram's flood limits
on. Each scenario has a fresh bot. Run with ``python -m benchmarks.load``; it takes about half an hour, most of it
for the comparison with other limiters. ``--scenarios`` and ``--limiters`` choose parts.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from os import getloadavg

from benchmarks.chatter import measure_chatter
from benchmarks.crowd import OpenFigures, measure_open
from benchmarks.delivery import measure_deliveries
from benchmarks.stage import BotDiedError, megabytes, report

LIMITERS = {"": "outbox", "aio": "AIORateLimiter", "retry": "retry on 429"}
OPEN = (1, 100, 1000)

COLUMNS = {
    "scenario": "", "limiter": "", "events": "", "edits": "", "dropped": "", "429s": "", "edit p50": "ms",
    "edit p99": "ms", "own p50": "ms", "own p99": "ms", "group p50": "ms", "group p99": "ms", "video p50": "s",
    "video p99": "s", "videos": "", "ends": "", "last": "s", "bound": "s", "opening": "s", "CPU each": "ms",
    "RSS each": "kB", "peak": "MB", "load": "",
}  # fmt: skip
"""Names and units. ``own`` and ``group``: from event to edit beyond what Telegram's limits force, in private chats and
in groups; ``load``: of the whole machine, in the last minute of the scenario."""

Row = dict[str, str]


def row(limiter: str, found: OpenFigures) -> Row:
    """The line of so many generations open at once."""
    return {
        "scenario": f"{found.opened:,} open", "limiter": limiter, "events": str(found.events),
        "edits": str(found.edits), "dropped": str(found.dropped), "429s": str(found.floods),
        "edit p50": f"{found.edit_p50:.0f}", "edit p99": f"{found.edit_p99:.0f}", "own p50": f"{found.own_p50:.1f}",
        "own p99": f"{found.own_p99:.1f}", "group p50": f"{found.group_p50:.0f}",
        "group p99": f"{found.group_p99:.0f}", "video p50": f"{found.video_p50:.1f}",
        "video p99": f"{found.video_p99:.1f}", "videos": str(found.videos), "ends": str(found.ends),
        "last": f"{found.last:.1f}", "bound": f"{found.bound:.1f}", "opening": f"{found.opening:.0f}",
        "CPU each": f"{found.cpu_each:.0f}", "RSS each": f"{found.rss_each:.0f}", "peak": f"{found.peak:.0f}",
        "load": f"{getloadavg()[0]:.1f}",
    }  # fmt: skip


def table(rows: Sequence[Row]) -> None:
    """Print a table that is a table in Markdown, too."""
    lines = [dict(zip(COLUMNS, COLUMNS, strict=True)), COLUMNS, *rows]
    widths = {name: max(len(line.get(name, "")) for line in lines) for name in COLUMNS}
    for number, line in enumerate(lines):
        print("| " + " | ".join(line.get(name, "").rjust(width) for name, width in widths.items()) + " |")
        if number == 0:
            print("| " + " | ".join("-" * (width - 1) + ":" for width in widths.values()) + " |")


def judge(found: OpenFigures) -> list[bool]:
    """Print one scenario's figures beside what they shall be."""
    name = f"{found.opened} open"
    if found.opened <= 100:
        reached = [
            report(f"{name}: event -> edit beyond the limits, p50", found.own_p50, "ms", 15),
            report(f"{name}: event -> edit beyond the limits, p99", found.own_p99, "ms", 80),
        ]
        if found.opened >= 10:
            reached += [
                report(f"{name}: the same in groups, p50", found.group_p50, "ms", 15),
                report(f"{name}: the same in groups, p99", found.group_p99, "ms", 80),
            ]
        return reached
    return [
        report(f"{name}: 429s caused", found.floods, "", 0),
        report(f"{name}: videos not sent", found.opened - found.videos, "", 0),
        report(f"{name}: final states not shown", found.opened - found.ends, "", 0),
        report(f"{name}: last one / theoretical bound", found.last / found.bound, "", 1.25),
        report(f"{name}: CPU for each generation", found.cpu_each, "ms", 15),
        report(f"{name}: memory for each open generation", found.rss_each, "kB", 120),
    ]


async def compare(limiters: Sequence[str], counts: Sequence[int], rows: list[Row]) -> list[bool]:
    """All limiters with all numbers of open generations."""
    reached = []
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
    return reached


async def large_files(rows: list[Row]) -> list[bool]:
    """Twenty deliveries of 45 MB at once."""
    found = await measure_deliveries(20)
    rows.append(
        {
            "scenario": "20 x 45 MB", "limiter": LIMITERS[""], "videos": str(found.count),
            "last": f"{found.seconds:.1f}", "CPU each": f"{found.cpu * 1000:.0f}",
            "peak": f"{megabytes(found.peak):.0f}", "load": f"{getloadavg()[0]:.1f}",
        }
    )  # fmt: skip
    return [report("20 files of 45 MB: memory beyond idle, peak", megabytes(found.grown), "MB", 60)]


async def chatter(rows: list[Row]) -> list[bool]:
    """Talk in groups."""
    found = await measure_chatter()
    rows.append(
        {
            "scenario": "5,000 foreign", "limiter": LIMITERS[""], "edits": str(found.sent),
            "CPU each": f"{found.cpu_each * 1000:.2f}", "peak": f"{megabytes(found.peak):.0f}",
            "load": f"{getloadavg()[0]:.1f}",
        }
    )  # fmt: skip
    return [
        report("5,000 messages of others: CPU each", found.cpu_each * 1000, "ms", 0.5),
        report("5,000 messages of others: messages sent", found.sent, "", 0),
    ]


async def main() -> int:
    """Run what is asked for; 1 when a figure is missed."""
    parser = argparse.ArgumentParser(description="The whole bot under load.")
    parser.add_argument("--scenarios", nargs="*", default=["open", "files", "chatter"])
    parser.add_argument("--limiters", nargs="*", default=list(LIMITERS), help='"" is the outbox; aio; retry')
    parser.add_argument("--open", nargs="*", type=int, default=list(OPEN))
    chosen = parser.parse_args()
    reached: list[bool] = []
    rows: list[Row] = []
    if "open" in chosen.scenarios:
        reached += await compare(chosen.limiters, chosen.open, rows)
    if "files" in chosen.scenarios:
        reached += await large_files(rows)
    if "chatter" in chosen.scenarios:
        reached += await chatter(rows)
    table(rows)
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))

"""The figures of a storm: counted at its end, printed as a table, and what to keep where a promise was broken."""

import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.checks import about, answers_lost, deliveries
from tests.chaos.world import Scene

ENDS = {"✅": "done", "✋": "cancelled"}


@dataclass
class Tally:
    """What happened in one scene or in several.

    Attributes:
        figures: How often what happened.
        violations: What was broken, in words.
        slowest_start: Seconds from a start until the process was ready.
    """

    figures: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    slowest_start: float = 0.0


def summed(tallies: Iterable[Tally]) -> Tally:
    """The sum of several, which tells whose the violations are by a number."""
    total = Tally()
    for number, tally in enumerate(tallies):
        total.figures.update(tally.figures)
        total.violations += [f"world {number}: {text}" for text in tally.violations]
        total.slowest_start = max(total.slowest_start, tally.slowest_start)
    return total


def count(here: Scene, figures: Counter[str]) -> None:
    """Add the figures of what the people asked for and what they got."""
    figures["requests"] = sum(request.orders for request in here.requests)
    figures["POSTs"] = len(here.genaipro.posts)
    figures["POSTs for tall videos"] = sum(post.endpoint == "frames-to-video" for post in here.genaipro.posts)
    figures["POSTs accepted"] = sum(post.accepted for post in here.genaipro.posts)
    figures["payments in Stars"] = len(here.telegram.payments)
    figures["payments refunded"] = sum(payment.refunded for payment in here.telegram.payments)
    for request in here.requests:
        for line in about(here, request):
            if any(button in line.labels() for button in ("🔁 Again", "✏️ Edit")):
                figures[f"ended {ENDS.get(line.text[0], 'failed')}"] += 1
            else:
                figures["messages left behind by a kill or a lost answer"] += 1
        for lines in deliveries(here, request).values():
            figures["videos delivered"] += 1
            figures["videos delivered once more after a kill or a lost answer"] += len(lines) - 1
        figures["answers of Telegram lost on a video"] += len(
            answers_lost(here, request, "sendVideo", "sendMediaGroup")
        )


def save(here: Scene, path: Path) -> None:
    """Keep the log of all processes, and the calls, for whoever looks into a violation."""
    marks: list[tuple[float, str]] = []
    dull = {"timestamp", "level", "logger", "event"}
    for number, process in enumerate(here.processes):
        name = f"{process.role}-{number}"
        for at, life in enumerate(process.lives):
            marks.append((life.started, f"{name} --- started, life {at}"))
            if life.ended is not None:
                marks.append((life.ended, f"{name} --- ended with {life.status}"))
        for line in process.lines:
            rest = {key: value for key, value in line.fields.items() if key not in dull}
            marks.append((line.at, f"{name} {line.level} {line.event} {rest}"))
    path.write_text("".join(f"{at:.3f} {text}\n" for at, text in sorted(marks)))
    path.with_suffix(".calls").write_text("\n".join(str(call) for call in here.telegram.calls()))


def report(title: str, seed: int, seconds: float, tally: Tally) -> None:
    """Print the table, then what was broken."""
    rows = {"seed": str(seed), "time": f"{seconds:.0f} s", "slowest start": f"{tally.slowest_start:.1f} s"}
    rows |= {name: str(number) for name, number in tally.figures.items()}
    rows["violations"] = str(len(tally.violations))
    width = max(map(len, rows))
    sys.stdout.write(f"\n{title}\n")
    for name, value in rows.items():
        sys.stdout.write(f"{name:<{width}}  {value:>8}\n")
    for text in tally.violations:
        sys.stdout.write(f"VIOLATION {text}\n")
    sys.stdout.flush()

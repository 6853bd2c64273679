"""How soon processes hear of each other, on one PostgreSQL: a cancel through a web process, a worker that was killed.

The goals: 1 second from ``/cancel`` to the end of a stream that another process reads, and 30 seconds from kill -9 to
another worker that has all jobs of the dead one. Two webs and three workers run, the database is a real server of its
own: `python -m benchmarks.together`.
"""

import argparse
import asyncio
import logging
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import monotonic

from tests.integration.cluster.postgres import private_server
from tests.integration.cluster.world import Cluster, cluster

CANCEL_SECONDS = 1.0
TAKEOVER_SECONDS = 30.0


async def cancels(here: Cluster, rounds: int) -> list[float]:
    """Seconds from ``/cancel`` until the service sees the stream closed."""
    found: list[float] = []
    for number in range(rounds):
        prompt = f"cancelled {number}"
        gate = here.genaipro.hold(at=2)
        person = await here.ask(prompt)
        await gate.blocked()
        (post,) = here.posts(prompt)
        begun = monotonic()
        await person.send_text("/cancel")
        await here.genaipro.finished(post)
        found.append(monotonic() - begun)
        assert post.client_left
        await here.ended(person)
        gate.release()
    return found


async def takeover(here: Cluster, jobs: int) -> list[float]:
    """Kill a worker; seconds until each of its jobs is another's."""
    gates = [here.genaipro.hold(at=2) for _ in range(jobs)]
    for number in range(jobs):
        await here.ask(f"taken over {number}")
    for gate in gates:
        await gate.blocked()
    shares = {worker.pid: len(worker.events("post_begins")) for worker in here.workers}
    victim = max(here.workers, key=lambda worker: shares[worker.pid])
    known = len(here.logged("generation_taken_over"))
    before = len([line for line in victim.events("post_begins") if not _is_over(here, str(line.fields["generation"]))])
    begun = monotonic()
    await victim.kill()
    lines = await here.until_logged("generation_taken_over", known + before)
    for gate in gates:
        gate.release()
    await here.at_rest()
    await victim.start()
    return [line.at - begun for line in lines[known:]]


def _is_over(here: Cluster, generation: str) -> bool:
    (row,) = here.rows(f"SELECT finished_at FROM generations WHERE id = '{generation}'")
    return row["finished_at"] is not None


def report(name: str, seconds: list[float], goal: float) -> bool:
    """Print a line; whether the goal was met."""
    is_met = max(seconds) <= goal
    sys.stdout.write(
        f"{name:<34}{len(seconds):>4}{median(seconds):>9.2f}{max(seconds):>9.2f}{goal:>7.0f}"
        f"  {'met' if is_met else 'missed'}\n"
    )
    sys.stdout.flush()
    return is_met


async def measure(rounds: int, jobs: int) -> int:
    """All of it; the exit status says whether the goals were met."""
    settings = {"MAX_ACTIVE_GENERATIONS": str(jobs)}
    with private_server() as server, server.database() as url, tempfile.TemporaryDirectory(prefix="together-") as made:
        async with cluster(Path(made), url, settings=settings) as here:
            sys.stdout.write(f"{'seconds':<34}{'n':>4}{'median':>9}{'worst':>9}{'goal':>7}\n")
            is_met = report("from /cancel to the stream's end", await cancels(here, rounds), CANCEL_SECONDS)
            is_met &= report("from a kill to another worker", await takeover(here, jobs), TAKEOVER_SECONDS)
    return 0 if is_met else 1


def main() -> int:
    """Read the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.together", description=__doc__)
    parser.add_argument("--rounds", type=int, default=30, help="cancels")
    parser.add_argument("--jobs", type=int, default=20, help="at work when a worker is killed")
    asked = parser.parse_args()
    # What the servers say of a caller that is killed in the middle of a request.
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    return asyncio.run(measure(asked.rounds, asked.jobs))


if __name__ == "__main__":
    sys.exit(main())

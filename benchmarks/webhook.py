"""How fast the webhook answers: 200 updates a second from many people, each a message that the bot works on.

Run with ``python -m benchmarks.webhook [--seconds N] [--rate N]``. Bot, servers and load are a process each. Telegram
sends the next update of a person only when the one before was answered; so does this. At the end every update must be
in the inbox, handled, and each person's in the order in which they were sent.
"""

import argparse
import asyncio
import json
import os
import socket
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from benchmarks.stage import ROOT, START_SECONDS, report, share

SECRET = "a-long-random-word"
PATH = "/updates"
PEOPLE = 200
CONNECTIONS = 40
"""Telegram's own usual number for one bot (setWebhook, ``max_connections``)."""

FIRST_ID = 10_000
DRAIN_SECONDS = 300.0


@dataclass
class Load:
    """What was sent and how it was answered.

    Attributes:
        latencies: Seconds from a request to its answer.
        late: Seconds by which requests went out late, for want of the load's own CPU or of free connections.
        refused: Answers other than 200.
    """

    latencies: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    refused: int = 0


def update(number: int, person: int) -> dict[str, object]:
    """A text message: the prompt of a draft."""
    user = {"id": FIRST_ID + person, "is_bot": False, "first_name": f"P{person}", "language_code": "en"}
    chat = {"id": FIRST_ID + person, "type": "private", "first_name": f"P{person}"}
    message = {"message_id": number, "date": 1_750_000_000, "chat": chat, "from": user, "text": f"word{number}"}
    return {"update_id": number, "message": message}


async def send_all(url: str, rate: int, seconds: int) -> Load:
    """Send at a steady rate, whatever the answers do."""
    load = Load()
    loop = asyncio.get_running_loop()
    turns = [asyncio.Lock() for _ in range(PEOPLE)]
    headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET, "Content-Type": "application/json"}

    async def send(session: aiohttp.ClientSession, number: int, due: float) -> None:
        person = number * 7 % PEOPLE
        body = json.dumps(update(number + 1, person)).encode()
        async with turns[person]:
            began = loop.time()
            async with session.post(url, data=body, headers=headers) as response:
                await response.read()
            load.latencies.append(loop.time() - began)
            load.late.append(began - due)
            load.refused += response.status != 200

    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(connector=connector) as session, asyncio.TaskGroup() as group:
        start = loop.time()
        for number in range(rate * seconds):
            due = start + number / rate
            await asyncio.sleep(max(0.0, due - loop.time()))
            group.create_task(send(session, number, due))
    return load


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def process(
    *arguments: str, environment: dict[str, str], directory: Path
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A process that ends with the context."""
    with (directory / f"{arguments[1]}.log").open("wb") as log:
        started = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=directory,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONPATH": str(ROOT)} | environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        await started.wait()


async def until_ready(url: str) -> None:
    """Wait for ``/readyz``."""
    async with asyncio.timeout(START_SECONDS), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{url}/readyz") as response:
                    if response.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)


async def metric(url: str, name: str) -> float:
    """One sample of ``/metrics``."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as response:
        text = await response.text()
    return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if line.startswith(name))


async def drained(url: str) -> float:
    """Wait until every update was handled; seconds that took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    async with asyncio.timeout(DRAIN_SECONDS):
        while await metric(url, "pho2video_updates_waiting "):  # noqa: ASYNC110 - another process's
            await asyncio.sleep(1)
    return loop.time() - began


def in_order(database: Path) -> tuple[int, int]:
    """Updates that were handled, and people whose words stand in another order than they were sent in."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        handled = connection.execute("SELECT count(*) FROM inbox WHERE payload IS NULL").fetchone()[0]
        rows = connection.execute(
            "SELECT chat_id, message_id FROM drafts JOIN draft_items ON draft_id = id ORDER BY draft_items.rowid"
        ).fetchall()
    connection.close()
    people: dict[int, list[int]] = {}
    for chat_id, message_id in rows:
        people.setdefault(chat_id, []).append(message_id)
    return handled, sum(numbers != sorted(numbers) for numbers in people.values())


async def main(arguments: Sequence[str]) -> int:
    """Print all figures; 1 when one is missed."""
    parser = argparse.ArgumentParser(description="How fast the webhook answers.")
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--rate", type=int, default=200)
    options = parser.parse_args(arguments)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        people = ("--people", str(PEOPLE), "--first-user-id", str(FIRST_ID))
        serve = ("-m", "sandbox", "serve", "--flood", "--tiny-videos", *people)
        async with process(*serve, environment={}, directory=directory) as servers:
            assert servers.stdout is not None
            where = json.loads(await servers.stdout.readline())
            environment = {
                "TELEGRAM_BOT_TOKEN": where["token"],
                "TELEGRAM_API_URL": where["bot_api_url"],
                "GENAIPRO_API_KEY": where["key"],
                "GENAIPRO_API_URL": where["genaipro_url"],
                "WEBHOOK_URL": f"https://bot.example.com{PATH}",
                "WEBHOOK_SECRET": SECRET,
                "HTTP_PORT": str(port),
                "OPEN_ACCESS": "true",
                "LOG_LEVEL": "WARNING",
                "DATA_DIR": str(directory / "data"),
            }
            async with process("-m", "bot", "run", environment=environment, directory=directory):
                await until_ready(url)
                load = await send_all(f"{url}{PATH}", options.rate, options.seconds)
                seconds = await drained(url)
                taken = await metric(url, "pho2video_updates_total")
        handled, disordered = in_order(directory / "data" / "pho2video.sqlite3")
    sent = options.rate * options.seconds
    milliseconds = [1000 * value for value in load.latencies]
    print(f"{sent} updates at {options.rate} a second; all handled {seconds:.0f} s after the last")
    print(f"the load itself was late by {1000 * share(load.late, 99):.1f} ms (p99)")
    reached = [
        report("webhook answered: p50", share(milliseconds, 50), "ms", 20),
        report("webhook answered: p99", share(milliseconds, 99), "ms", 20),
        report("webhook answered: slowest", max(milliseconds), "ms", 1000),
        report("refused", load.refused, "", 0),
        report("lost", sent - min(taken, handled), "", 0),
        report("people whose order was not kept", disordered, "", 0),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))

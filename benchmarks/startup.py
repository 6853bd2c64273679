"""How long the bot takes from its start until it is ready: process, database, Telegram, first look for updates.

Run with ``python -m benchmarks.startup [--starts N]``. The first start makes the tables, the others find them.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.stage import middle, report
from benchmarks.webhook import free_port, process, until_ready
from sandbox.botapi import BotApiServer
from sandbox.genaipro import GenAIProServer


async def start_once(directory: Path, environment: dict[str, str]) -> float:
    """Seconds until ``/readyz`` answers 200; the process has ended again afterwards."""
    loop = asyncio.get_running_loop()
    port = free_port()
    began = loop.time()
    async with process("-m", "bot", "run", environment=environment | {"HTTP_PORT": str(port)}, directory=directory):
        await until_ready(f"http://127.0.0.1:{port}")
        return loop.time() - began


async def main(arguments: Sequence[str]) -> int:
    """Print the figures; 1 when one is missed."""
    parser = argparse.ArgumentParser(description="How long a start takes.")
    parser.add_argument("--starts", type=int, default=5)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="benchmark-") as name:
        directory = Path(name)
        async with BotApiServer() as telegram, GenAIProServer() as genaipro:
            environment = {
                "TELEGRAM_BOT_TOKEN": telegram.token,
                "TELEGRAM_API_URL": telegram.url,
                "GENAIPRO_API_KEY": genaipro.options.key,
                "GENAIPRO_API_URL": genaipro.url,
                "DATA_DIR": str(directory / "data"),
                "LOG_LEVEL": "WARNING",
            }
            first = await start_once(directory, environment)
            later = [await start_once(directory, environment) for _ in range(options.starts)]
    reached = [
        report("start to ready, new database", first, "s", 3),
        report("start to ready, middle of the later starts", middle(later), "s", 3),
        report("start to ready, slowest of the later starts", max(later), "s", 3),
    ]
    return 0 if all(reached) else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))

"""Both servers as one process, for a bot in another.

When they listen, one line of JSON on standard output says where; nothing else is ever written there.
"""

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from sandbox.botapi import BotApiOptions, BotApiServer
from sandbox.genaipro import GenAIProOptions, GenAIProServer


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="python -m sandbox", description="Telegram and GenAIPro on loopback.")
    commands = root.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="start both servers and print where they are as one line of JSON")
    serve.add_argument("--bot-api-port", type=int, default=0, metavar="PORT", help="0 (default) = any free port")
    serve.add_argument("--genaipro-port", type=int, default=0, metavar="PORT", help="0 (default) = any free port")
    serve.add_argument("--data", type=Path, metavar="DIR", help="keep files there instead of in a temporary directory")
    serve.add_argument("--flood", action="store_true", help="enforce Telegram's flood limits")
    serve.add_argument("--no-privacy-mode", action="store_true", help="let the bot see everything in groups")
    serve.add_argument("--people", type=int, default=1, metavar="COUNT", help="how many have pressed Start")
    serve.add_argument("--first-user-id", type=int, default=500_000_001, metavar="ID", help="id of the first of them")
    serve.add_argument("--language", default="en", metavar="CODE", help="language of their Telegram")
    serve.add_argument("--tiny-videos", action="store_true", help="render videos that take milliseconds")
    return root


async def serve(arguments: argparse.Namespace) -> None:
    """Run both servers until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    data: Path | None = arguments.data
    telegram = BotApiOptions(
        port=arguments.bot_api_port,
        flood=arguments.flood,
        privacy_mode=not arguments.no_privacy_mode,
        data_dir=data / "telegram" if data else None,
    )
    genaipro = GenAIProOptions(port=arguments.genaipro_port, data=data / "genaipro" if data else None)
    async with AsyncExitStack() as stack:
        bot_api = await stack.enter_async_context(BotApiServer(telegram))
        videos = await stack.enter_async_context(GenAIProServer(genaipro.tiny() if arguments.tiny_videos else genaipro))
        people = [
            bot_api.add_person(
                f"P{number}",
                language_code=arguments.language,
                user_id=arguments.first_user_id + number,
                started=True,
            )
            for number in range(arguments.people)
        ]
        ready = {
            "bot_api_url": bot_api.url,
            "genaipro_url": videos.url,
            "token": bot_api.token,
            "key": videos.options.key,
            "people": [person.user_id for person in people],
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status: 0, or 1 when a server could not start."""
    try:
        asyncio.run(serve(parser().parse_args(argv)))
    except OSError as error:
        sys.stderr.write(f"The sandbox could not start: {error}\n")
        return 1
    return 0

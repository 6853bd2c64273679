"""Both servers as one process, for programs that speak to them over HTTP alone.

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
from sandbox.demo.command import add_arguments as add_person
from sandbox.demo.command import run as run_person
from sandbox.genaipro import GenAIProOptions, GenAIProServer


def parser() -> argparse.ArgumentParser:
    """The command line."""
    root = argparse.ArgumentParser(prog="python -m sandbox", description="Telegram and GenAIPro on loopback.")
    commands = root.add_subparsers(dest="command", required=True)
    add_person(commands.add_parser("person", help="be one person who gets videos from a bot that runs there"))
    serve = commands.add_parser("serve", help="start both servers and print where they are as one line of JSON")
    serve.add_argument("--bot-api-port", type=int, default=0, metavar="PORT", help="0 (default) = any free port")
    serve.add_argument("--genaipro-port", type=int, default=0, metavar="PORT", help="0 (default) = any free port")
    serve.add_argument("--data", type=Path, metavar="DIR", help="keep files there instead of in a temporary directory")
    serve.add_argument("--flood", action="store_true", help="enforce Telegram's flood limits")
    serve.add_argument("--no-privacy-mode", action="store_true", help="let the bot see everything in groups")
    serve.add_argument("--first-name", default="Alice", help="name of the person who is there from the start")
    serve.add_argument("--language", default="en", metavar="CODE", help="language of that person's Telegram")
    serve.add_argument("--tiny-videos", action="store_true", help="render videos that take milliseconds")
    serve.add_argument("--pace", type=float, default=0.0, metavar="SECONDS", help="least time between two events")
    serve.add_argument("--until-stdin-closes", action="store_true", help="stop when standard input ends, too")
    return root


async def serve(arguments: argparse.Namespace) -> None:
    """Run both servers until SIGTERM, SIGINT or, if asked for, the end of standard input."""
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
    genaipro = GenAIProOptions(
        port=arguments.genaipro_port, data=data / "genaipro" if data else None, pace=arguments.pace
    )
    async with AsyncExitStack() as stack:
        bot_api = await stack.enter_async_context(BotApiServer(telegram))
        videos = await stack.enter_async_context(GenAIProServer(genaipro.tiny() if arguments.tiny_videos else genaipro))
        person = bot_api.add_person(arguments.first_name, language_code=arguments.language)
        ready = {
            "bot_api_url": bot_api.url,
            "genaipro_url": videos.url,
            "token": bot_api.token,
            "key": videos.options.key,
            "user_id": person.user_id,
            "chat_id": person.chat_id,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        if arguments.until_stdin_closes:
            await _watch_stdin(stop)
        await stop.wait()


async def _watch_stdin(stop: asyncio.Event) -> None:
    """Have ``stop`` set when standard input ends."""
    loop = asyncio.get_running_loop()

    class _Stdin(asyncio.Protocol):
        def eof_received(self) -> None:
            stop.set()

        def connection_lost(self, error: Exception | None) -> None:
            del error
            stop.set()

    await loop.connect_read_pipe(_Stdin, sys.stdin)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Returns:
        The exit status: 0, or 1 when a server could not start or the person did not get the videos.
    """
    arguments = parser().parse_args(argv)
    if arguments.command == "person":
        return run_person(arguments)
    try:
        asyncio.run(serve(arguments))
    except OSError as error:
        sys.stderr.write(f"The sandbox could not start: {error}\n")
        return 1
    return 0

"""``python -m sandbox.botapi``: a Bot API server for one bot, and a person at this terminal who talks to it."""

import argparse
import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from pathlib import Path

from sandbox.botapi.console import HELP, Console
from sandbox.botapi.options import BotApiOptions
from sandbox.botapi.seen import Event
from sandbox.botapi.server import BotApiServer
from sandbox.botapi.terminal import USUAL_COLUMNS, Conversation, ansi, plain


def parser() -> argparse.ArgumentParser:
    """The command line."""
    usual = BotApiOptions()
    root = argparse.ArgumentParser(
        prog="python -m sandbox.botapi", description="A strict Bot API server on loopback, and a person who types here."
    )
    root.add_argument("--port", type=int, default=8081, help="0 = any free port (default: %(default)s)")
    root.add_argument("--token", default=usual.token, help="the bot's token (default: %(default)s)")
    root.add_argument("--name", default="Bot", help="the bot's name")
    root.add_argument("--username", default="sandbox_bot", help="the bot's username, without @")
    root.add_argument("--data", type=Path, metavar="DIR", help="keep files there instead of in a temporary directory")
    root.add_argument("--language", default="en", metavar="CODE", help="language of the person's Telegram")
    root.add_argument("--stars", type=int, default=1000, metavar="COUNT", help="Telegram Stars that the person has")
    root.add_argument("--inline", action="store_true", help="turn BotFather's inline mode on")
    root.add_argument("--flood", action="store_true", help="enforce Telegram's flood limits")
    root.add_argument("--local", action="store_true", help="behave as a server in --local mode (2000 MB files)")
    root.add_argument("--no-privacy-mode", action="store_true", help="let the bot see everything in groups")
    root.add_argument("--lax", action="store_true", help="accept parameters that the Bot API does not know")
    return root


def options(arguments: argparse.Namespace) -> BotApiOptions:
    """The server's settings from the command line."""
    return BotApiOptions(
        token=arguments.token,
        bot_id=int(arguments.token.partition(":")[0]),
        bot_name=arguments.name,
        bot_username=arguments.username,
        port=arguments.port,
        data_dir=arguments.data,
        strict=not arguments.lax,
        flood=arguments.flood,
        privacy_mode=not arguments.no_privacy_mode,
        local_mode=arguments.local,
        inline_mode=arguments.inline,
    )


async def serve(arguments: argparse.Namespace) -> None:
    """Run the server and the console until ``:quit``, SIGINT or SIGTERM; at the end of the input, go on serving."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with BotApiServer(options(arguments)) as server:
        person = server.add_person("Alice", language_code=arguments.language, stars=arguments.stars)
        _write("A Bot API server for one bot, on this machine only.")
        _write(f"  base URL  {server.url}\n  token     {server.token}")
        _write(f"Calls go to {server.base_url}<token>/<method>. You are {person.user.first_name}:")
        _write(HELP.format(stars=person.stars))
        tasks = [
            asyncio.create_task(_show(server, arguments.name)),
            asyncio.create_task(_read(Console(server, person, _write), stop)),
        ]
        await stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _show(server: BotApiServer, name: str) -> None:
    """Print what happens in the chat."""
    ink = ansi if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else plain
    conversation = Conversation(_write, ink, shutil.get_terminal_size((USUAL_COLUMNS, 24)).columns, bot=name)
    async for event in server.events():
        conversation.show(Event.model_validate(event.wire()))


async def _read(console: Console, stop: asyncio.Event) -> None:
    """Do what is typed."""
    async for line in _lines():
        if not await console.do(line):
            stop.set()
            return


async def _lines() -> AsyncIterator[str]:
    """Lines of standard input, where it is a terminal or a pipe."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    with suppress(ValueError, OSError):
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        while line := await reader.readline():
            yield line.decode(errors="replace")


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit status: 0, or 1 when the server could not start."""
    arguments = parser().parse_args(argv)
    if not arguments.token.partition(":")[0].isdigit():
        sys.stderr.write("The token must look like 123456:ABC.\n")
        return 2
    try:
        asyncio.run(serve(arguments))
    except OSError as error:
        sys.stderr.write(f"The server could not start: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

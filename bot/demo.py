"""The demo: the real bot, a Telegram and a GenAIPro on loopback, and one person who gets videos out of it.

Every part is a process of its own, as in real life; this module starts them, watches them and ends them on every path.
"""

import asyncio
import json
import os
import signal
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from bot.demo_processes import Child, last_lines, start, start_on_stage
from bot.errors import STATUS_CONFIGURATION, STATUS_FAILED, OperatorError
from services.photos.inspect import check
from services.photos.model import MAX_PHOTOS, PhotoError, PhotoProblem

MAX_VIDEOS = 4
PATIENCE = 120.0
"""Seconds for everything."""
BOT = ("-m", "bot", "run")
"""How the bot is started, after the interpreter."""
_PERSON_PATIENCE = 110.0
_START_PATIENCE = 30.0
_PACE = 1.2
"""Seconds between events: a chat shows one edit a second, and this is to be seen step by step."""
_ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "NO_COLOR", "SYSTEMROOT")
_PROBLEMS = {
    PhotoProblem.NOT_AN_IMAGE: "is not an image that the bot takes: send JPEG, PNG, WebP or HEIC",
    PhotoProblem.TOO_LARGE: "is too large",
    PhotoProblem.TOO_MANY_PIXELS: "has more than 50 megapixels",
}


@dataclass(frozen=True, slots=True)
class Order:
    """What the person asks for.

    Attributes:
        photos: Absolute paths, none for the samples.
        prompt: None for the sample prompt.
        videos: 1 to 4.
        language: Of the person's Telegram.
        out: Where the videos go.
        quick: Make videos that take milliseconds instead of seconds.
    """

    photos: tuple[Path, ...]
    prompt: str | None
    videos: int
    language: str
    out: Path
    quick: bool = False


def run_demo(
    photos: Sequence[Path], prompt: str | None, videos: int, language: str, out: Path, *, quick: bool = False
) -> int:
    """Run the demo and print it.

    Args:
        photos: Up to three; none = the samples.
        prompt: What should happen in the video; None = one that suits the samples.
        videos: 1 to 4.
        language: ``en`` or ``vi``.
        out: Where the videos are saved; made if need be.
        quick: Make videos that take milliseconds: 320×180, half a second.

    Returns:
        The exit status: 0 only when as many videos as asked for play.

    Raises:
        OperatorError: The order makes no sense; exit status 2.
        KeyboardInterrupt: Ctrl-C, after everything has ended.
    """
    order = replace(check_order(photos, prompt, videos, language, out), quick=quick)
    typer.echo("The bot, a Telegram and a GenAIPro, all on this machine: nothing leaves it.\n")
    try:
        return asyncio.run(_until_signal(order))
    except _StoppedError as stop:
        if stop.number == signal.SIGINT:
            raise KeyboardInterrupt from None
        return 128 + stop.number


def check_order(photos: Sequence[Path], prompt: str | None, videos: int, language: str, out: Path) -> Order:
    """The order, once it makes sense.

    Raises:
        OperatorError: With one sentence that says what does not.
    """
    if len(photos) > MAX_PHOTOS:
        raise _refusal(f"At most {MAX_PHOTOS} photos can be sent; {len(photos)} were given.")
    if not 1 <= videos <= MAX_VIDEOS:
        raise _refusal(f"The number of videos must be 1 to {MAX_VIDEOS}, not {videos}.")
    if prompt is not None and not prompt.strip():
        raise _refusal("The prompt must not be empty.")
    for photo in photos:
        if not photo.is_file():
            raise _refusal(f"There is no photo {photo}.")
        try:
            check(photo)
        except PhotoError as error:
            raise _refusal(f"{photo} {_PROBLEMS.get(error.problem, 'cannot be read as an image')}.") from error
        except OSError as error:
            raise _refusal(f"{photo} cannot be read: {error.strerror or error}.") from error
    _make_directory(out)
    return Order(tuple(photo.resolve() for photo in photos), prompt, videos, language, out)


def _make_directory(out: Path) -> None:
    """Find out before the demo, not after it, that the videos cannot be kept there."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except FileExistsError as error:
        raise _refusal(f"No videos can be saved in {out}: it is a file, not a directory.") from error
    except OSError as error:
        raise _refusal(f"No videos can be saved in {out}: {error.strerror or error}.") from error


def _refusal(sentence: str) -> OperatorError:
    return OperatorError(sentence, STATUS_CONFIGURATION)


class _StoppedError(Exception):
    """A signal ended the demo.

    Args:
        number: Of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


async def _until_signal(order: Order) -> int:
    """Run the demo; a signal cancels it, so that everything is ended in good order."""
    loop, received = asyncio.get_running_loop(), list[int]()
    work = asyncio.create_task(_demo(order))

    def stop(number: int) -> None:
        received.append(number)
        if len(received) == 1:
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop, number)
    try:
        return await work
    except asyncio.CancelledError:
        raise _StoppedError(received[0] if received else signal.SIGTERM) from None


async def _demo(order: Order) -> int:
    async with AsyncExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pho2video-", ignore_cleanup_errors=True)))
        try:
            async with asyncio.timeout(PATIENCE):
                return await _conversation(order, room, stack)
        except TimeoutError:
            _complain(f"The demo was not over after {PATIENCE:.0f} s.", room)
            return STATUS_FAILED


async def _conversation(order: Order, room: Path, stack: AsyncExitStack) -> int:
    usual = inherited(os.environ) | {"TMPDIR": str(room)}
    kind = ("--tiny-videos",) if order.quick else ("--pace", str(_PACE))
    serve = ("-m", "sandbox", "serve", "--until-stdin-closes", "--language", order.language, *kind)
    sandbox = await stack.enter_async_context(start("sandbox", serve, usual, room, spoken_to=True))
    place = await _place(sandbox)
    if place is None:
        _complain("The sandbox did not start.", room, "sandbox")
        return STATUS_FAILED
    environment = usual | bot_settings(place, order.language, room)
    bot = await stack.enter_async_context(start("bot", BOT, environment, room))
    person = await stack.enter_async_context(start_on_stage("person", person_arguments(order, place), usual))
    ended = await _first_to_end(person, bot, sandbox)
    if ended is not person:
        _complain(f"The {ended.name} ended by itself, with status {ended.status}.", room, ended.name)
        return STATUS_FAILED
    if person.status:
        _complain("The demo failed.", room)
        return STATUS_FAILED
    return 0


async def _place(sandbox: Child) -> dict[str, str] | None:
    """Where the sandbox listens, as it says itself; None when it says nothing."""
    try:
        async with asyncio.timeout(_START_PATIENCE):
            line = await sandbox.read_line()
        return {name: str(value) for name, value in json.loads(line).items()}
    except (TimeoutError, ValueError):
        return None


async def _first_to_end(*children: Child) -> Child:
    waits = {asyncio.create_task(child.ended()): child for child in children}
    try:
        done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    # The person ends last in good order: where several ended at once, its word counts.
    return next(child for wait, child in waits.items() if wait in done)


def inherited(outer: Mapping[str, str]) -> dict[str, str]:
    """What the processes of the demo get of the environment: no setting of the bot's, no proxy, no token."""
    kept = {name: outer[name] for name in _KEPT if name in outer}
    return kept | {"PYTHONPATH": str(_ROOT), "PYTHONUTF8": "1", "PYTHONUNBUFFERED": "1"}


def bot_settings(place: Mapping[str, str], language: str, room: Path) -> dict[str, str]:
    """The bot's settings for a sandbox.

    Args:
        place: Where the sandbox listens.
        language: The person's.
        room: A directory of the demo's own.
    """
    return {
        "TELEGRAM_BOT_TOKEN": place["token"],
        "TELEGRAM_API_URL": place["bot_api_url"],
        "GENAIPRO_API_KEY": place["key"],
        "GENAIPRO_API_URL": place["genaipro_url"],
        "DATA_DIR": str(room / "data"),
        "OPEN_ACCESS": "true",
        "HTTP_PORT": "0",
        "LOG_LEVEL": "WARNING",
        "DEFAULT_LANGUAGE": language,
    }


def person_arguments(order: Order, place: Mapping[str, str]) -> tuple[str, ...]:
    """The command line of the person."""
    photos = [argument for photo in order.photos for argument in ("--photo", str(photo))]
    prompt = () if order.prompt is None else ("--prompt", order.prompt)
    return (
        *("-m", "sandbox", "person", "--control", place["bot_api_url"], "--user-id", place["user_id"]),
        *("--language", order.language, "--videos", str(order.videos), "--out", str(order.out)),
        *("--patience", f"{_PERSON_PATIENCE:.0f}", *prompt, *photos),
        *(("--size", "320x180", "--seconds", "0.5") if order.quick else ()),
    )


def _complain(sentence: str, room: Path, name: str = "bot") -> None:
    typer.echo(f"\n{sentence}", err=True)
    lines = last_lines(room / f"{name}.log")
    if lines:
        typer.echo(f"The last lines of the {name}'s log:", err=True)
    for line in lines:
        typer.echo(f"  {line}", err=True)

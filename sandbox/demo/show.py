"""The demo: both servers and one person in this process, a bot in another, and the videos that come of it."""

import asyncio
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from sandbox.botapi import BotApiOptions, BotApiServer
from sandbox.botapi.terminal import USUAL_COLUMNS, Conversation, ansi, plain
from sandbox.demo.compress import as_sent
from sandbox.demo.phone import PersonPhone
from sandbox.demo.playback import Expected
from sandbox.demo.processes import RestartableBot, last_lines
from sandbox.demo.visit import Request, Saved, VisitError, save, visit
from sandbox.genaipro import GenAIProOptions, GenAIProServer, Script
from sandbox.samples import SAMPLES

SAMPLE_PROMPTS = {
    "en": "From the lake at dusk to the lights of the harbour, and home to a quiet kitchen table",
    "vi": "Từ mặt hồ lúc hoàng hôn, qua bến cảng lung linh ánh đèn, rồi về bên bàn bếp yên tĩnh",
}
"""What is asked for with the sample photos."""
PROMPTS = {
    "en": "Bring these photos to life with slow, gentle camera moves",
    "vi": "Làm những bức ảnh này sống động bằng chuyển động máy quay chậm và êm",
}
"""What is asked for with other photos when nothing is said."""
PACE = 1.2
"""Seconds between events: a chat shows one edit a second, and this is to be seen step by step."""
_STARS = 1000
"""Telegram Stars that the person has."""
_TALL_PHOTOS = 2
"""A tall video begins with the first photo and ends with the second."""
_PERSON_PATIENCE = 110.0
"""Seconds after which the person gives up; less than what the whole usually gets, so that this is what is told."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the servers are, and what they know the bot by."""

    token: str
    bot_api_url: str
    key: str
    genaipro_url: str


@dataclass(frozen=True, slots=True)
class BotProgram:
    """The bot that is shown."""

    arguments: Sequence[str]
    """After the interpreter."""
    environment: Callable[[Place, Path], Mapping[str, str]]
    """All of it, for servers at a place, and a directory that the bot may use."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the person asks for."""

    photos: tuple[Path, ...]
    """None for the samples."""
    prompt: str | None
    """None for one that suits the photos."""
    videos: int
    """1 to 4."""
    language: str
    """``en`` or ``vi``: of the person's Telegram."""
    out: Path
    """Where the videos go."""
    quick: bool = False
    """Make videos that take milliseconds: 320×180, half a second."""
    tall: bool = False
    """Ask for tall videos; one or two photos."""
    pay: bool = False
    """The bot wants Stars: show a purchase, and the refund of one that fails."""


class StoppedError(Exception):
    """A signal ended the demo."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


async def run(order: Order, bot: BotProgram, patience: float) -> int:
    """Show the bot and print the conversation.

    Args:
        order: What the person asks for.
        bot: How the bot is started.
        patience: Seconds for everything.

    Returns:
        The exit status: 0 only when as many videos as asked for play, else 1.

    Raises:
        StoppedError: A signal came; everything has ended in good order.
    """
    loop, received = asyncio.get_running_loop(), list[int]()
    work = asyncio.create_task(_whole(order, bot, patience))

    def stop(number: int) -> None:
        received.append(number)
        if len(received) == 1:
            work.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop, number)
    try:
        return await work
    except asyncio.CancelledError:
        raise StoppedError(received[0] if received else signal.SIGTERM) from None


async def _whole(order: Order, bot: BotProgram, patience: float) -> int:
    async with AsyncExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pho2video-", ignore_cleanup_errors=True)))
        try:
            async with asyncio.timeout(patience):
                return await _play(order, bot, room, stack)
        except TimeoutError:
            _complain(f"The demo was not over after {patience:.0f} s.", room)
        except OSError as fault:
            _complain(f"The sandbox did not start: {fault.strerror or fault}.", room)
        return 1


async def _play(order: Order, bot: BotProgram, room: Path, stack: AsyncExitStack) -> int:
    files = room / "telegram"
    files.mkdir()
    options = GenAIProOptions(data=room / "genaipro", pace=0.0 if order.quick else PACE)
    telegram = await stack.enter_async_context(BotApiServer(BotApiOptions(data_dir=files)))
    genaipro = await stack.enter_async_context(GenAIProServer(options.tiny() if order.quick else options))
    phone = PersonPhone(telegram, telegram.add_person("Alice", language_code=order.language, stars=_STARS))
    if order.pay:
        genaipro.enqueue(Script())
        genaipro.enqueue(Script(error={"error": "UNSAFE_GENERATION"}))
    place = Place(telegram.token, telegram.url, genaipro.options.key, genaipro.url)
    process = RestartableBot(bot.arguments, bot.environment(place, room), room)
    stack.push_async_callback(process.stop)
    await process.start()
    ink = ansi if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else plain
    conversation = Conversation(_write, ink, shutil.get_terminal_size((USUAL_COLUMNS, 24)).columns)
    film = genaipro.options.film.turned() if order.tall else genaipro.options.film
    expected = Expected(film.width, film.height, film.seconds)
    visiting = asyncio.create_task(_visit(order, phone, conversation, expected, room))
    dying = asyncio.create_task(process.died())
    try:
        await asyncio.wait({visiting, dying}, return_when=asyncio.FIRST_COMPLETED)
        if not visiting.done():
            _complain(f"The bot ended by itself, with status {await dying}.", room)
            return 1
        return _summary(await visiting, conversation)
    except VisitError as fault:
        conversation.say(f"\n{fault}", "bad")
        _complain("The demo failed.", room)
        return 1
    finally:
        for task in (visiting, dying):
            task.cancel()
        await asyncio.gather(visiting, dying, return_exceptions=True)


async def _visit(
    order: Order, phone: PersonPhone, conversation: Conversation, expected: Expected, room: Path
) -> Sequence[Saved]:
    prompts = PROMPTS if order.photos else SAMPLE_PROMPTS
    samples = SAMPLES[:_TALL_PHOTOS] if order.tall else SAMPLES
    sent = [await asyncio.to_thread(as_sent, photo, room) for photo in order.photos or samples]
    prompt = order.prompt or prompts[order.language]
    request = Request(tuple(sent), prompt, order.videos, _PERSON_PATIENCE, order.tall, order.pay)
    videos = await visit(phone, request, conversation, asyncio.sleep)
    return await save(videos, order.out, expected)


def _summary(saved: Sequence[Saved], conversation: Conversation) -> int:
    conversation.say("")
    for video in saved:
        played = video.playback
        if played.problem:
            conversation.say(f"✗ {video.path}: {played.problem}", "bad")
        else:
            size = f"{played.width}×{played.height}"
            conversation.say(f"✓ {video.path}: plays, {size}, {played.seconds:.1f} s, {played.frames} frames", "good")
    return 1 if any(video.playback.problem for video in saved) else 0


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _complain(sentence: str, room: Path) -> None:
    lines = last_lines(room)
    said = [f"\n{sentence}", *(["The last lines of the bot's log:"] if lines else []), *(f"  {line}" for line in lines)]
    sys.stderr.write("\n".join(said) + "\n")

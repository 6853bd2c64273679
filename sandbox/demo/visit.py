"""The person's visit to the bot: sends, looks, presses, saves what came, and plays it."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from sandbox.botapi.seen import Event, MessageSeen
from sandbox.botapi.terminal import Conversation
from sandbox.demo.errand import Action, Errand, Pay, Press, SendPhotos, Step
from sandbox.demo.playback import Expected, Playback, play

THINKING = 0.6
"""Seconds that a person looks at a card before pressing."""
LAST_WORD = 8.0
"""Seconds that the status message may take to its final state once all videos are there."""
STALL = 45.0
"""Seconds without anything new in the chat after which nothing more is expected."""


class Phone(Protocol):
    """What a person does with a phone."""

    def events(self) -> AsyncIterator[Event]:
        """What happens in the chat, from the beginning on."""
        ...

    async def send_text(self, text: str) -> None:
        """Send a text."""
        ...

    async def send_photos(self, photos: Sequence[Path], caption: str) -> None:
        """Send one photo, or an album of several, with a caption."""
        ...

    async def press(self, message_id: int, data: str) -> None:
        """Press the button that sends this data."""
        ...

    async def pay(self, message_id: int) -> None:
        """Pay an invoice, to the end."""
        ...


class VisitError(Exception):
    """The visit did not bring what was asked for; the text is a sentence for the terminal."""


@dataclass(frozen=True, slots=True)
class Saved:
    """A video on disk, and what playing it found."""

    path: Path
    playback: Playback


@dataclass(frozen=True, slots=True)
class Request:
    """What the person wants.

    Attributes:
        photos: One to three.
        prompt: What should happen.
        videos: 1 to 4.
        patience: Seconds for everything.
        tall: Ask for tall videos; one or two photos.
        refund: Ask once more, for what is refused and paid back.
    """

    photos: tuple[Path, ...]
    prompt: str
    videos: int
    patience: float
    tall: bool = False
    refund: bool = False


async def visit(
    phone: Phone, request: Request, conversation: Conversation, sleep: Callable[[float], Awaitable[None]]
) -> list[MessageSeen]:
    """Go through the whole conversation.

    Args:
        phone: The person's phone.
        request: What is wanted.
        conversation: Prints what is seen.
        sleep: Waits before a button is pressed.

    Returns:
        The messages with the videos.

    Raises:
        VisitError: No videos.
    """
    errand = Errand(request.videos, request.tall, request.refund)
    clock = asyncio.get_running_loop()
    end = clock.time() + request.patience
    try:
        async with asyncio.timeout_at(min(end, clock.time() + STALL)) as limit:
            await phone.send_text("/start")
            async for event in phone.events():
                conversation.show(event)
                action = errand.see(event)
                if action is not None:
                    await sleep(THINKING)
                    await _act(phone, action, request)
                pause = LAST_WORD if errand.step is Step.ENDING else STALL
                limit.reschedule(min(end, clock.time() + pause))
                if errand.over:
                    break
    except TimeoutError:
        if errand.step is not Step.ENDING:
            raise VisitError(f"Nothing more came while {errand.step}.") from None
    if len(errand.received) < request.videos or errand.step is Step.FAILED:
        raise VisitError(_shortfall(errand))
    return errand.received


async def _act(phone: Phone, action: Action, request: Request) -> None:
    match action:
        case SendPhotos():
            await phone.send_photos(request.photos, request.prompt)
        case Press(message_id, button):
            await phone.press(message_id, button.data or "")
        case Pay(message_id):
            await phone.pay(message_id)


def _shortfall(errand: Errand) -> str:
    if errand.step is not Step.FAILED or errand.card is None:
        return f"The sandbox ended while {errand.step}."
    said = " ".join(errand.card.text.split())
    return f"The bot ended with {len(errand.received)} of {errand.videos} videos and said: {said}"


async def save(videos: Sequence[MessageSeen], out: Path, expected: Expected) -> list[Saved]:
    """Copy the videos into a directory, made if need be, and play each.

    Raises:
        VisitError: A video has no file, or the directory cannot be written.
    """
    saved = []
    for number, video in enumerate(videos, start=1):
        target = out / f"video-{number}.mp4"
        if video.path is None:
            raise VisitError(f"Video {number} came without a file.")
        try:
            await asyncio.to_thread(out.mkdir, parents=True, exist_ok=True)
            await asyncio.to_thread(shutil.copyfile, video.path, target)
        except OSError as fault:
            raise VisitError(f"{target} cannot be written: {fault.strerror or fault}.") from fault
        saved.append(Saved(target, await asyncio.to_thread(play, target, expected)))
    return saved

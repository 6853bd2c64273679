"""``python -m sandbox person``: the demo's person, speaking to a sandbox and a bot that are running."""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from sandbox.demo.compress import as_sent
from sandbox.demo.phone import ControlPhone
from sandbox.demo.playback import Expected
from sandbox.demo.terminal import USUAL_COLUMNS, Conversation, ansi, plain
from sandbox.demo.visit import Request, Saved, VisitError, save, visit
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of ``person``."""
    parser.add_argument("--control", required=True, metavar="URL", help="the sandbox's Bot API server")
    parser.add_argument("--user-id", required=True, type=int, metavar="ID", help="who the person is")
    parser.add_argument("--photo", action="append", type=Path, default=[], metavar="FILE", help="up to three times")
    parser.add_argument("--prompt", default="", help="what should happen in the video")
    parser.add_argument("--videos", type=int, choices=range(1, 5), default=1, help="how many")
    parser.add_argument("--language", choices=tuple(PROMPTS), default="en", help="of the prompt when none is given")
    parser.add_argument("--out", type=Path, default=Path("demo-output"), metavar="DIR", help="where videos are saved")
    parser.add_argument("--size", default="1280x720", metavar="WxH", help="what the videos must measure")
    parser.add_argument("--seconds", type=float, default=8.0, help="how long the videos must be")
    parser.add_argument("--patience", type=float, default=110.0, metavar="SECONDS", help="for everything")


def run(arguments: argparse.Namespace) -> int:
    """Be the person.

    Returns:
        The exit status: 0 only when as many videos as asked for play.
    """
    ink = ansi if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else plain
    conversation = Conversation(_write, ink, shutil.get_terminal_size((USUAL_COLUMNS, 24)).columns)
    try:
        saved = asyncio.run(_visit(arguments, conversation))
    except VisitError as fault:
        conversation.say(f"\n{fault}", "bad")
        return 1
    except (aiohttp.ClientError, OSError) as fault:
        conversation.say(f"\nThe sandbox cannot be reached: {type(fault).__name__}.", "bad")
        return 1
    return _summary(saved, conversation)


async def _visit(arguments: argparse.Namespace, conversation: Conversation) -> Sequence[Saved]:
    photos: list[Path] = arguments.photo[:3] or list(SAMPLES)
    prompts = PROMPTS if arguments.photo else SAMPLE_PROMPTS
    prompt = arguments.prompt.strip() or prompts[arguments.language]
    width, _, height = arguments.size.partition("x")
    expected = Expected(int(width), int(height), arguments.seconds)
    with tempfile.TemporaryDirectory(prefix="phone-") as directory:
        sent = [await asyncio.to_thread(as_sent, photo, Path(directory)) for photo in photos]
        request = Request(tuple(sent), prompt, arguments.videos, arguments.patience)
        async with aiohttp.ClientSession() as session:
            phone = ControlPhone(session, arguments.control, arguments.user_id)
            videos = await visit(phone, request, conversation, asyncio.sleep)
        return await save(videos, arguments.out, expected)


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

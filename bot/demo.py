"""The demo: the real bot as a process, between a Telegram and a GenAIPro of the sandbox, and one person who uses it."""

import asyncio
import os
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer

from bot.errors import STATUS_CONFIGURATION, OperatorError
from sandbox.demo.show import BotProgram, Order, Place, StoppedError, run
from services.options import MAX_VIDEOS, Shape, is_count
from services.photos.images import normalise
from services.photos.model import PhotoError, PhotoProblem

__all__ = ["BOT", "Order", "bot_environment", "check_order", "run_demo"]

PATIENCE = 120.0
"""Seconds for everything."""
BOT = ("-m", "bot", "run")
"""How the bot is started, after the interpreter."""
DEMO_PRICE = 25
"""Stars for a video in a demo with payments."""
_ROOT = Path(__file__).resolve().parent.parent
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TZ", "NO_COLOR", "SYSTEMROOT")
_PROBLEMS = {
    PhotoProblem.NOT_AN_IMAGE: "is not an image that the bot takes: send JPEG, PNG, WebP or HEIC",
    PhotoProblem.TOO_LARGE: "is too large",
    PhotoProblem.TOO_MANY_PIXELS: "has more than 50 megapixels",
}

_refusal = partial(OperatorError, exit_status=STATUS_CONFIGURATION)


def run_demo(order: Order) -> int:
    """Run the demo and print it; the exit status is 0 only when as many videos as asked for play."""
    check_order(order)
    order = replace(order, photos=tuple(photo.resolve() for photo in order.photos))
    typer.echo("The bot, a Telegram and a GenAIPro, all on this machine: nothing leaves it.\n")

    def environment(place: Place, room: Path) -> Mapping[str, str]:
        price = {"STARS_PER_VIDEO": str(DEMO_PRICE)} if order.pay else {}
        return bot_environment(place, order.language, room) | price

    try:
        return asyncio.run(run(order, BotProgram(BOT, environment), PATIENCE))
    except StoppedError as stop:
        if stop.number == signal.SIGINT:
            raise KeyboardInterrupt from None
        return 128 + stop.number


def check_order(order: Order) -> None:
    """Raise ``OperatorError`` where the order makes no sense."""
    shape = Shape.TALL if order.tall else Shape.WIDE
    if len(order.photos) > shape.photo_limit:
        raise _refusal(f"At most {shape.photo_limit} photos make a {shape} video; {len(order.photos)} were given.")
    if not is_count(order.videos):
        raise _refusal(f"The number of videos must be 1 to {MAX_VIDEOS}, not {order.videos}.")
    if order.prompt is not None and not order.prompt.strip():
        raise _refusal("The prompt must not be empty.")
    for photo in order.photos:
        if not photo.is_file():
            raise _refusal(f"There is no photo {photo}.")
        try:
            with tempfile.TemporaryDirectory() as room:
                normalise(photo, Path(room, "photo"))
        except PhotoError as error:
            raise _refusal(f"{photo} {_PROBLEMS.get(error.problem, 'cannot be read as an image')}.") from error
        except OSError as error:
            raise _refusal(f"{photo} cannot be read: {error.strerror or error}.") from error
    _make_directory(order.out)


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


def bot_environment(place: Place, language: str, room: Path, outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The bot's whole environment for a sandbox; no setting, proxy or token of the outer one gets in."""
    kept = {name: outer[name] for name in _KEPT if name in outer}
    return kept | {
        "PYTHONPATH": str(_ROOT),
        "PYTHONUTF8": "1",
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(room),
        "TELEGRAM_BOT_TOKEN": place.token,
        "TELEGRAM_API_URL": place.bot_api_url,
        "GENAIPRO_API_KEY": place.key,
        "GENAIPRO_API_URL": place.genaipro_url,
        "DATA_DIR": str(room / "data"),
        "OPEN_ACCESS": "true",
        "HTTP_PORT": "0",
        "LOG_LEVEL": "WARNING",
        "DEFAULT_LANGUAGE": language,
    }

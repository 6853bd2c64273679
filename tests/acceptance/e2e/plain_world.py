"""``python -m bot run`` between the two plain servers."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import av
from PIL import Image

from tests.acceptance.e2e.plain_base import Serving, until
from tests.acceptance.e2e.plain_genaipro import KEY, PlainGenAIPro, Post
from tests.acceptance.e2e.plain_people import Talker, person
from tests.acceptance.e2e.plain_server import TOKEN, PlainTelegram
from tests.chaos.process import BotProcess

FILM_SIZE = (96, 54)
SECRETS = (TOKEN, KEY, TOKEN.partition(":")[2])


def picture(number: int, kind: str = "JPEG", size: tuple[int, int] = (64, 48), **options: object) -> bytes:
    """An image that no other number has."""
    buffer = BytesIO()
    colour = (number * 37 % 256, number * 91 % 256, number * 53 % 256)
    Image.new("RGB", size, colour).save(buffer, kind, **options)
    # What follows the end of a JPEG is no part of the picture; in a photo it must arrive all the same.
    return buffer.getvalue() + (f"number {number}".encode() if kind == "JPEG" else b"")


@cache
def film() -> bytes:
    """One second of H.264."""
    buffer = BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = *FILM_SIZE, "yuv420p"
        for number in range(4):
            frame = av.VideoFrame.from_image(Image.new("RGB", FILM_SIZE, (number * 60, 0, 0)))  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return buffer.getvalue()


@dataclass
class PlainWorld:
    """The servers, and the bot between them."""

    telegram: PlainTelegram
    genaipro: PlainGenAIPro
    bot: BotProcess
    folder: Path

    def person(self, name: str = "Anna", language: str = "en", number: int = 0) -> Talker:
        return person(self.telegram, name, language, number=number)

    async def posted(self, prompt: str, number: int = 1) -> Post:
        """The n-th request with a prompt."""
        found = self.genaipro.posts_of
        await until(self.genaipro, lambda: len(found(prompt)) >= number, f"a request for {prompt!r}")
        return found(prompt)[number - 1]

    async def stop(self) -> None:
        """End the bot as an operator does."""
        status, seconds = await self.bot.terminate()
        assert (status, seconds < 10) == (0, True)
        assert [path for path in (self.folder / "data" / "tmp").rglob("*") if path.is_file()] == []

    def check(self) -> None:
        """Nothing that came was against the rules, and nothing secret was said or logged."""
        said = [str(call.params) for call in self.telegram.calls] + [
            str(line.fields) + line.event for line in self.bot.lines
        ]
        leaks = [text for text in said if any(secret in text for secret in SECRETS)]
        wrong = [
            dict(line.fields) or line.event for line in self.bot.lines if line.level in {"error", "critical", "raw"}
        ]
        troubles = self.telegram.faults, self.genaipro.faults, leaks, wrong
        assert not any(troubles), troubles


@asynccontextmanager
async def plain_world(folder: Path, *, start: bool = True, **settings: str) -> AsyncIterator[PlainWorld]:
    """Servers and bot; at the end everything that was said is checked.

    Args:
        folder: For the bot.
        start: Whether the bot is started.
        settings: More variables of the bot's environment.
    """
    telegram, genaipro = PlainTelegram(), PlainGenAIPro(film())
    async with Serving(telegram.app()) as api, Serving(genaipro.app()) as service:
        genaipro.url = service.url
        environment = {
            "TELEGRAM_BOT_TOKEN": TOKEN,
            "TELEGRAM_API_URL": api.url,
            "GENAIPRO_API_KEY": KEY,
            "GENAIPRO_API_URL": f"{service.url}/api/v1",
            "DATA_DIR": str(folder / "data"),
            "HTTP_PORT": "0",
            "OPEN_ACCESS": "true",
            "GENAIPRO_REQUESTS_PER_MINUTE": "10000",
            "MAX_ACTIVE_GENERATIONS": "100",
        }
        here = PlainWorld(telegram, genaipro, BotProcess(environment | settings, folder), folder)
        if start:
            await here.bot.start()
        try:
            yield here
            here.check()
        finally:
            await here.bot.kill()


async def together(*plays: Coroutine[Any, Any, None]) -> None:
    """Let several people do something at once; all of their failures are told."""
    found = await asyncio.gather(*plays, return_exceptions=True)
    failures = [one for one in found if isinstance(one, Exception)]
    if failures:
        raise ExceptionGroup("what people met", failures)

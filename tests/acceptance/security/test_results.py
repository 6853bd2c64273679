"""The service is believed about what it made, and not about where the bot should go."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

from sandbox.genaipro import Answer, Script
from tests.acceptance.e2e import asking
from tests.acceptance.e2e.world import World, world

NUMBERS = count()
INSIDE = "127.0.0.2"
"""Another address of the loopback than the API's own, as a service beside the bot would have."""


class Neighbour:
    """A service of the owner's network that nobody was to ask."""

    def __init__(self) -> None:
        self.port = 0
        self.visitors = 0

    @property
    def url(self) -> str:
        return f"http://{INSIDE}:{self.port}/latest/meta-data"

    async def visit(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visitors += 1
        writer.close()


@asynccontextmanager
async def neighbour() -> AsyncIterator[Neighbour]:
    found = Neighbour()
    server = await asyncio.start_server(found.visit, INSIDE, 0)
    async with server:
        found.port = server.sockets[0].getsockname()[1]
        yield found


async def told_of(here: World, script: Script) -> str:
    """Everything that the requester gets to see of a request that goes so."""
    here.genaipro.enqueue(script)
    asked = await asking.ask(here, f"a cat walks {next(NUMBERS)}")
    async with here.clock.hurried(2.0):
        end = await asking.ended(here, asked)
    assert asking.videos(here, asked) == []
    return f"{end.text} {end.buttons}"


ADDRESSES = (
    "{inside}",
    "file:///etc/passwd",
    "http://localhost:{port}/x",
    "http://[::ffff:127.0.0.2]:{port}/x",
    "http://2130706434:{port}/x",
    "http://169.254.169.254/latest/meta-data",
    "http://10.0.0.1/x.mp4",
    "ftp://127.0.0.2/x.mp4",
    "gopher://127.0.0.2:{port}/x",
)


async def test_addresses_inside_are_not_asked_and_not_shown(tmp_path: Path) -> None:
    async with neighbour() as inside, world(tmp_path, reconcile_timeout=0.5) as here:
        for address in ADDRESSES:
            url = address.format(inside=inside.url, port=inside.port)
            told = await told_of(here, Script(urls=(url,)))
            assert url not in told
            assert "passwd" not in told
        assert inside.visitors == 0


async def test_redirects_inside_are_not_followed(tmp_path: Path) -> None:
    async with neighbour() as inside, world(tmp_path) as here:
        for target in (inside.url, "file:///etc/passwd", f"//{INSIDE}:{inside.port}/x"):
            told = await told_of(here, Script(file_answer=Answer(302, "", {"Location": target})))
            assert target not in told
        assert inside.visitors == 0


NO_VIDEOS = (
    Answer(200, "<html><script>alert(1)</script></html>", content_type="video/mp4"),
    Answer(200, "<html>Sign in</html>", content_type="text/html"),
    Answer(200, "", content_type="video/mp4"),
    Answer(200, "\x00\x00\x00\x18ftypmp42" + "x" * 1000, content_type="video/mp4"),
)


async def test_what_is_no_video_is_not_sent_as_one(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        for answer in NO_VIDEOS:
            await told_of(here, Script(file_answer=answer))
        assert here.telegram.calls("sendVideo") == []
        assert asking.left_over(here) == []


async def test_words_of_the_service_are_words_and_few(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        key = here.settings.genaipro_api_key.get_secret_value()
        words = f'<a href="https://evil.example">win</a> & <b>{key}</b>'
        told = await told_of(here, Script(error={"error": words}))
        assert '<a href="https://evil.example">win</a> & <b>' in told
        assert key not in told
        told = await told_of(here, Script(error={"error": "x" * 500_000}))
        assert "x" * 200 in told
        assert "x" * 301 not in told

"""One session for all paid requests: each has a connection of its own, and its own word on what has left."""

import asyncio
from contextlib import AsyncExitStack
from io import FileIO

import aiohttp
import pytest

from services.genaipro.events import CompletedEvent, MaybeAcceptedError, NotAcceptedError, StatusEvent
from services.genaipro.stream import open_form
from services.http_requests import RequestProgress
from services.options import VideoOptions
from services.photos.model import PhotoFile
from tests.unit.genaipro.conftest import MakeClient
from tests.unit.genaipro.fakes import COMPLETE, END, STATUS, Exchange, WireServer, event, video
from tests.unit.genaipro.test_client_stream import DONE, collect

MANY = 120
"""More than aiohttp's connectors allow at once by themselves."""


async def post(paid: aiohttp.ClientSession, url: str) -> bytes:
    async with paid.post(url, data=b"x", trace_request_ctx=RequestProgress()) as response:
        return await response.read()


async def test_one_after_the_other_are_on_new_connections(paid: aiohttp.ClientSession) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(200, b"[]")

    async with WireServer(script, keeps=True) as server:
        for _ in range(3):
            assert await post(paid, server.url) == b"[]"
        assert server.posts == server.connections == 3


async def test_any_number_at_once_are_on_connections_of_their_own(paid: aiohttp.ClientSession) -> None:
    here, all_here = 0, asyncio.Event()

    async def script(exchange: Exchange) -> None:
        nonlocal here
        here += 1
        if here == MANY:
            all_here.set()
        await all_here.wait()
        await exchange.answer(200, b"[]")

    async with WireServer(script) as server, asyncio.timeout(120):
        assert await asyncio.gather(*(post(paid, server.url) for _ in range(MANY))) == [b"[]"] * MANY
        assert server.posts == server.connections == MANY


async def test_a_cookie_of_one_is_not_sent_with_another(paid: aiohttp.ClientSession) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(200, b"[]", extra="Set-Cookie: who=first; Path=/\r\n")

    async with WireServer(script) as server:
        url = server.url.replace("127.0.0.1", "localhost")
        for _ in range(2):
            await post(paid, url)
        assert [request.headers.get("cookie") for request in server.requests] == [None, None]


async def test_one_that_is_refused_a_connection_was_not_sent_while_another_streams(
    make_client: MakeClient, photos: list[PhotoFile]
) -> None:
    go_on = asyncio.Event()

    async def script(exchange: Exchange) -> None:
        await exchange.stream(event(STATUS, "starting"))
        await go_on.wait()
        await exchange.stream_on(event(COMPLETE, [video()]))

    async with WireServer(script) as server:
        client = make_client(server.url)
        async with client.make_videos(photos, "a cat", VideoOptions(1)) as events:
            assert await anext(events) == StatusEvent("starting")
            server.refuse()
            for _ in range(2):
                with pytest.raises(NotAcceptedError):
                    await collect(client, photos)
            go_on.set()
            assert await anext(events) == CompletedEvent((DONE,))
        assert server.posts == server.connections == 1


async def test_one_that_was_sent_stays_so_while_another_is_refused(
    make_client: MakeClient, photos: list[PhotoFile]
) -> None:
    sent, go_on = asyncio.Event(), asyncio.Event()

    async def script(_exchange: Exchange) -> None:
        # Read as a whole, and never answered.
        sent.set()
        await go_on.wait()

    async with WireServer(script) as server:
        client = make_client(server.url)
        first = asyncio.create_task(collect(client, photos))
        await sent.wait()
        server.refuse()
        with pytest.raises(NotAcceptedError):
            await collect(client, photos)
        go_on.set()
        with pytest.raises(MaybeAcceptedError):
            await first
        assert server.posts == 1


async def test_one_that_breaks_takes_no_other_with_it(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    streams, broken = 0, asyncio.Event()

    async def script(exchange: Exchange) -> None:
        nonlocal streams
        streams += 1
        await exchange.stream(event(STATUS, "starting"))
        if streams == 2:
            exchange.reset()
            return
        await broken.wait()
        await exchange.stream_on(event(COMPLETE, [video()]))
        await exchange.send(END)

    async with WireServer(script) as server:
        client = make_client(server.url)
        async with client.make_videos(photos, "a cat", VideoOptions(1)) as events:
            assert await anext(events) == StatusEvent("starting")
            with pytest.raises(MaybeAcceptedError):
                await collect(client, photos)
            broken.set()
            assert await anext(events) == CompletedEvent((DONE,))
        assert server.posts == server.connections == 2


async def test_photos_are_open_without_a_buffer_for_as_long_as_the_request(photos: list[PhotoFile]) -> None:
    async with AsyncExitStack() as stack:
        form = await open_form(stack, [("reference_images", photo) for photo in photos], [("prompt", "a cat")])
        files = [value for _, _, value in form._fields if not isinstance(value, str)]
        assert [type(file) for file in files] == [FileIO] * len(photos)
        assert not any(file.closed for file in files)
    assert all(file.closed for file in files)

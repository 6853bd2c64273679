import asyncio
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

from services.delivery import address
from services.delivery.address import AddressPolicy, GuardedResolver, guarded_session
from services.delivery.download import VideoFetcher
from services.delivery.errors import (
    AddressRefusedError,
    VideoError,
    VideoGoneError,
    VideoTooLargeError,
    VideoUnavailableError,
)
from tests.delivery.test_address import Names

KEY = "key-SECRET"
FILM = bytes(range(256)) * 4000
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Host:
    """One loopback server, which answers from a script and then with the film."""

    script: list[Answer] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        return await self.script.pop(0)(request) if self.script else web.Response(body=FILM)

    @property
    def keys(self) -> list[str]:
        return [request.headers.get("Authorization", "") for request in self.requests]


@dataclass
class Bench:
    """The API's host at 127.0.0.1, and a host that counts as public at 127.0.0.2."""

    api: Host
    cdn: Host
    names: Names
    resolver: GuardedResolver
    fetcher: VideoFetcher
    waits: list[float]
    target: Path

    async def failure(self, url: str) -> VideoError:
        with pytest.raises(VideoError) as caught:
            await self.fetcher.fetch(url, self.target)
        assert not self.target.exists()
        text = "".join(traceback.format_exception(caught.value))
        assert "SECRET" not in text
        assert "/v.mp4" not in text
        return caught.value


@asynccontextmanager
async def running(target: Path, *, max_bytes: int = 5_000_000, total: float = 60.0) -> AsyncIterator[Bench]:
    async with AsyncExitStack() as stack:
        hosts = []
        for ip in ("127.0.0.1", "127.0.0.2"):
            host = Host()
            app = web.Application()
            app.router.add_get("/{path:.*}", host.answer)
            server = await stack.enter_async_context(TestServer(app, host=ip))
            host.url = f"http://{ip}:{server.port}/v.mp4"
            hosts.append(host)
        waits: list[float] = []

        async def sleep(seconds: float) -> None:
            waits.append(seconds)

        names = Names()
        resolver = GuardedResolver(AddressPolicy.of("http://127.0.0.1:1/api/v1"), names)
        session = guarded_session(resolver)
        await stack.enter_async_context(session)
        fetcher = VideoFetcher(session, resolver, KEY, max_bytes, total_timeout=total, sleep=sleep)
        yield Bench(hosts[0], hosts[1], names, resolver, fetcher, waits, target)


@pytest.fixture(autouse=True)
def _second_loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    really = address.is_public
    monkeypatch.setattr(address, "is_public", lambda ip: str(ip) == "127.0.0.2" or really(ip))


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with running(tmp_path / "video-1.mp4") as made:
        yield made


def status(code: int, **headers: str) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=code, headers={key.replace("_", "-"): value for key, value in headers.items()})

    return answer


def cut(after: int, **headers: str) -> Answer:
    """Breaks off in the middle; of 900000 bytes some reach the file, since the client buffers at most 512 KiB."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": str(len(FILM)), **headers})
        await response.prepare(request)
        await response.write(FILM[:after])
        assert request.transport is not None
        request.transport.close()
        return response

    return answer


async def ranged(request: web.Request) -> web.Response:
    start = int(request.headers["Range"].removeprefix("bytes=").removesuffix("-"))
    headers = {"Content-Range": f"bytes {start}-{len(FILM) - 1}/{len(FILM)}"}
    return web.Response(status=206, body=FILM[start:], headers=headers)


async def test_video_comes_byte_for_byte(bench: Bench) -> None:
    done = await bench.fetcher.fetch(bench.cdn.url, bench.target)
    assert bench.target.read_bytes() == FILM
    assert (done.path, done.size, done.needed_key, done.public) == (bench.target, len(FILM), False, True)
    assert bench.cdn.keys == [""]


async def test_api_host_on_loopback_is_not_public(bench: Bench) -> None:
    assert not (await bench.fetcher.fetch(bench.api.url, bench.target)).public


@pytest.mark.parametrize("code", [401, 403])
async def test_api_host_is_shown_the_key_once_it_asks(bench: Bench, code: int) -> None:
    bench.api.script = [status(code)]
    done = await bench.fetcher.fetch(bench.api.url, bench.target)
    assert done.needed_key
    assert bench.api.keys == ["", f"Bearer {KEY}"]


async def test_key_that_does_not_help_is_shown_once(bench: Bench) -> None:
    bench.api.script = [status(401), status(403)]
    assert isinstance(await bench.failure(bench.api.url), VideoUnavailableError)
    assert len(bench.api.requests) == 2


async def test_another_host_is_never_shown_the_key(bench: Bench) -> None:
    bench.cdn.script = [status(401)]
    assert isinstance(await bench.failure(bench.cdn.url), VideoUnavailableError)
    assert bench.cdn.keys == [""]


async def test_key_does_not_follow_a_redirect(bench: Bench) -> None:
    bench.api.script = [status(401), status(302, Location=bench.cdn.url)]
    done = await bench.fetcher.fetch(bench.api.url, bench.target)
    assert done.needed_key
    assert bench.api.keys == ["", f"Bearer {KEY}"]
    assert bench.cdn.keys == [""]


async def test_relative_redirects_are_followed(bench: Bench) -> None:
    bench.cdn.script = [status(307, Location="../w.mp4?a=%2F"), status(303, Location="/v.mp4")]
    assert (await bench.fetcher.fetch(bench.cdn.url, bench.target)).size == len(FILM)
    assert [request.raw_path for request in bench.cdn.requests] == ["/v.mp4", "/w.mp4?a=%2F", "/v.mp4"]


async def test_redirects_end(bench: Bench) -> None:
    bench.cdn.script = [status(302, Location="/v.mp4")] * 50
    assert isinstance(await bench.failure(bench.cdn.url), VideoUnavailableError)
    assert len(bench.cdn.requests) == 6


@pytest.mark.parametrize(
    "location", ["http://127.0.0.3:{port}/v.mp4", "http://inside.example:{port}/v.mp4", "file:///v"]
)
async def test_redirect_inside_is_refused(bench: Bench, location: str) -> None:
    port = URL(bench.api.url).port
    bench.names.names["inside.example"] = ["127.0.0.1"]
    bench.cdn.script = [status(302, Location=location.format(port=port))]
    assert isinstance(await bench.failure(bench.cdn.url), AddressRefusedError)
    assert not bench.api.requests


async def test_name_that_leads_inside_is_not_connected_to(bench: Bench) -> None:
    port = URL(bench.api.url).port
    bench.names.names["inside.example"] = ["127.0.0.1"]
    assert isinstance(await bench.failure(f"http://inside.example:{port}/v.mp4"), AddressRefusedError)
    assert not bench.api.requests


async def test_only_the_public_address_of_a_name_is_connected_to(bench: Bench) -> None:
    port = URL(bench.cdn.url).port
    bench.names.names["both.example"] = ["127.0.0.1", "127.0.0.2"]
    await bench.fetcher.fetch(f"http://both.example:{port}/v.mp4", bench.target)
    assert len(bench.cdn.requests) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.3/v.mp4", "ftp://127.0.0.2/v.mp4", "nonsense", "http://[::1/v.mp4"])
async def test_refused_address_is_not_asked(bench: Bench, url: str) -> None:
    assert isinstance(await bench.failure(url), AddressRefusedError)


@pytest.mark.parametrize("code", [404, 410])
async def test_gone(bench: Bench, code: int) -> None:
    bench.cdn.script = [status(code)]
    assert isinstance(await bench.failure(bench.cdn.url), VideoGoneError)
    assert len(bench.cdn.requests) == 1


async def test_transient_failures_are_tried_again(bench: Bench) -> None:
    bench.cdn.script = [status(503, Retry_After="30"), status(429), cut(1000)]
    assert (await bench.fetcher.fetch(bench.cdn.url, bench.target)).size == len(FILM)
    assert bench.target.read_bytes() == FILM
    assert len(bench.waits) == 3
    assert 30 <= bench.waits[0] <= 60


async def test_gives_up_in_the_end(bench: Bench) -> None:
    bench.cdn.script = [status(502)] * 50
    failure = await bench.failure(bench.cdn.url)
    assert isinstance(failure, VideoUnavailableError)
    assert failure.status == 502
    assert len(bench.cdn.requests) == 5


async def test_goes_on_where_it_broke_off(bench: Bench) -> None:
    bench.cdn.script = [cut(900_000, ETag='"a"'), ranged]
    await bench.fetcher.fetch(bench.cdn.url, bench.target)
    assert bench.target.read_bytes() == FILM
    again = bench.cdn.requests[1].headers
    assert again["If-Range"] == '"a"'


async def test_begins_again_when_the_video_changed(bench: Bench) -> None:
    bench.cdn.script = [cut(900_000, ETag='"a"')]
    await bench.fetcher.fetch(bench.cdn.url, bench.target)
    assert "Range" in bench.cdn.requests[1].headers
    assert bench.target.read_bytes() == FILM


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"weak"'}])
async def test_does_not_join_what_may_not_belong_together(bench: Bench, headers: dict[str, str]) -> None:
    bench.cdn.script = [cut(900_000, **headers)]
    await bench.fetcher.fetch(bench.cdn.url, bench.target)
    assert "Range" not in bench.cdn.requests[1].headers
    assert bench.target.read_bytes() == FILM


@pytest.mark.parametrize("odd", [status(416), status(206, Content_Range="bytes 7-9/10"), status(206)])
async def test_odd_answer_to_a_range_begins_again(bench: Bench, odd: Answer) -> None:
    bench.cdn.script = [cut(900_000, ETag='"a"'), odd]
    await bench.fetcher.fetch(bench.cdn.url, bench.target)
    assert ["Range" in request.headers for request in bench.cdn.requests] == [False, True, False]
    assert bench.target.read_bytes() == FILM


async def test_too_large_by_its_own_word(bench: Bench) -> None:
    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000001"})
        await response.prepare(request)
        return response

    bench.cdn.script = [huge]
    failure = await bench.failure(bench.cdn.url)
    assert isinstance(failure, VideoTooLargeError)
    assert failure.size == 5_000_001


async def test_too_large_by_what_comes(bench: Bench) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(100_000))

    bench.cdn.script = [endless]
    failure = await bench.failure(bench.cdn.url)
    assert isinstance(failure, VideoTooLargeError)
    assert failure.size is None


async def test_slow_body_does_not_hold_it_up_for_ever(tmp_path: Path) -> None:
    async with running(tmp_path / "video-1.mp4", total=0.2) as bench:
        over = asyncio.Event()

        async def slow(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(b"x")
            await over.wait()
            return response

        bench.cdn.script = [slow]
        assert isinstance(await bench.failure(bench.cdn.url), VideoUnavailableError)
        over.set()


async def test_unreachable_host_is_tried_again(bench: Bench) -> None:
    assert isinstance(await bench.failure("http://nowhere.example/v.mp4"), VideoUnavailableError)
    assert isinstance(await bench.failure("http://127.0.0.2:1/v.mp4"), VideoUnavailableError)
    assert len(bench.waits) == 8


async def test_nothing_of_the_address_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(0):
        bench.cdn.script = [status(500)]
        await bench.fetcher.fetch(bench.cdn.url, bench.target)
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert not [text for text in logged if "v.mp4" in text or "SECRET" in text]

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
from services.delivery.download import FetchedFile, VideoFetcher
from services.delivery.errors import VideoError, VideoProblem
from services.http_requests import USER_AGENT
from tests.unit.delivery.test_address import Names

KEY = "key-SECRET"
FILM = bytes(range(256)) * 4000
PATIENCE_SECONDS = 300.0
ROUNDS = 11
"""How often an address is asked that stays dead."""
FILMS = Path(__file__).parent / "films"
FIELD = (FILMS / "free-box-in-stsd.mp4").read_bytes()
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

    async def fetch(
        self, url: str, patience: float = PATIENCE_SECONDS, late: Callable[[], None] = lambda: None
    ) -> FetchedFile:
        return await self.fetcher.fetch(url, self.target, patience, late)

    async def failure(self, url: str) -> VideoError:
        with pytest.raises(VideoError) as caught:
            await self.fetch(url)
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
    done = await bench.fetch(bench.cdn.url)
    assert bench.target.read_bytes() == FILM
    assert (done.size, done.public) == (len(FILM), True)
    assert bench.cdn.keys == [""]


async def test_api_host_on_loopback_is_not_public(bench: Bench) -> None:
    assert not (await bench.fetch(bench.api.url)).public


@pytest.mark.parametrize("code", [401, 403])
async def test_api_host_is_shown_the_key_once_it_asks(bench: Bench, code: int) -> None:
    bench.api.script = [status(code)]
    done = await bench.fetch(bench.api.url)
    assert not done.public
    assert bench.api.keys == ["", f"Bearer {KEY}"]


async def test_key_that_does_not_help_is_shown_once_each_time(bench: Bench) -> None:
    bench.api.script = [status(401), status(403)] * 50
    assert (await bench.failure(bench.api.url)).problem is VideoProblem.UNAVAILABLE
    assert bench.api.keys == ["", f"Bearer {KEY}"] * ROUNDS


async def test_another_host_is_never_shown_the_key(bench: Bench) -> None:
    bench.cdn.script = [status(401)] * 50
    assert (await bench.failure(bench.cdn.url)).problem is VideoProblem.UNAVAILABLE
    assert bench.cdn.keys == [""] * ROUNDS


async def test_key_does_not_follow_a_redirect(bench: Bench) -> None:
    bench.api.script = [status(401), status(302, Location=bench.cdn.url)]
    done = await bench.fetch(bench.api.url)
    assert not done.public
    assert bench.api.keys == ["", f"Bearer {KEY}"]
    assert bench.cdn.keys == [""]


async def test_relative_redirects_are_followed(bench: Bench) -> None:
    bench.cdn.script = [status(307, Location="../w.mp4?a=%2F"), status(303, Location="/v.mp4")]
    assert (await bench.fetch(bench.cdn.url)).size == len(FILM)
    assert [request.raw_path for request in bench.cdn.requests] == ["/v.mp4", "/w.mp4?a=%2F", "/v.mp4"]


async def test_redirects_end(bench: Bench) -> None:
    bench.cdn.script = [status(302, Location="/v.mp4")] * 50
    assert (await bench.failure(bench.cdn.url)).problem is VideoProblem.UNAVAILABLE
    assert len(bench.cdn.requests) == 6


@pytest.mark.parametrize(
    "location", ["http://127.0.0.3:{port}/v.mp4", "http://inside.example:{port}/v.mp4", "file:///v"]
)
async def test_redirect_inside_is_refused(bench: Bench, location: str) -> None:
    port = URL(bench.api.url).port
    bench.names.names["inside.example"] = ["127.0.0.1"]
    bench.cdn.script = [status(302, Location=location.format(port=port))]
    assert (await bench.failure(bench.cdn.url)).problem is VideoProblem.REFUSED_ADDRESS
    assert not bench.api.requests


async def test_name_that_leads_inside_is_not_connected_to(bench: Bench) -> None:
    port = URL(bench.api.url).port
    bench.names.names["inside.example"] = ["127.0.0.1"]
    assert (await bench.failure(f"http://inside.example:{port}/v.mp4")).problem is VideoProblem.REFUSED_ADDRESS
    assert not bench.api.requests


async def test_only_the_public_address_of_a_name_is_connected_to(bench: Bench) -> None:
    port = URL(bench.cdn.url).port
    bench.names.names["both.example"] = ["127.0.0.1", "127.0.0.2"]
    await bench.fetch(f"http://both.example:{port}/v.mp4")
    assert len(bench.cdn.requests) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.3/v.mp4", "ftp://127.0.0.2/v.mp4", "nonsense", "http://[::1/v.mp4"])
async def test_refused_address_is_not_asked(bench: Bench, url: str) -> None:
    assert (await bench.failure(url)).problem is VideoProblem.REFUSED_ADDRESS


@pytest.mark.parametrize("code", [404, 410])
async def test_gone(bench: Bench, code: int) -> None:
    bench.cdn.script = [status(code)] * 50
    assert (await bench.failure(bench.cdn.url)).problem is VideoProblem.GONE
    assert len(bench.cdn.requests) == ROUNDS


async def test_transient_failures_are_tried_again(bench: Bench) -> None:
    bench.cdn.script = [status(503, Retry_After="30"), status(429), cut(1000)]
    assert (await bench.fetch(bench.cdn.url)).size == len(FILM)
    assert bench.target.read_bytes() == FILM
    assert len(bench.waits) == 3
    assert 30 <= bench.waits[0] <= 60


async def test_gives_up_in_the_end(bench: Bench) -> None:
    bench.cdn.script = [status(502)] * 50
    failure = await bench.failure(bench.cdn.url)
    assert failure.problem is VideoProblem.UNAVAILABLE
    assert len(bench.cdn.requests) == ROUNDS
    assert sum(bench.waits) == PATIENCE_SECONDS


async def test_goes_on_where_it_broke_off(bench: Bench) -> None:
    bench.cdn.script = [cut(900_000, ETag='"a"'), ranged]
    await bench.fetch(bench.cdn.url)
    assert bench.target.read_bytes() == FILM
    again = bench.cdn.requests[1].headers
    assert again["If-Range"] == '"a"'


async def test_begins_again_when_the_video_changed(bench: Bench) -> None:
    bench.cdn.script = [cut(900_000, ETag='"a"')]
    await bench.fetch(bench.cdn.url)
    assert "Range" in bench.cdn.requests[1].headers
    assert bench.target.read_bytes() == FILM


@pytest.mark.parametrize("headers", [{}, {"ETag": 'W/"weak"'}])
async def test_does_not_join_what_may_not_belong_together(bench: Bench, headers: dict[str, str]) -> None:
    bench.cdn.script = [cut(900_000, **headers)]
    await bench.fetch(bench.cdn.url)
    assert "Range" not in bench.cdn.requests[1].headers
    assert bench.target.read_bytes() == FILM


@pytest.mark.parametrize("odd", [status(416), status(206, Content_Range="bytes 7-9/10"), status(206)])
async def test_odd_answer_to_a_range_begins_again(bench: Bench, odd: Answer) -> None:
    bench.cdn.script = [cut(900_000, ETag='"a"'), odd]
    await bench.fetch(bench.cdn.url)
    assert ["Range" in request.headers for request in bench.cdn.requests] == [False, True, False]
    assert bench.target.read_bytes() == FILM


async def test_too_large_by_its_own_word(bench: Bench) -> None:
    async def huge(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "5000001"})
        await response.prepare(request)
        return response

    bench.cdn.script = [huge]
    failure = await bench.failure(bench.cdn.url)
    assert failure.problem is VideoProblem.TOO_LARGE
    assert failure.size == 5_000_001


async def test_too_large_by_what_comes(bench: Bench) -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(bytes(100_000))

    bench.cdn.script = [endless]
    failure = await bench.failure(bench.cdn.url)
    assert failure.problem is VideoProblem.TOO_LARGE
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
        assert (await bench.failure(bench.cdn.url)).problem is VideoProblem.UNAVAILABLE
        over.set()


async def test_unreachable_host_is_tried_again(bench: Bench) -> None:
    assert (await bench.failure("http://nowhere.example/v.mp4")).problem is VideoProblem.UNAVAILABLE
    assert (await bench.failure("http://127.0.0.2:1/v.mp4")).problem is VideoProblem.UNAVAILABLE
    assert len(bench.waits) == 2 * (ROUNDS - 1)


async def test_nothing_of_the_address_is_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(0):
        bench.cdn.script = [status(500)]
        await bench.fetch(bench.cdn.url)
    logged = [record.getMessage() for record in caplog.records if record.name != "aiohttp.access"]
    assert not [text for text in logged if "v.mp4" in text or "SECRET" in text]


def stump(size: int, data: bytes = FIELD, **headers: str) -> Answer:
    """Ends in good order after so many bytes, and names no length."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={key.replace("_", "-"): value for key, value in headers.items()})
        response.enable_chunked_encoding()
        await response.prepare(request)
        await response.write(data[:size])
        await response.write_eof()
        return response

    return answer


def piecewise(cap: int, data: bytes = FIELD, total: bool = True, **headers: str) -> Answer:
    """A host that gives at most so many bytes in an answer, and names no length without ``Range``."""

    async def answer(request: web.Request) -> web.StreamResponse:
        asked = request.headers.get("Range")
        if asked is None:
            return await stump(cap, data, **headers)(request)
        start = int(asked.removeprefix("bytes=").removesuffix("-"))
        piece = data[start : start + cap]
        length = str(len(data)) if total else "*"
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        content = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{length}"}
        return web.Response(status=206, body=piece, headers=named | content)

    return answer


def page(text: str = "<html><h1>Sắp có</h1></html>", content_type: str = "video/mp4") -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=text, content_type=content_type)

    return answer


def whole(data: bytes = FIELD) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=data)

    return answer


async def test_a_stump_that_ends_in_order_is_asked_for_again(bench: Bench) -> None:
    bench.cdn.script = [stump(20_000), stump(1000), whole()]
    assert (await bench.fetch(bench.cdn.url)).size == len(FIELD)
    assert bench.target.read_bytes() == FIELD


async def test_a_stump_is_never_the_answer(bench: Bench) -> None:
    bench.cdn.script = [stump(20_000)] * 50
    assert (await bench.failure(bench.cdn.url)).problem is VideoProblem.UNAVAILABLE
    assert sum(bench.waits) >= PATIENCE_SECONDS


async def test_a_stump_of_a_length_of_its_own_is_none_either(bench: Bench) -> None:
    bench.cdn.script = [whole(FIELD[:30_000]), whole(FIELD[:40_000]), whole()]
    await bench.fetch(bench.cdn.url)
    assert bench.target.read_bytes() == FIELD


@pytest.mark.parametrize("headers", [{}, {"ETag": '"a"'}, {"ETag": 'W/"a"'}], ids=["bare", "strong", "weak"])
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("cap", [4096, 50_000])
async def test_a_host_that_gives_pieces_is_asked_for_all_of_them(
    bench: Bench, headers: dict[str, str], *, total: bool, cap: int
) -> None:
    bench.cdn.script = [piecewise(cap, FIELD, total, **headers)] * 100
    await bench.fetch(bench.cdn.url)
    assert bench.target.read_bytes() == FIELD
    assert sum(bench.waits) < 10


async def test_a_part_without_being_asked_for_one_is_gone_on_from(bench: Bench) -> None:
    first = {"Content_Range": f"bytes 0-9999/{len(FIELD)}", "ETag": '"a"'}

    async def part(request: web.Request) -> web.Response:
        named = {key.replace("_", "-"): value for key, value in first.items()}
        return web.Response(status=206, body=FIELD[:10_000], headers=named)

    bench.cdn.script = [part, piecewise(9000, ETag='"a"'), *[piecewise(9000)] * 10]
    await bench.fetch(bench.cdn.url)
    assert bench.target.read_bytes() == FIELD


async def test_pieces_of_two_files_are_never_put_together(bench: Bench) -> None:
    other = (FILMS / "title-not-utf8-fragmented.mp4").read_bytes()
    bench.cdn.script = [stump(20_000), stump(20_000), piecewise(20_000, other), whole(other)]
    await bench.fetch(bench.cdn.url)
    assert bench.target.read_bytes() == other


@pytest.mark.parametrize(
    "late",
    [
        status(404),
        status(403),
        status(425),
        status(503),
        status(500),
        status(410),
        status(204),
        status(200),
        page(),
        page('{"error": "not ready"}', "application/json"),
        page("error code: 1010"),
        page(" "),
    ],
    ids=["404", "403", "425", "503", "500", "410", "204", "empty", "page", "json", "text", "blank"],
)
async def test_what_is_not_there_yet_is_waited_for_and_told(bench: Bench, late: Answer) -> None:
    bench.cdn.script = [late] * 4
    told: list[int] = []
    await bench.fetch(bench.cdn.url, late=lambda: told.append(len(bench.waits)))
    assert bench.target.read_bytes() == FILM
    assert bench.waits == [1, 2, 4, 8]
    assert told == [2, 3]


async def test_what_comes_at_the_second_time_is_not_told_and_not_left_to_others(bench: Bench) -> None:
    bench.cdn.script = [status(404)]
    told: list[int] = []
    done = await bench.fetch(bench.cdn.url, late=lambda: told.append(1))
    assert not told
    assert not done.public


async def test_patience_is_as_long_as_it_is_given(bench: Bench) -> None:
    bench.cdn.script = [status(404)] * 50
    with pytest.raises(VideoError, match="gone"):
        await bench.fetch(bench.cdn.url, 20.0)
    assert sum(bench.waits) == 20


async def test_a_body_shorter_than_its_word_is_gone_on_from_by_its_date(bench: Bench) -> None:
    changed = {"Last-Modified": "Mon, 30 Mar 2020 10:00:00 GMT"}
    bench.cdn.script = [cut(900_000, **changed), ranged]
    await bench.fetch(bench.cdn.url)
    assert bench.cdn.requests[1].headers["If-Range"] == changed["Last-Modified"]
    assert bench.target.read_bytes() == FILM


async def test_every_request_names_the_bot(bench: Bench) -> None:
    bench.cdn.script = [status(302, Location="/w.mp4"), status(500)]
    await bench.fetch(bench.cdn.url)
    assert {request.headers["User-Agent"] for request in bench.cdn.requests} == {USER_AGENT}
    assert len(bench.cdn.requests) == 3

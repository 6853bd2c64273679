import asyncio
import logging
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from telegram import Bot, File
from telegram.request import HTTPXRequest

from services.photos.fetch import ATTEMPTS, PhotoFetcher
from services.photos.model import PhotoError, PhotoKind, PhotoProblem, PhotoRef
from services.photos.workers import PhotoWorkers
from services.temp_dirs import TempDirs
from tests.unit.photos.pictures import PLACE, card, encoded, photo

TOKEN = "4242:SECRET-token"
JPEG = photo("JPEG", 6)
PHOTO = PhotoRef("f1", "u1", PhotoKind.PHOTO)
DOCUMENT = PhotoRef("f1", "u1", PhotoKind.DOCUMENT)


@dataclass
class Telegram:
    """A Bot API server that knows getFile and file downloads; ``answers`` and ``downloads`` go first."""

    body: bytes = JPEG
    answers: list[web.Response] = field(default_factory=list)
    downloads: list[int] = field(default_factory=list)
    cut: int = 0
    cut_in_order: int = 0
    asked: int = 0
    file_path: str = "photos/file 1.jpg"
    file_size: int | None = None

    async def get_file(self, request: web.Request) -> web.Response:
        self.asked += 1
        if self.answers:
            return self.answers.pop(0)
        result = {"file_id": "f1", "file_unique_id": "u1", "file_path": self.file_path}
        size = {} if self.file_size is None else {"file_size": self.file_size}
        return web.json_response({"ok": True, "result": {**result, **size}})

    async def download(self, request: web.Request) -> web.StreamResponse:
        assert request.path == f"/file/bot{TOKEN}/{self.file_path}"
        if self.downloads:
            return web.Response(status=self.downloads.pop(0), headers={"Retry-After": "7"})
        if self.cut:
            self.cut -= 1
            response = web.StreamResponse(headers={"Content-Length": str(len(self.body))})
            await response.prepare(request)
            await response.write(self.body[:100])
            assert request.transport is not None
            request.transport.close()
            return response
        if self.cut_in_order:
            self.cut_in_order -= 1
            response = web.StreamResponse(headers={"Connection": "close"})
            response.force_close()
            await response.prepare(request)
            await response.write(self.body[:100])
            return response
        return web.Response(body=self.body)


@dataclass
class Bench:
    telegram: Telegram
    fetcher: PhotoFetcher
    waits: list[float]
    directory: Path

    async def problem(self, ref: PhotoRef = PHOTO) -> PhotoProblem:
        with pytest.raises(PhotoError) as caught:
            await self.fetcher.fetch(ref, self.directory, 1)
        assert "SECRET" not in "".join(traceback.format_exception(caught.value))
        assert not list(self.directory.iterdir())
        return caught.value.problem


@asynccontextmanager
async def running(directory: Path, *, local_mode: bool = False, max_bytes: int = 20_000_000) -> AsyncIterator[Bench]:
    telegram = Telegram()
    app = web.Application()
    app.router.add_post("/bot{token}/getFile", telegram.get_file)
    app.router.add_get("/file/{path:.*}", telegram.download)
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async with TestServer(app) as server, aiohttp.ClientSession() as session:
        base = str(server.make_url("/"))
        request = HTTPXRequest(httpx_kwargs={"trust_env": False})
        workers = PhotoWorkers(directory.parent / "decoding")
        async with request:
            bot = Bot(TOKEN, f"{base}bot", f"{base}file/bot", request=request)
            temp_dirs = TempDirs(directory.parent / "tmp")
            fetcher = PhotoFetcher(bot, session, workers, temp_dirs, sleep, max_bytes, local_mode)
            yield Bench(telegram, fetcher, waits, directory)
        workers.close()


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    directory = tmp_path / "work"
    directory.mkdir()
    async with running(directory) as made:
        yield made


def refusal(status: int, text: str, **parameters: int) -> web.Response:
    body = {"ok": False, "error_code": status, "description": text, "parameters": parameters}
    return web.json_response(body, status=status)


async def test_photo_comes_byte_for_byte(bench: Bench) -> None:
    done = await bench.fetcher.fetch(PHOTO, bench.directory, 1)
    assert done.path.read_bytes() == JPEG
    assert (done.path.name, done.content_type) == ("photo-1.jpg", "image/jpeg")
    assert [path.name for path in bench.directory.iterdir()] == ["photo-1.jpg"]


@pytest.mark.parametrize(("kind", "name"), [("PNG", "photo-3.png"), ("WEBP", "photo-3.webp")])
async def test_photo_is_named_by_its_bytes(bench: Bench, kind: str, name: str) -> None:
    bench.telegram.body = encoded(card(), kind)
    done = await bench.fetcher.fetch(PHOTO, bench.directory, 3)
    assert (done.path.name, done.content_type) == (name, f"image/{kind.lower()}")
    assert done.path.read_bytes() == bench.telegram.body


async def test_document_is_normalised(bench: Bench) -> None:
    done = await bench.fetcher.fetch(DOCUMENT, bench.directory, 2)
    assert done.path.name == "photo-2.jpg"
    assert PLACE not in done.path.read_bytes()
    with Image.open(done.path) as image:
        assert image.size == (96, 64)
    assert [path.name for path in bench.directory.iterdir()] == ["photo-2.jpg"]


async def test_document_of_another_kind_leaves_nothing(bench: Bench) -> None:
    bench.telegram.body = b"%PDF-1.7"
    assert await bench.problem(DOCUMENT) is PhotoProblem.NOT_AN_IMAGE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bad Request: file is too big", PhotoProblem.TOO_LARGE),
        ("Bad Request: invalid file_id", PhotoProblem.GONE),
    ],
)
async def test_refusal_of_get_file_is_not_repeated(bench: Bench, text: str, expected: PhotoProblem) -> None:
    bench.telegram.answers = [refusal(400, text)]
    assert await bench.problem() is expected
    assert bench.telegram.asked == 1


async def test_transient_failures_are_tried_again(bench: Bench) -> None:
    bench.telegram.answers = [refusal(502, "Bad Gateway"), refusal(429, "Too Many Requests", retry_after=9)]
    bench.telegram.downloads = [503]
    bench.telegram.cut = 1
    done = await bench.fetcher.fetch(PHOTO, bench.directory, 1)
    assert done.path.read_bytes() == JPEG
    assert bench.telegram.asked == 5
    assert len(bench.waits) == 4
    assert bench.waits[1] >= 9
    assert bench.waits[2] >= 7


UNAVAILABLE = "Bad Request: wrong file_id or the file is temporarily unavailable"


async def test_download_that_ends_short_and_names_no_length_is_tried_again(bench: Bench) -> None:
    bench.telegram.cut_in_order, bench.telegram.file_size = 2, len(JPEG)
    got = await bench.fetcher.fetch(PHOTO, bench.directory, 1)
    assert got.path.read_bytes() == JPEG
    assert len(bench.waits) == 2


async def test_file_that_is_temporarily_unavailable_is_asked_for_again(bench: Bench) -> None:
    bench.telegram.answers = [refusal(400, UNAVAILABLE), refusal(400, UNAVAILABLE.replace("wrong", "Wrong"))]
    assert await bench.fetcher.inspect(DOCUMENT) is None
    assert bench.telegram.asked == 3
    assert all(0.5 <= wait <= 10 for wait in bench.waits)
    assert len(bench.waits) == 2


async def test_file_that_stays_unavailable_is_gone(bench: Bench) -> None:
    bench.telegram.answers = [refusal(400, UNAVAILABLE) for _ in range(50)]
    assert await bench.problem() is PhotoProblem.GONE
    assert bench.telegram.asked == ATTEMPTS
    assert await bench.fetcher.inspect(DOCUMENT) is PhotoProblem.GONE


async def test_gives_up_in_the_end(bench: Bench) -> None:
    bench.telegram.downloads = [500] * 50
    assert await bench.problem() is PhotoProblem.GONE
    assert bench.telegram.asked == 5


async def test_missing_file_is_gone(bench: Bench) -> None:
    bench.telegram.downloads = [404]
    assert await bench.problem() is PhotoProblem.GONE
    assert bench.telegram.asked == 1


async def test_size_is_limited_however_it_is_told(bench: Bench) -> None:
    bench.telegram.body = bytes(20_000_001)
    assert await bench.problem(PhotoRef("f1", "u1", PhotoKind.PHOTO, size=20_000_001)) is PhotoProblem.TOO_LARGE
    assert bench.telegram.asked == 0
    assert await bench.problem() is PhotoProblem.TOO_LARGE
    bench.telegram.file_size = 20_000_001
    assert await bench.problem() is PhotoProblem.TOO_LARGE


async def test_address_is_not_logged(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        bench.telegram.downloads = [500]
        await bench.fetcher.fetch(PHOTO, bench.directory, 1)
    others = ("aiohttp.access", "httpx", "httpcore", "telegram")
    assert not [
        record for record in caplog.records if not record.name.startswith(others) and "SECRET" in record.getMessage()
    ]


async def test_local_mode_copies_the_path(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    kept = tmp_path / "server" / "file_1.jpg"
    kept.parent.mkdir()
    kept.write_bytes(JPEG)
    async with running(tmp_path / "work", local_mode=True, max_bytes=len(JPEG)) as bench:
        bench.telegram.file_path = str(kept)
        done = await bench.fetcher.fetch(PHOTO, bench.directory, 1)
        assert done.path.read_bytes() == JPEG
        assert kept.exists()
        done.path.unlink()
        kept.write_bytes(JPEG + b"x")
        assert await bench.problem() is PhotoProblem.TOO_LARGE


async def test_path_is_not_believed_outside_local_mode(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    private = tmp_path / "private.jpg"
    private.write_bytes(JPEG)
    async with running(tmp_path / "work") as bench:
        bench.telegram.file_path = str(private)
        bench.telegram.body = b"from the server"
        done = await bench.fetcher.fetch(PHOTO, bench.directory, 1)
        assert done.path.read_bytes() == b"from the server"


async def test_unreachable_telegram_is_tried_again(bench: Bench) -> None:
    async with HTTPXRequest(httpx_kwargs={"trust_env": False}) as request:
        bench.fetcher.bot = Bot(TOKEN, "http://127.0.0.1:1/bot", "http://127.0.0.1:1/file/bot", request=request)
        assert await bench.problem() is PhotoProblem.GONE
    assert len(bench.waits) == ATTEMPTS - 1


async def test_cancelled_fetch_leaves_nothing(bench: Bench) -> None:
    started, never = asyncio.Event(), asyncio.Event()

    class Stalled:
        async def get_file(self, file_id: str) -> File:
            (bench.directory / "photo-1.part").write_bytes(b"half")
            started.set()
            await never.wait()
            raise AssertionError

    async with aiohttp.ClientSession() as session:
        temp_dirs, workers = TempDirs(bench.directory), PhotoWorkers(bench.directory)
        fetcher = PhotoFetcher(Stalled(), session, workers, temp_dirs, asyncio.sleep)  # type: ignore[arg-type]
        task = asyncio.ensure_future(fetcher.fetch(PHOTO, bench.directory, 1))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not list(bench.directory.iterdir())

from collections.abc import Callable
from pathlib import Path

import pytest

from services.delivery import plan as module
from services.delivery.download import FetchedFile
from services.delivery.errors import VideoError, VideoProblem
from services.delivery.facts import VideoFacts
from services.delivery.plan import Prepared, VideoPreparer, Way, upload_limit

URL = "https://cdn.example.org/v.mp4"
FILMS = Path(__file__).parent / "films"
CLOUD = upload_limit(local_mode=False)


class Fetches:
    """Stands for ``VideoFetcher``."""

    def __init__(self, data: bytes = b"", *, public: bool = True, error: VideoError | None = None) -> None:
        self.data, self.public, self.error = data, public, error

    async def fetch(self, url: str, target: Path, patience: float, late: Callable[[], None]) -> FetchedFile:
        if self.error is not None:
            raise self.error
        put(target, self.data)
        return FetchedFile(len(self.data), public=self.public)


def put(target: Path, data: bytes) -> None:
    target.write_bytes(data)


async def prepared(tmp_path: Path, fetcher: Fetches, limit: int = CLOUD) -> Prepared:
    return await VideoPreparer(fetcher.fetch, limit).prepare(URL, tmp_path, 1, lambda: None, nowhere_else)


async def nowhere_else(_url: str) -> str | None:
    return None


async def test_good_video(tmp_path: Path, footage: bytes) -> None:
    done = await prepared(tmp_path, Fetches(footage))
    path = tmp_path / "video-2"
    assert done == Prepared(1, URL, Way.URL, path, len(footage), VideoFacts(128, 72, 2))
    assert done.filename == "video-2.mp4"
    assert URL not in repr(done)


async def test_a_webm_keeps_its_kind(tmp_path: Path) -> None:
    done = await prepared(tmp_path, Fetches((FILMS / "title-not-utf8.webm").read_bytes()))
    assert done.filename == "video-2.webm"
    assert done.way is Way.UPLOAD


async def test_video_that_others_cannot_reach_is_uploaded(tmp_path: Path, footage: bytes) -> None:
    assert (await prepared(tmp_path, Fetches(footage, public=False))).way is Way.UPLOAD


async def test_larger_than_an_upload_is_a_link(tmp_path: Path, footage: bytes) -> None:
    done = await prepared(tmp_path, Fetches(footage), 100)
    assert (done.way, done.problem) == (Way.LINK, VideoProblem.TOO_LARGE)


async def test_page_instead_of_a_video_is_not_sent_as_one(tmp_path: Path) -> None:
    done = await prepared(tmp_path, Fetches(b"<!DOCTYPE html><p>Sign in</p>"))
    assert (done.way, done.problem, done.path) == (Way.LINK, VideoProblem.NOT_A_VIDEO, None)


@pytest.mark.parametrize(
    ("problem", "size"),
    [
        (VideoProblem.TOO_LARGE, 70),
        (VideoProblem.GONE, None),
        (VideoProblem.UNAVAILABLE, None),
        (VideoProblem.REFUSED_ADDRESS, None),
    ],
)
async def test_what_cannot_be_fetched_is_a_link(tmp_path: Path, problem: VideoProblem, size: int | None) -> None:
    done = await prepared(tmp_path, Fetches(error=VideoError(problem, size)))
    assert (done.way, done.problem, done.size) == (Way.LINK, problem, size)


class Addresses:
    """Stands for ``VideoFetcher``: some addresses have the film."""

    def __init__(self, **films: bytes | VideoError) -> None:
        self.films = films
        self.asked: list[tuple[str, float]] = []

    async def fetch(self, url: str, target: Path, patience: float, late: Callable[[], None]) -> FetchedFile:
        self.asked.append((url, patience))
        film = self.films.get(url, VideoError(VideoProblem.GONE))
        if isinstance(film, VideoError):
            raise film
        put(target, film)
        return FetchedFile(len(film), public=True)


def named(*addresses: str | None) -> module.Fresh:
    left = list(addresses)

    async def fresh(_dead: str) -> str | None:
        return left.pop(0)

    return fresh


@pytest.mark.parametrize(
    ("found", "asked"),
    [
        (("new",), [("old", 60.0), ("new", 240.0)]),
        ((None, "new"), [("old", 60.0), ("old", 240.0), ("new", 30.0)]),
        (("newer", "new"), [("old", 60.0), ("newer", 240.0), ("new", 30.0)]),
    ],
)
async def test_a_dead_address_is_looked_up(
    tmp_path: Path, footage: bytes, found: tuple[str | None, ...], asked: list[tuple[str, float]]
) -> None:
    fetcher = Addresses(new=footage)
    done = await VideoPreparer(fetcher.fetch, CLOUD).prepare("old", tmp_path, 0, lambda: None, named(*found))
    assert (done.url, done.way) == ("new", Way.URL)
    assert fetcher.asked == asked


async def test_another_address_that_is_no_better_leaves_a_link(tmp_path: Path) -> None:
    fetcher = Addresses(new=VideoError(VideoProblem.REFUSED_ADDRESS))
    done = await VideoPreparer(fetcher.fetch, CLOUD).prepare("old", tmp_path, 0, lambda: None, named("new"))
    assert (done.url, done.way, done.problem) == ("old", Way.LINK, VideoProblem.GONE)
    fetcher = Addresses()
    done = await VideoPreparer(fetcher.fetch, CLOUD).prepare("old", tmp_path, 0, lambda: None, named(None, None))
    assert (done.url, done.problem) == ("old", VideoProblem.GONE)
    assert fetcher.asked == [("old", 60.0), ("old", 240.0)]

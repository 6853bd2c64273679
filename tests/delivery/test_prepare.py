from pathlib import Path

import pytest

from services.delivery import prepare as module
from services.delivery.download import FetchedFile
from services.delivery.errors import (
    AddressRefusedError,
    VideoError,
    VideoGoneError,
    VideoTooLargeError,
    VideoUnavailableError,
)
from services.delivery.facts import VideoFacts
from services.delivery.plan import Limits, Way
from services.delivery.prepare import Prepared, VideoPreparer, VideoProblem

URL = "https://cdn.example.org/v.mp4"
FILMS = Path(__file__).parent / "films"
CLOUD = Limits.of(local_mode=False)


class Fetches:
    """Stands for ``VideoFetcher``."""

    def __init__(self, data: bytes = b"", *, public: bool = True, error: VideoError | None = None) -> None:
        self.data, self.public, self.error = data, public, error

    async def fetch(self, url: str, target: Path) -> FetchedFile:
        if self.error is not None:
            raise self.error
        put(target, self.data)
        return FetchedFile(target, len(self.data), needed_key=False, public=self.public)


def put(target: Path, data: bytes) -> None:
    target.write_bytes(data)


async def prepared(tmp_path: Path, fetcher: module.Fetcher, limits: Limits = CLOUD) -> Prepared:
    return await VideoPreparer(fetcher, limits).prepare(URL, tmp_path, 1)


async def test_good_video(tmp_path: Path, footage: bytes) -> None:
    done = await prepared(tmp_path, Fetches(footage))
    path = tmp_path / "video-2.mp4"
    assert done == Prepared(1, URL, Way.URL, path, len(footage), VideoFacts(128, 72, 2))
    assert done.filename == "video-2.mp4"
    assert URL not in repr(done)


async def test_a_webm_keeps_its_kind(tmp_path: Path) -> None:
    done = await prepared(tmp_path, Fetches((FILMS / "title-not-utf8.webm").read_bytes()))
    assert done.filename == "video-2.webm"


async def test_video_that_others_cannot_reach_is_uploaded(tmp_path: Path, footage: bytes) -> None:
    assert (await prepared(tmp_path, Fetches(footage, public=False))).way is Way.UPLOAD


async def test_larger_than_an_upload_is_a_link(tmp_path: Path, footage: bytes) -> None:
    done = await prepared(tmp_path, Fetches(footage), Limits(url=10, upload=100))
    assert (done.way, done.problem) == (Way.LINK, VideoProblem.TOO_LARGE)


async def test_page_instead_of_a_video_is_not_sent_as_one(tmp_path: Path) -> None:
    done = await prepared(tmp_path, Fetches(b"<!DOCTYPE html><p>Sign in</p>"))
    assert (done.way, done.problem, done.path) == (Way.LINK, VideoProblem.NOT_A_VIDEO, None)


@pytest.mark.parametrize(
    ("error", "problem", "size"),
    [
        (VideoTooLargeError(70), VideoProblem.TOO_LARGE, 70),
        (VideoGoneError(), VideoProblem.GONE, None),
        (VideoUnavailableError(502), VideoProblem.UNAVAILABLE, None),
        (AddressRefusedError(), VideoProblem.REFUSED_ADDRESS, None),
    ],
)
async def test_what_cannot_be_fetched_is_a_link(
    tmp_path: Path, error: VideoError, problem: VideoProblem, size: int | None
) -> None:
    done = await prepared(tmp_path, Fetches(error=error))
    assert (done.way, done.problem, done.size) == (Way.LINK, problem, size)


def test_only_http_addresses_are_links() -> None:
    assert Prepared(0, "HTTPS://a.example/v", Way.LINK).linkable
    assert not Prepared(0, "javascript:alert(1)", Way.LINK).linkable

"""The sandbox's GenAIPro server: tall videos from frames, guards, clocks that are off, downloads that go wrong."""

import hashlib
import io
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp
import av
import pytest

from sandbox.genaipro import Answer, FileFault, Guard, Script
from tests.integration.sandbox.genaipro_client import Start, form, frames
from tests.pictures import picture

FRAMES = "frames-to-video"


def size_of(video: bytes) -> tuple[int, int]:
    """Width and height of a video's first frame."""
    with av.open(io.BytesIO(video), "r") as container:
        frame = next(container.decode(video=0))
        return frame.width, frame.height


@pytest.mark.parametrize(
    ("ratio", "size"), [("VIDEO_ASPECT_RATIO_PORTRAIT", (180, 320)), ("VIDEO_ASPECT_RATIO_LANDSCAPE", (320, 180))]
)
async def test_frames_make_videos_of_the_ratio_asked_for(start: Start, ratio: str, size: tuple[int, int]) -> None:
    server, client = await start()
    heard = await client.create(frames(end=True, ratio=ratio, videos="2"), FRAMES)
    assert heard.words == ["starting", "uploading_images", "processing", "video_generation_complete"]
    for result in heard.events[-1][1]:
        _, body = await client.fetch(result["file_url"])
        assert size_of(body) == size
    record = server.posts[0]
    assert (record.endpoint, record.aspect_ratio, record.number_of_videos) == (FRAMES, ratio, "2")
    assert [photo.part for photo in record.photos] == ["start_image", "end_image"]
    assert record.photos[0].sha256 == hashlib.sha256(picture()).hexdigest()
    assert server.credits_left == 98


def _with(part: str) -> aiohttp.FormData:
    made = frames(end=True)
    made.add_field(part, picture(), filename="more.jpg", content_type="image/jpeg")
    return made


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_with("start_image"), "start_image must be sent once"),
        (_with("end_image"), "end_image must be sent once"),
        (_with("reference_images"), "Unexpected field: reference_images"),
        (form(), "Unexpected field: reference_images"),
        (frames(prompt=None), "prompt is required"),
        (frames(ratio=None), "aspect_ratio must be"),
        (frames(ratio="9:16"), "aspect_ratio must be"),
        (frames(videos="0"), "number_of_videos must be"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_frames_form_is_checked_to_the_letter(start: Start, data: aiohttp.FormData, reason: str) -> None:
    server, client = await start()
    heard = await client.create(data, FRAMES)
    assert (heard.status, reason in heard.body) == (400, True)
    assert server.credits_left == 100


async def test_frames_need_a_start(start: Start) -> None:
    _, client = await start()
    data = aiohttp.FormData()
    data.add_field("end_image", picture(), filename="end.jpg", content_type="image/jpeg")
    heard = await client.create(data, FRAMES)
    assert (heard.status, "start_image is required" in heard.body) == (400, True)


async def test_scripts_hit_frames_alike(start: Start) -> None:
    server, client = await start()
    server.enqueue(Script(error="UNSAFE_GENERATION"))
    assert (await client.create(frames(), FRAMES)).words[-1] == "error"
    assert (await client.create(frames(), FRAMES)).words[-1] == "video_generation_complete"


@pytest.mark.parametrize(
    ("guard", "status", "text", "mitigated"),
    [
        (Guard.CODE, 403, "error code: 1010", None),
        (Guard.CHALLENGE, 403, "Just a moment", "challenge"),
        (Guard.BUSY, 503, "Just a moment", "challenge"),
    ],
)
async def test_guard_answers_in_the_services_place(
    start: Start, guard: Guard, status: int, text: str, mitigated: str | None
) -> None:
    server, client = await start()
    url = (await client.create()).events[-1][1][0]["file_url"]
    server.guard = guard
    server.enqueue(Script(error="kept for the first that passes"))
    heard = await client.create()
    assert (heard.status, text in heard.body, heard.headers.get("cf-mitigated")) == (status, True, mitigated)
    assert (await client.fetch(f"{server.url}/veo/credits", key=True))[0] == status
    assert (await client.fetch(url))[0] == status
    assert server.credits_left == 99
    server.guard = None
    assert (await client.create()).words[-1] == "error"


async def test_guard_knows_programs_by_their_name(start: Start) -> None:
    server, client = await start(guard_agent="Pho2Video/")
    assert (await client.create()).body == "error code: 1010"
    assert (await client.create(None, "ingredients-to-video", **{"User-Agent": "Pho2Video/1.0"})).status == 200
    assert [record.accepted for record in server.posts] == [False, True]


async def test_clock_of_the_service_can_be_off(start: Start) -> None:
    now = datetime(2026, 3, 30, 10, 0, tzinfo=UTC)
    server, client = await start(now=lambda: now, clock_skew=-50.0, date_skew=20.0)
    heard = await client.create()
    assert heard.events[-1][1][0]["created_at"] == "2026-03-30T09:59:10Z"
    assert parsedate_to_datetime(heard.headers["Date"]) == datetime(2026, 3, 30, 9, 59, 30, tzinfo=UTC)
    assert server.posts[0].at == now


async def test_downloads_go_wrong_in_turn_and_then_well(start: Start) -> None:
    server, client = await start()
    page = Answer(200, "<html>Soon</html>", content_type="text/html")
    faults = (FileFault(Answer(404, {"error": "Not found"}), times=2), FileFault(page), FileFault(cut=100))
    server.enqueue(Script(file_faults=faults))
    for result in (await client.create(form(videos="2"))).events[-1][1]:
        answers = [await client.fetch(result["file_url"]) for _ in range(5)]
        assert [status for status, _ in answers] == [404, 404, 200, 200, 200]
        whole = answers[4][1]
        assert (answers[2][1], answers[3][1]) == (b"<html>Soon</html>", whole[:100])
        assert size_of(whole) == (320, 180)


async def test_expired_address_has_a_fresh_one_in_the_history(start: Start) -> None:
    server, client = await start()
    server.enqueue(Script(expired=True))
    url = (await client.create()).events[-1][1][0]["file_url"]
    assert (await client.fetch(url, key=True))[0] == 403
    await server.until(lambda: server.jobs[0].listed)
    fresh = (await client.get("/veo/histories"))[1]["data"][0]["file_urls"][0]
    assert fresh != url
    assert (await client.fetch(fresh))[0] == 200

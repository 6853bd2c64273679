"""The sandbox's GenAIPro server: the usual course, the form, the history, the credits, the files."""

import hashlib
import io
from typing import Any

import aiohttp
import av
import pytest

from sandbox.genaipro import HistoryShape, RateHeader, Script
from tests.integration.sandbox.genaipro_client import Client, Start, form
from tests.pictures import picture


def decoded(video: bytes) -> list[av.VideoFrame]:
    """Every frame of an H.264 video."""
    with av.open(io.BytesIO(video), "r") as container:
        assert container.streams.video[0].codec_context.name == "h264"
        return list(container.decode(video=0))


async def listed(client: Client) -> list[Any]:
    """The history, once it has something."""
    while True:
        _, page = await client.get("/veo/histories")
        if page["data"]:
            return list(page["data"])


async def test_stream_tells_each_step_and_ends_with_videos(start: Start) -> None:
    server, client = await start()
    heard = await client.create(form(photos=3, videos="2"))
    assert heard.headers["Content-Type"].startswith("text/event-stream")
    assert heard.words == ["starting", "uploading_images", "processing", "video_generation_complete"]
    results = heard.events[-1][1]
    assert [set(result) for result in results] == [{"id", "prompt", "file_url", "status", "created_at"}] * 2
    assert {result["status"] for result in results} == {"MEDIA_GENERATION_STATUS_SUCCESSFUL"}
    assert results[0]["created_at"].endswith("Z")
    bodies = [await client.fetch(result["file_url"]) for result in results]
    assert bodies[0] != bodies[1]
    for status, body in bodies:
        assert status == 200
        frames = decoded(body)
        assert (len(frames), frames[0].width, frames[0].height) == (4, 320, 180)
    assert server.posts[0].video_ids == [result["id"] for result in results]


async def test_photos_are_recorded_byte_for_byte_in_order(start: Start) -> None:
    server, client = await start()
    data = aiohttp.FormData()
    photos = [picture(kind="PNG"), picture(kind="WEBP"), picture("red")]
    for photo, kind in zip(photos, ("png", "webp", "jpeg"), strict=True):
        data.add_field("reference_images", photo, filename=f"a.{kind}", content_type=f"image/{kind}")
    data.add_field("prompt", "Thuyền trên sông")
    data.add_field("number_of_videos", "1")
    await client.create(data)
    record = server.posts[0]
    assert [photo.sha256 for photo in record.photos] == [hashlib.sha256(photo).hexdigest() for photo in photos]
    assert [photo.path.read_bytes() for photo in record.photos] == photos
    assert (record.prompt, record.number_of_videos, record.status) == ("Thuyền trên sông", "1", 200)
    assert "Authorization" not in record.headers


def _file(data: bytes, name: str | None = "a.jpg", kind: str = "image/jpeg") -> aiohttp.FormData:
    made = form(photos=0)
    made.add_field("reference_images", data, filename=name, content_type=kind)
    return made


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (form(photos=0), "reference_images is required"),
        (form(photos=4), "At most 3"),
        (form(prompt=None), "prompt is required"),
        (form(prompt="  "), "prompt is required"),
        (form(videos=None), "number_of_videos is required"),
        (form(videos="5"), "number_of_videos must be"),
        (form(videos="2.0"), "number_of_videos must be"),
        (form(videos="02"), "number_of_videos must be"),
        (form(aspect_ratio="16:9"), "Unexpected field"),
        (_file(b"\xff\xd8 no picture"), "Invalid image"),
        (_file(picture()[:-40]), "Invalid image"),
        (_file(picture(kind="PNG")), "is not image/jpeg"),
        (_file(picture(), kind="application/octet-stream"), "Unsupported content type"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_form_is_checked_to_the_letter(start: Start, data: aiohttp.FormData, reason: str) -> None:
    server, client = await start()
    heard = await client.create(data)
    assert heard.status == 400
    assert reason in heard.body
    assert heard.headers["Content-Type"].startswith("application/json")
    assert server.credits_left == 100
    assert not server.jobs


async def test_photo_without_filename_is_refused(start: Start) -> None:
    _, client = await start()
    writer = aiohttp.MultipartWriter("form-data")
    part = writer.append(picture(), {"Content-Type": "image/jpeg"})
    part.set_content_disposition("form-data", name="reference_images")
    heard = await client.create(writer)
    assert (heard.status, "filename" in heard.body) == (400, True)


async def test_photo_over_the_limit_is_413(start: Start) -> None:
    _, client = await start(photo_limit=100)
    assert (await client.create()).status == 413


async def test_wrong_key_is_401_everywhere(start: Start) -> None:
    server, _ = await start()
    async with aiohttp.ClientSession() as session:
        client = Client(server, session, key="other")
        assert (await client.create()).status == 401
        assert (await client.get("/veo/histories"))[0] == 401
        assert (await client.get("/veo/credits")) == (401, {"error": "Unauthorized: invalid API key"})
    assert [record.key_ok for record in server.posts] == [False]


async def test_credits_are_used_and_run_out(start: Start) -> None:
    _, client = await start(quota=3)
    await client.create(form(videos="2"))
    assert await client.get("/veo/credits") == (200, [{"quota": 3, "used": 2, "expires_at": None}])
    heard = await client.create(form(videos="2"))
    assert (heard.status, "quota" in heard.body) == (402, True)
    assert (await client.get("/veo/credits"))[1][0]["used"] == 2


async def test_history_has_one_object_for_a_request(start: Start) -> None:
    _, client = await start()
    heard = await client.create(form(prompt="first", videos="2"))
    await listed(client)
    results = heard.events[-1][1]
    _, page = await client.get("/veo/histories?page=1&page_size=20")
    assert (page["total"], page["page"], page["page_size"], page["total_pages"]) == (1, 1, 20, 1)
    item = page["data"][0]
    assert (item["id"], item["prompt"]) == (results[0]["id"], "first")
    assert item["file_urls"] == [result["file_url"] for result in results]


async def test_history_has_one_object_for_a_video_with_ids_of_its_own(start: Start) -> None:
    _, client = await start(history_shape=HistoryShape.VIDEO, history_own_ids=True)
    heard = await client.create(form(videos="2"))
    results = heard.events[-1][1]
    items = await listed(client)
    assert [item["file_urls"] for item in items] == [[result["file_url"]] for result in results]
    assert not {item["id"] for item in items} & {result["id"] for result in results}


async def test_history_is_paged_newest_first(start: Start) -> None:
    server, client = await start()
    for name in ("one", "two", "three"):
        await client.create(form(prompt=name))
    await server.until(lambda: all(job.listed for job in server.jobs))
    pages = [(await client.get(f"/veo/histories?page={number}&page_size=2"))[1] for number in (1, 2, 3)]
    assert [[item["prompt"] for item in page["data"]] for page in pages] == [["three", "two"], ["one"], []]
    assert {page["total_pages"] for page in pages} == {2}
    assert (await client.get("/veo/histories?page=0"))[0] == 400


async def test_pending_requests_are_listed_when_asked_for(start: Start) -> None:
    server, client = await start(history_pending=True)
    gate = server.hold_history()
    heard = await client.create()
    await gate.blocked()
    assert (await client.get("/veo/histories"))[1]["data"] == []
    gate.release()
    assert (await listed(client))[0]["file_urls"] == [heard.events[-1][1][0]["file_url"]]


@pytest.mark.parametrize(
    ("header", "name"),
    [(RateHeader.RETRY_AFTER, "Retry-After"), (RateHeader.RESET_SECONDS, "X-RateLimit-Reset")],
)
async def test_rate_limit_answers_429(start: Start, header: RateHeader, name: str) -> None:
    _, client = await start(rate_limit=1, rate_window=30, rate_header=header)
    assert (await client.get("/veo/credits"))[0] == 200
    heard = await client.create()
    assert heard.status == 429
    assert 0 < int(heard.headers[name]) <= 30


async def test_files_have_ranges_and_want_the_key_when_asked(start: Start) -> None:
    _, client = await start(files_status=403)
    url = (await client.create()).events[-1][1][0]["file_url"]
    assert (await client.fetch(url))[0] == 403
    status, whole = await client.fetch(url, key=True)
    assert status == 200
    assert await client.fetch(url, key=True, Range="bytes=4-7") == (206, whole[4:8])
    assert (await client.fetch(url.replace(".mp4", "x.mp4"), key=True))[0] == 404


async def test_padded_video_has_the_size_and_plays(start: Start) -> None:
    server, client = await start(pad_to=300_000)
    server.enqueue(Script())
    server.enqueue(Script(pad_to=400_000))
    for size in (300_000, 400_000):
        _, body = await client.fetch((await client.create()).events[-1][1][0]["file_url"])
        assert len(body) == size
        assert len(decoded(body)) == 4


async def test_pace_keeps_events_apart(start: Start) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    _, client = await start(pace=1.2, sleep=sleep)
    assert (await client.create()).words[-1] == "video_generation_complete"
    assert slept == [1.2, 1.2]


async def test_pings_come_while_rendering(start: Start) -> None:
    server, client = await start(ping_interval=0.001)
    heard = await client.create(form(videos="4"))
    assert ": ping\n\n" in heard.body
    assert heard.words[-1] == "video_generation_complete"
    assert server.posts[0].events[-1] == "video_generation_complete"

"""What is counted of the calls to GenAIPro."""

import json
from collections.abc import Sequence

import pytest
from prometheus_client import REGISTRY

from services.genaipro.events import GenAIProError
from services.options import Shape, VideoOptions
from services.photos.model import PhotoFile
from services.telemetry import PostOutcome
from tests.counted import Counted
from tests.unit.genaipro.conftest import MakeClient
from tests.unit.genaipro.fakes import COMPLETE, END, STATUS, Exchange, Script, WireServer, event, video


def streaming(*pieces: bytes) -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.stream(*pieces)
        await exchange.send(END)

    return script


def answering(status: int, body: object = "no") -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(status, json.dumps(body).encode())

    return script


async def post(make_client: MakeClient, script: Script, photos: Sequence[PhotoFile], most: int = 99) -> None:
    """Make the paid request, and read so many of its events."""
    async with WireServer(script) as server:
        try:
            async with make_client(server.url).make_videos(photos, "a cat", VideoOptions(1)) as events:
                async for _ in events:
                    most -= 1
                    if not most:
                        return
        except GenAIProError:
            return


@pytest.mark.parametrize(
    ("script", "outcome", "status"),
    [
        (streaming(event(STATUS, "starting"), event(COMPLETE, [video()])), PostOutcome.COMPLETED, "200"),
        (streaming(event("error", {"error": "no"})), PostOutcome.FAILED, "200"),
        (streaming(event(STATUS, "starting")), PostOutcome.UNKNOWN, "200"),
        (answering(429), PostOutcome.NOT_ACCEPTED, "429"),
        (answering(402), PostOutcome.REFUSED, "402"),
        (answering(502), PostOutcome.UNKNOWN, "502"),
    ],
)
async def test_a_paid_request_is_counted_by_what_came_of_it(
    make_client: MakeClient, photos: list[PhotoFile], script: Script, outcome: PostOutcome, status: str
) -> None:
    counted = Counted()
    await post(make_client, script, photos)
    assert {other: counted("posts_total", outcome=other) for other in PostOutcome} == {
        other: float(other is outcome) for other in PostOutcome
    }
    assert counted("calls_total", service="genaipro", call="ingredients-to-video", status=status) == 1
    assert counted("open_streams") == 0
    sent = sum(photo.size for photo in photos) if status == "200" else 0
    assert counted("bytes_total", service="genaipro", direction="out") == sent


async def test_a_stream_that_the_bot_closes_is_counted_as_left(
    make_client: MakeClient, photos: list[PhotoFile]
) -> None:
    counted = Counted()
    await post(make_client, streaming(event(STATUS, "starting"), event(COMPLETE, [video()])), photos, most=1)
    assert counted("posts_total", outcome=PostOutcome.LEFT) == 1
    assert counted("open_streams") == 0


async def test_without_an_answer_the_status_is_zero(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    counted = Counted()
    client = make_client("http://127.0.0.1:1/api/v1")
    with pytest.raises(GenAIProError):
        async with client.make_videos(photos[:1], "a cat", VideoOptions(1, Shape.TALL)):
            pass
    assert counted("posts_total", outcome=PostOutcome.NOT_ACCEPTED) == 1
    assert counted("calls_total", service="genaipro", call="frames-to-video", status="0") == 1
    assert client.contact.is_broken


async def test_a_photo_that_is_gone_is_no_failure_of_the_service(
    make_client: MakeClient, photos: list[PhotoFile]
) -> None:
    client = make_client("http://127.0.0.1:1/api/v1")
    photos[0].path.unlink()
    with pytest.raises(GenAIProError):
        async with client.make_videos(photos, "a cat", VideoOptions(1)):
            pass
    assert not client.contact.is_broken


async def test_reads_are_counted_and_tell_whether_the_service_answers(make_client: MakeClient) -> None:
    counted = Counted()
    async with WireServer(answering(503)) as server:
        client = make_client(server.url)
        with pytest.raises(GenAIProError):
            await client.histories()
        assert client.contact.is_broken
    async with WireServer(answering(429)) as server:
        client = make_client(server.url)
        with pytest.raises(GenAIProError):
            await client.histories()
        assert not client.contact.is_broken
    assert counted("calls_total", service="genaipro", call="histories", status="503") == 1
    assert counted("too_many_requests_total", service="genaipro") == 1


async def test_expired_credits_are_not_left(make_client: MakeClient) -> None:
    grants = [
        {"quota": 100, "used": 23, "expires_at": None},
        {"quota": 50, "used": 0, "expires_at": "2025-01-01T00:00:00Z"},
        {"quota": 5, "used": 9, "expires_at": None},
    ]
    before = Counted()
    async with WireServer(answering(200, grants)) as server:
        assert await make_client(server.url).credits_left() == 77
    assert REGISTRY.get_sample_value("pho2video_credits_left") == 77
    assert before("calls_total", service="genaipro", call="credits", status="200") == 1

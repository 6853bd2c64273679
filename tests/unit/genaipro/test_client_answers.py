"""Answers that are no stream, to the paid POST and to the reads."""

import asyncio
import json
from datetime import UTC, datetime

import pytest

from services.failures import Charged, Failure, FailureKind
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    GenAIProError,
    MaybeAcceptedError,
    NotAcceptedError,
    RefusedError,
    StreamEvent,
)
from services.photos.model import PhotoFile
from tests.hand_clock import HandClock
from tests.unit.genaipro.conftest import KEY, MakeClient
from tests.unit.genaipro.fakes import COMPLETE, URL, Exchange, Script, WireServer, event, video
from tests.unit.genaipro.test_client_stream import DONE, collect, run

HTML = b"<html><head><title>502 Bad &amp; Gone</title></head><body><h1>Oh</h1></body></html>"


def answers(status: int, body: bytes = b"", content_type: str = "application/json", extra: str = "") -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.answer(status, body, content_type, extra)

    return script


async def error_of(make_client: MakeClient, photos: list[PhotoFile], script: Script) -> GenAIProError:
    with pytest.raises(GenAIProError) as caught:
        await run(make_client, photos, script)
    return caught.value


@pytest.mark.parametrize(
    ("status", "body", "kind", "reason"),
    [
        (400, b'{"error": "prompt is required"}', FailureKind.REJECTED, "prompt is required"),
        (400, b'{"message": "Bad\\n  size"}', FailureKind.REJECTED, "Bad size"),
        (400, b'{"error": {"message": "UNSAFE_GENERATION"}}', FailureKind.SAFETY, "UNSAFE_GENERATION"),
        (400, b'{"error": "PUBLIC_ERROR_AUDIO_FILTERED"}', FailureKind.AUDIO, "PUBLIC_ERROR_AUDIO_FILTERED"),
        (401, b'{"error": "unauthorized"}', FailureKind.KEY, "unauthorized"),
        (402, b'{"error": "pay"}', FailureKind.CREDITS, "pay"),
        (403, b'{"error": "invalid api key"}', FailureKind.KEY, "invalid api key"),
        (403, b'{"error": "not in your country"}', FailureKind.REJECTED, "not in your country"),
        (403, b'{"error": "Quota exceeded"}', FailureKind.CREDITS, "Quota exceeded"),
        (404, b"", FailureKind.REJECTED, ""),
        (413, b"Entity too large", FailureKind.REJECTED, "Entity too large"),
        (
            422,
            b'{"detail": [{"loc": ["body", "prompt"], "msg": "field required", "type": "missing"}]}',
            FailureKind.REJECTED,
            "prompt: field required",
        ),
        (422, b'{"detail": "bad file"}', FailureKind.REJECTED, "bad file"),
        (422, b'{"error": ' + b'"' + b"x" * 70_000, FailureKind.REJECTED, ""),
        (302, b"", FailureKind.REJECTED, ""),
    ],
)
async def test_a_refusal_for_good(
    make_client: MakeClient, photos: list[PhotoFile], status: int, body: bytes, kind: FailureKind, reason: str
) -> None:
    error = await error_of(make_client, photos, answers(status, body, extra="Location: /elsewhere\r\n"))
    assert isinstance(error, RefusedError)
    assert (error.failure, error.status) == (Failure(kind, reason), status)


CHALLENGE = b"<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>cdn-cgi/challenge</body></html>"
BLOCKED = b"<html><head><title>Attention Required! | Cloudflare</title></head></html>"
GUARDED = [
    (403, b"error code: 1010", "text/plain", ""),
    (403, b"error code: 1020\n", "text/plain", ""),
    (401, b" Error code: 1009", "", ""),
    (403, CHALLENGE, "text/html; charset=UTF-8", ""),
    (403, BLOCKED, "text/html", "Retry-After: 5\r\n"),
    (401, HTML, "text/html", ""),
    (403, HTML, "application/octet-stream", ""),
    (403, b"Access denied", "text/html", ""),
    (403, b"{}", "application/json", "cf-mitigated: challenge\r\n"),
    (503, CHALLENGE, "text/html", "Cf-Mitigated: challenge\r\nRetry-After: 5\r\n"),
    (503, CHALLENGE, "text/html", ""),
]


@pytest.mark.parametrize(("status", "body", "content_type", "extra"), GUARDED)
async def test_a_guard_is_not_the_service(
    make_client: MakeClient, photos: list[PhotoFile], status: int, body: bytes, content_type: str, extra: str
) -> None:
    async with WireServer(answers(status, body, content_type, extra)) as server:
        client = make_client(server.url)
        with pytest.raises(RefusedError) as paid:
            await collect(client, photos)
        assert server.posts == 1
        for call in (client.credits_left, client.histories):
            with pytest.raises(NotAcceptedError) as free:
                await call()
            assert (free.value.failure, free.value.status) == (Failure(FailureKind.GUARD), status)
    assert (paid.value.failure, paid.value.status) == (Failure(FailureKind.GUARD), status)


@pytest.mark.parametrize(
    ("status", "body", "content_type", "extra", "kind"),
    [
        (401, b'{"error": "invalid api key"}', "text/html", "", FailureKind.KEY),
        (403, b'{"error": "error code: 1010"}', "application/json", "", FailureKind.REJECTED),
        (401, b"", "text/plain", "", FailureKind.KEY),
        (400, BLOCKED, "text/html", "", FailureKind.REJECTED),
        (429, b"error code: 1015", "text/plain", "", FailureKind.BUSY),
        (503, HTML, "text/html", "", FailureKind.SERVICE),
        (502, CHALLENGE, "text/html", "", FailureKind.SERVICE),
    ],
)
async def test_the_service_is_not_a_guard(
    make_client: MakeClient,
    photos: list[PhotoFile],
    status: int,
    body: bytes,
    content_type: str,
    extra: str,
    kind: FailureKind,
) -> None:
    error = await error_of(make_client, photos, answers(status, body, content_type, extra))
    assert (error.failure.kind, error.status) == (kind, status)


@pytest.mark.parametrize(
    ("extra", "offset"),
    [
        ("", None),
        ("Date: Mon, 30 Mar 2026 10:01:00 GMT\r\n", 60.5),
        ("date: Mon, 30 Mar 2026 09:59:00 GMT\r\n", -59.5),
        ("Date: soon\r\n", None),
    ],
)
async def test_the_history_tells_how_far_its_clock_is_ahead(
    make_client: MakeClient, extra: str, offset: float | None
) -> None:
    async with WireServer(answers(200, b'{"data": []}', extra=extra)) as server:
        assert (await make_client(server.url).histories()).clock_offset == offset


async def test_what_can_be_done_without_leaves_half_of_the_limit(make_client: MakeClient, clock: HandClock) -> None:
    async with WireServer(answers(200, b"[]")) as server:
        client = make_client(server.url)
        got = [await client.recent_history() for _ in range(30)]
        assert [page is not None for page in got] == [True] * 15 + [False] * 15
        assert len(server.requests) == 15
        clock.seconds += 60
        assert await client.recent_history() is not None


@pytest.mark.parametrize("status", [400, 413, 500, 503])
async def test_an_html_page_gives_its_title(make_client: MakeClient, photos: list[PhotoFile], status: int) -> None:
    error = await error_of(make_client, photos, answers(status, HTML, "text/html; charset=utf-8"))
    assert (error.failure.reason, error.status) == ("502 Bad & Gone", status)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
async def test_another_5xx_may_have_been_accepted(
    make_client: MakeClient, photos: list[PhotoFile], status: int
) -> None:
    error = await error_of(make_client, photos, answers(status, b'{"error": "UNSAFE_GENERATION"}'))
    assert isinstance(error, MaybeAcceptedError)
    assert error.failure == Failure(FailureKind.SERVICE, "UNSAFE_GENERATION", Charged.UNKNOWN)
    assert error.status == status


@pytest.mark.parametrize(
    ("status", "extra", "seconds"),
    [
        (429, "", None),
        (429, "Retry-After: 12\r\n", 12.0),
        (429, "retry-after: Mon, 30 Mar 2026 10:00:20 GMT\r\n", 20.0),
        (429, "X-RateLimit-Reset: 33\r\n", 33.0),
        (429, f"X-RateLimit-Reset: {int(datetime(2026, 3, 30, 10, 0, 45, tzinfo=UTC).timestamp())}\r\n", 45.0),
        (503, "Retry-After: 5\r\n", 5.0),
        (503, "Retry-After: soon\r\n", None),
    ],
)
async def test_too_busy_to_accept(
    make_client: MakeClient,
    photos: list[PhotoFile],
    clock: HandClock,
    status: int,
    extra: str,
    seconds: float | None,
) -> None:
    error = await error_of(make_client, photos, answers(status, b'{"error": "slow down, quota"}', extra=extra))
    assert isinstance(error, NotAcceptedError)
    assert error.failure == Failure(FailureKind.BUSY, "slow down, quota")
    assert (error.status, error.retry_after) == (status, seconds)


async def test_a_wait_asked_for_holds_every_call(
    make_client: MakeClient, photos: list[PhotoFile], clock: HandClock
) -> None:
    async def script(exchange: Exchange) -> None:
        paid = exchange.request.method == "POST"
        await exchange.answer(429 if paid else 200, b"[]", extra="Retry-After: 50\r\n")

    async with WireServer(script) as server:
        client = make_client(server.url)
        with pytest.raises(NotAcceptedError):
            await collect(client, photos)
        before = clock.monotonic()
        await client.credits_left()
        assert clock.monotonic() - before == 50


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (json.dumps([video()]).encode(), CompletedEvent((DONE,))),
        (json.dumps({"data": [video()]}).encode(), CompletedEvent((DONE,))),
        (json.dumps(video()).encode(), CompletedEvent((DONE,))),
        (b"[]", CompletedEvent(())),
        (b'{"error": "UNSAFE_GENERATION"}', FailedEvent(Failure(FailureKind.SAFETY, "UNSAFE_GENERATION"))),
        (b'{"status": "error", "message": "x"}', FailedEvent(Failure(FailureKind.OTHER, "x"))),
        (event(COMPLETE, [video()]), CompletedEvent((DONE,))),
    ],
)
async def test_a_result_where_a_stream_was_expected(
    make_client: MakeClient, photos: list[PhotoFile], body: bytes, expected: StreamEvent
) -> None:
    assert await run(make_client, photos, answers(200, body)) == [expected]


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"ok"),
        (200, HTML),
        (200, b'{"id": "x", "status": "queued"}'),
        (202, b'{"message": "ok"}'),
        (204, b""),
    ],
)
async def test_a_2xx_that_tells_nothing(
    make_client: MakeClient, photos: list[PhotoFile], status: int, body: bytes
) -> None:
    error = await error_of(make_client, photos, answers(status, body))
    assert isinstance(error, MaybeAcceptedError)
    assert (error.failure, error.status) == (Failure(FailureKind.LOST, charged=Charged.UNKNOWN), status)


async def test_an_error_body_that_breaks_off(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 402 Pay\r\nContent-Length: 500\r\n\r\nno money")

    error = await error_of(make_client, photos, script)
    assert isinstance(error, RefusedError)
    assert error.failure == Failure(FailureKind.CREDITS, "no money")


async def test_an_endless_error_body_is_cut(make_client: MakeClient, photos: list[PhotoFile]) -> None:
    async def script(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 400 No\r\nContent-Type: text/plain\r\n\r\n")
        while not exchange.writer.is_closing():
            await exchange.send(b"word " * 10_000)

    error = await error_of(make_client, photos, script)
    assert error.failure == Failure(FailureKind.REJECTED, ("word " * 60).strip())


async def test_the_history(make_client: MakeClient) -> None:
    several = video(id="h1", file_url=None, file_urls=[URL, "https://files.example/2.mp4"], status="completed")
    running = video(id="h2", file_url=None, status="processing", created_at=None)
    body = {"data": [several, running], "total": 41, "page": 2, "page_size": 20, "total_pages": 3}
    async with WireServer(answers(200, json.dumps(body).encode())) as server:
        page = await make_client(server.url).histories(2, 20)
        (request,) = server.requests
    assert request.target == "/api/v1/veo/histories?page=2&page_size=20"
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert page.total_pages == 3
    first, second = page.results
    assert (first.id, first.urls, first.succeeded) == ("h1", (URL, "https://files.example/2.mp4"), True)
    assert (second.id, second.urls, second.succeeded, second.failed) == ("h2", (), False, False)


async def test_the_credits(make_client: MakeClient) -> None:
    first = {"quota": 100, "used": 23, "expires_at": "2026-06-30T23:59:59Z"}
    body = json.dumps([first, {"quota": 5, "used": 9, "expires_at": None}]).encode()
    async with WireServer(answers(200, body)) as server:
        assert await make_client(server.url + "/").credits_left() == 77
        assert server.requests[0].target == "/api/v1/veo/credits"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (401, b'{"error": "who?"}', RefusedError(Failure(FailureKind.KEY, "who?"), 401)),
        (404, b"", RefusedError(Failure(FailureKind.REJECTED), 404)),
        (301, b"", RefusedError(Failure(FailureKind.REJECTED), 301)),
        (429, b'{"error": "slow"}', NotAcceptedError(Failure(FailureKind.BUSY, "slow"), 429)),
        (500, HTML, NotAcceptedError(Failure(FailureKind.SERVICE, "502 Bad & Gone"), 500)),
        (204, b"", NotAcceptedError(Failure(FailureKind.SERVICE), 204)),
        (200, b"<p>hi</p>", NotAcceptedError(Failure(FailureKind.SERVICE), 200)),
        (200, b'"x"', NotAcceptedError(Failure(FailureKind.SERVICE), 200)),
        (200, b"[3]", NotAcceptedError(Failure(FailureKind.SERVICE), 200)),
        (200, b"[" * 4_194_304, NotAcceptedError(Failure(FailureKind.SERVICE), 200)),
    ],
)
async def test_a_read_that_fails(make_client: MakeClient, status: int, body: bytes, expected: GenAIProError) -> None:
    async with WireServer(answers(status, body)) as server:
        client = make_client(server.url)
        for call in (client.histories(), client.credits_left()):
            with pytest.raises(type(expected)) as caught:
                await call
            assert isinstance(caught.value, GenAIProError)
            assert (caught.value.failure, caught.value.status) == (expected.failure, expected.status)


async def test_a_read_that_is_dropped(make_client: MakeClient) -> None:
    async def script(exchange: Exchange) -> None:
        exchange.reset()
        await asyncio.sleep(0)

    async with WireServer(script) as server:
        with pytest.raises(NotAcceptedError) as caught:
            await make_client(server.url).histories()
    assert caught.value.failure == Failure(FailureKind.BUSY)

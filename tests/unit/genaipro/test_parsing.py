"""Payloads to values, in every shape they were seen in and in shapes nobody has seen."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from services.failures import Charged, FailureKind
from services.genaipro.classify import ErrorWords, classify, wait_asked_for, words_of_text
from services.genaipro.events import (
    CompletedEvent,
    FailedEvent,
    MaybeAcceptedError,
    NotAcceptedError,
    StatusEvent,
    VideoResult,
)
from services.genaipro.parsing import (
    parse_answer,
    parse_credits,
    parse_event,
    parse_histories,
    parse_result,
    parse_time,
)
from tests.unit.genaipro.fakes import COMPLETE, STATUS, URL, video

OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
API = "https://api.example/v1"
TEN = datetime(2026, 3, 30, 10, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from([URL, "a\ud800\0b", URL + "\ud800\0"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["error", "message", "detail", "code", "status", "data", "id", "file_url", "file_urls",
                         "created_at", "quota", "used", "expires_at", "page", "total", "page_size", "loc", "msg"]),
        inner, max_size=5,
    ),
    max_leaves=12,
)  # fmt: skip
TEXT = st.text(max_size=40) | JSON.map(json.dumps) | st.just("[" * 100_000)


def completed(data: object) -> tuple[VideoResult, ...]:
    event = parse_event(COMPLETE, data if isinstance(data, str) else json.dumps(data), API)
    assert isinstance(event, CompletedEvent)
    return tuple(event.results)


@pytest.mark.parametrize(
    "data",
    [
        [video()],
        video(),
        {"data": [video()]},
        {"data": video()},
        [video(file_url=None, file_urls=[URL])],
        [video(file_urls=[URL, URL])],
        [video(file_url=[{"url": URL}])],
        [video(file_urls=URL)],
        [video(), None, "noise", {}],
    ],
)
def test_a_result_of_any_shape(data: object) -> None:
    (result,) = completed(data)
    assert (result.id, result.prompt, result.urls, result.created_at) == ("abc123", "a cat", (URL,), TEN)
    assert (result.succeeded, result.failed) == (True, False)


@pytest.mark.parametrize("data", [[URL], URL, json.dumps(URL), [{"file_url": URL}]])
def test_a_bare_address_is_a_success(data: object) -> None:
    (result,) = completed(data)
    assert (result.urls, result.succeeded, result.failed) == ((URL,), True, False)


def test_several_addresses_keep_their_order() -> None:
    (result,) = completed([video(file_urls=["https://b.example/2", URL, "ftp://no", 7, "HTTPS://c.example/3"])])
    assert result.urls == (URL, "https://b.example/2", "https://c.example/3")


def test_failures_stand_beside_successes() -> None:
    bad = video(id="bad", status="MEDIA_GENERATION_STATUS_FAILED", error={"message": "UNSAFE_GENERATION"})
    good, failed, told = completed([video(), bad, {"id": "x", "error": "boom"}])
    assert (good.succeeded, good.failed) == (True, False)
    assert (failed.succeeded, failed.failed, failed.urls, failed.error) == (False, True, (), "UNSAFE_GENERATION")
    assert (told.succeeded, told.failed, told.error) == (False, True, "boom")


def test_an_empty_array_is_an_empty_result() -> None:
    assert completed([]) == completed({"data": []}) == ()


@pytest.mark.parametrize(
    "status",
    ["MEDIA_GENERATION_STATUS_SUCCESSFUL", "completed", "Success", "SUCCEEDED", "done", "Media-Generation Successful"],
)
def test_words_of_success(status: str) -> None:
    (result,) = completed([video(status=status, file_url=None)])
    assert (result.succeeded, result.failed, result.status) == (True, False, status)


@pytest.mark.parametrize(
    "status",
    [
        "MEDIA_GENERATION_STATUS_FAILED",
        "error",
        "Rejected",
        "CANCELLED",
        "canceled",
        "blocked_by_filter",
        "unsuccessful",
    ],
)
def test_words_of_failure(status: str) -> None:
    (result,) = completed([video(status=status)])
    assert (result.succeeded, result.failed, result.urls) == (False, True, ())


@pytest.mark.parametrize(
    ("status", "final", "succeeded"),
    [("", True, True), ("weird", True, True), ("", False, True), ("processing", False, False), (None, False, True)],
)
def test_an_address_under_an_unknown_status(status: str | None, final: bool, succeeded: bool) -> None:
    result = parse_result(video(status=status), API, final=final)
    assert (result.succeeded, result.failed, result.urls) == (succeeded, False, (URL,))


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-30T10:00:00Z", TEN),
        ("2026-03-30T17:00:00+07:00", TEN),
        ("2026-03-30T17:00:00+0700", TEN),
        ("2026-03-30T10:00:00", TEN),
        ("2026-03-30 10:00:00 UTC", TEN),
        ("2026-03-30T10:00:00.25Z", TEN + timedelta(milliseconds=250)),
        ("2026-03-30T10:00:00.123456789Z", TEN + timedelta(microseconds=123456)),
        (TEN.timestamp(), TEN),
        (int(TEN.timestamp() * 1000), TEN),
        (str(int(TEN.timestamp())), TEN),
    ],
)
def test_times(value: object, expected: datetime | None) -> None:
    assert parse_time(value) == expected


@pytest.mark.parametrize(
    "value", ["", "soon", "0001-01-01T00:00:00+09:00", None, True, [], {}, 1e300, float("nan"), float("inf"), 10**400]
)
def test_unreadable_times(value: object) -> None:
    assert parse_time(value) is None


@given(st.datetimes(timezones=OFFSETS))
def test_a_time_survives_its_text(moment: datetime) -> None:
    assume(timedelta(days=2) < moment - datetime.min.replace(tzinfo=UTC) < timedelta(days=3_600_000))
    parsed = parse_time(moment.isoformat())
    assert parsed == moment
    assert parsed is not None
    assert parsed.tzinfo is UTC


@pytest.mark.parametrize(
    ("data", "kind", "reason"),
    [
        ('{"error": "Boom  <b>\\n", "code": 500}', FailureKind.OTHER, "Boom <b>"),
        ('{"message": "Boom"}', FailureKind.OTHER, "Boom"),
        ('{"error": {"message": "Boom", "code": 13}}', FailureKind.OTHER, "Boom"),
        ('{"error": true, "message": "Boom"}', FailureKind.OTHER, "Boom"),
        ('{"error": "Bad Request", "message": "no face"}', FailureKind.OTHER, "Bad Request: no face"),
        ('"Boom"', FailureKind.OTHER, "Boom"),
        ("Boom", FailureKind.OTHER, "Boom"),
        ("", FailureKind.OTHER, ""),
        ("null", FailureKind.OTHER, ""),
        ("{}", FailureKind.OTHER, ""),
        ('{"error": ""}', FailureKind.OTHER, ""),
        ('{"error": "x", "code": "UNSAFE_GENERATION"}', FailureKind.SAFETY, "x"),
        ('{"code": "PUBLIC_ERROR_UNSAFE_GENERATION"}', FailureKind.SAFETY, "PUBLIC_ERROR_UNSAFE_GENERATION"),
        ('"generation failed: unsafe_generation"', FailureKind.SAFETY, "generation failed: unsafe_generation"),
        ('{"error": "violates our content policies"}', FailureKind.SAFETY, "violates our content policies"),
        ('{"error": "audio_filtered (unsafe)"}', FailureKind.AUDIO, "audio_filtered (unsafe)"),
        ('{"error": "QUOTA exceeded"}', FailureKind.CREDITS, "QUOTA exceeded"),
        ('{"error": "Insufficient credits"}', FailureKind.CREDITS, "Insufficient credits"),
        ('{"error": "x", "code": 402}', FailureKind.CREDITS, "x"),
        ('{"error": "failed, your credits were returned"}', FailureKind.OTHER, "failed, your credits were returned"),
        ('{"error": "UNSAFE_GENERATION was the re', FailureKind.SAFETY, ""),
        ('{"error": "see https://x.example/a?sig=abc#d now"}', FailureKind.OTHER, "see https://x.example/a now"),
        ('{"error": "a\\u0000b\\ud800"}', FailureKind.OTHER, "ab?"),
    ],
)
def test_errors(data: str, kind: FailureKind, reason: str) -> None:
    event = parse_event("error", data, API)
    assert isinstance(event, FailedEvent)
    assert (event.failure.kind, event.failure.reason, event.failure.charged) == (kind, reason, Charged.NO)


def test_a_reason_is_cut_by_code_points() -> None:
    event = parse_event("error", json.dumps({"error": "\U0001f408" * 301}), API)
    assert isinstance(event, FailedEvent)
    assert event.failure.reason == "\U0001f408" * 300


def texts_of(value: object) -> Iterator[str]:
    """Every text in a value, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from texts_of(part)
    elif is_dataclass(value):
        for one in fields(value):
            yield from texts_of(getattr(value, one.name))


@given(st.sampled_from([STATUS, COMPLETE, "error", "other", "message", ""]), TEXT)
def test_no_event_is_more_than_a_typed_error(name: str, data: str) -> None:
    try:
        event = parse_event(name, data, API)
    except MaybeAcceptedError:
        assert name == COMPLETE
        return
    if isinstance(event, FailedEvent):
        assert len(event.failure.reason) <= 300
    if isinstance(event, StatusEvent):
        assert len(event.word) <= 300
        assert event.word or not name
    for text in texts_of(event):
        assert "\x00" not in text
        text.encode()


@given(TEXT)
def test_no_answer_is_more_than_a_typed_error(body: str) -> None:
    for parse in (lambda: parse_histories(body, 1, API), lambda: parse_credits(body)):
        try:
            parse()
        except NotAcceptedError as error:
            assert error.failure.kind is FailureKind.SERVICE  # noqa: PT017
    classify(words_of_text(body), 400)
    answer = parse_answer(body, API)
    assert answer is None or isinstance(answer, CompletedEvent | FailedEvent)


def test_an_address_of_an_unknown_event_is_not_shown() -> None:
    assert parse_event("preview", json.dumps({"at": URL}), API) == StatusEvent("preview")


@pytest.mark.parametrize(
    ("body", "total_pages"),
    [
        ("[]", 4),
        ('{"data": null}', 4),
        ('{"data": [], "page": 2}', 2),
        ('{"data": [], "total": 41, "page": 2, "page_size": 20}', 3),
        ('{"data": [], "total": "5", "page": "1", "page_size": "2", "total_pages": null}', 3),
    ],
)
def test_pages_of_any_shape(body: str, total_pages: int) -> None:
    got = parse_histories(body, 4, API)
    assert (tuple(got.results), got.total_pages) == ((), total_pages)


@pytest.mark.parametrize(
    "body", ['[{"quota": 7, "used": 2}]', '{"data": [{"quota": "7", "used": 2.0}]}', '{"quota": 7, "used": 2}']
)
def test_credits_of_any_shape(body: str) -> None:
    assert parse_credits(body) == ((5, None),)


@pytest.mark.parametrize("body", ['{"data": null}', "null", "[]"])
def test_no_credits(body: str) -> None:
    assert parse_credits(body) == ()


BEHIND = "Mon, 30 Mar 2026 09:59:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "1.5"}, 1.5),
        ({"Retry-After": "-3"}, 0.0),
        ({"Retry-After": "1e9"}, 1e9),
        ({"Retry-After": "inf"}, None),
        ({"Retry-After": "Mon, 30 Mar 2026 09:00:00 GMT"}, None),
        ({"Retry-After": "Mon, 30 Mar 2026 09:00:00 GMT", "X-RateLimit-Reset": "9"}, 9.0),
        ({"Retry-After": "?", "X-RateLimit-Reset": "9"}, 9.0),
        ({"Retry-After": "4", "X-RateLimit-Reset": "9"}, 4.0),
        ({"X-RateLimit-Reset": str(TEN.timestamp() + 8)}, 8.0),
        ({"X-RateLimit-Reset": str(int(TEN.timestamp() * 1000) + 8000)}, 8.0),
        ({"Date": BEHIND, "X-RateLimit-Reset": str(int(TEN.timestamp()) - 52)}, 8.0),
        ({"Date": BEHIND, "Retry-After": "Mon, 30 Mar 2026 09:59:08 GMT"}, 8.0),
        ({"Date": BEHIND, "Retry-After": "8"}, 8.0),
        ({"X-RateLimit-Reset": str(int(TEN.timestamp()) - 52)}, None),
        ({"Date": "Fri, 31 Dec 9999 23:59:59 -2300", "X-RateLimit-Reset": "9"}, 9.0),
        ({"Date": "?", "X-RateLimit-Reset": "9"}, 9.0),
    ],
)
def test_waits(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_asked_for(headers, TEN) == seconds


def test_401_is_the_key_whatever_it_says() -> None:
    assert classify(ErrorWords("unsafe quota"), 401).kind is FailureKind.KEY


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<html><body><style>p{}</style><p>Too <b>large</b></p><!-- x --></body></html>", "Too large"),
        ("<title> </title><h1>Stop</h1>", "Stop"),
        ("<!doctype html>", ""),
        ("<" * 70_000, "<" * 4000),
    ],
)
def test_pages_lose_their_tags(body: str, text: str) -> None:
    assert words_of_text(body).text == text[:300]

"""The parts of the page's server that need no browser: changes, streams, forms, requests, words."""

import json
import re
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.botapi.journal import Press, ReceivedCall
from sandbox.botapi.model import Message, RichText, User
from sandbox.web.feed import KEPT, Feed
from sandbox.web.grouping import Grouping
from sandbox.web.passthrough import PassThrough
from sandbox.web.streams import EventReader, read_form
from sandbox.web.texts import HERE, words
from sandbox.web.wire import WireLog
from tests.ports import free_port

NOW = datetime(2026, 3, 30, 10, 0, tzinfo=UTC)
ALICE, BOT = User(1, "Alice"), User(9, "Bot", is_bot=True)


class StillClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return 0.0


def test_a_page_continues_from_its_number_or_starts_afresh() -> None:
    feed = Feed()
    for number in range(KEPT + 10):
        feed.publish("message", {"value": number})
    assert feed.since(KEPT + 10) == []
    assert [json.loads(one)["value"] for one in feed.since(KEPT + 7) or []] == [KEPT + 7, KEPT + 8, KEPT + 9]
    assert len(feed.since(10) or []) == KEPT
    assert feed.since(9) is None
    assert feed.since(-1) is None
    assert feed.since(KEPT + 11) is None


STREAM = (
    'event: video_generation_status\r\ndata: "starting"\r\n\r\n: ping\n\n'
    'event: error\ndata: {"error": "Bộ lọc"}\n\ndata: two\ndata: lines\n\nevent: cut short\ndata: 1'
).encode()


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_events_are_read_however_the_stream_is_cut(cuts: list[int]) -> None:
    reader = EventReader()
    edges = [0, *sorted(cuts), len(STREAM)]
    read = [event for start, end in pairwise(edges) for event in reader.feed(STREAM[start:end])]
    assert read == [
        ("video_generation_status", "starting"),
        ("error", {"error": "Bộ lọc"}),
        ("message", "two\nlines"),
    ]


def test_a_form_is_told_by_texts_names_and_sizes() -> None:
    body = (
        b'--edge\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nl\xc3\xa1 r\xc6\xa1i\r\n'
        b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n'
        b"\r\n12345\r\n"
        b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="b.png"\r\nContent-Type: image/png\r\n'
        b"\r\n\r\n--edge--\r\n"
    )
    assert read_form(body, "multipart/form-data; boundary=edge") == {
        "prompt": "lá rơi",
        "photo": [
            {"file_name": "a.jpg", "mime_type": "image/jpeg", "size": 5},
            {"file_name": "b.png", "mime_type": "image/png", "size": 0},
        ],
    }
    assert read_form(b"nonsense", "text/plain") == {}


def message(number: int, text: str, *, sender: User = ALICE, reply_to: int | None = None, album: str = "") -> Message:
    return Message(number, 1, NOW, sender, RichText(text), reply_to=reply_to, media_group_id=album)


def call(method: str, result: object = None, **params: object) -> ReceivedCall:
    return ReceivedCall(1, method, {"chat_id": 1} | params, {}, NOW, 200, result=result)


def test_calls_belong_to_the_request_that_caused_them() -> None:
    changed: list[str] = []
    grouping = Grouping(lambda request: changed.append(request.title))
    grouping.person_wrote(message(1, "/start"))
    assert grouping.of_call(call("sendMessage", {"message_id": 2, "chat": {"id": 1}}), None) == 1
    grouping.person_wrote(message(3, "leaves fall", album="a"))
    grouping.person_wrote(message(4, "", album="a"))
    assert grouping.of_call(call("sendMessage", {"message_id": 5, "chat": {"id": 1}}), None) == 2
    assert grouping.of_call(call("editMessageText", message_id=2), None) == 1
    post = grouping.posted("leaves fall")
    assert post.number == 2
    post.videos.add("abc123")
    assert grouping.of_video("/files/abc123.mp4") == 2
    post.ended = True
    again = Press("q", 1, 1, 5, "again", 0.0)
    grouping.person_pressed(again)
    assert grouping.of_call(call("answerCallbackQuery"), again) == 3
    assert grouping.of_call(call("sendMessage", reply_parameters={"message_id": 3}), None) == 3
    assert grouping.posted("leaves fall").number == 3
    grouping.person_wrote(message(8, "another thing"))
    assert [request.title for request in grouping.requests] == ["", "/start", "leaves fall", "leaves fall"]
    assert grouping.of_call(ReceivedCall(1, "getMe", {}, {}, NOW, 200), None) == 0


@pytest.fixture
def log() -> tuple[WireLog, list[dict[str, object]]]:
    seen: list[dict[str, object]] = []
    return WireLog(StillClock(), seen.append, ("123:token", "the-key")), seen


def test_nothing_secret_is_in_an_entry(log: tuple[WireLog, list[dict[str, object]]]) -> None:
    wire, seen = log
    received = call("setWebhook", {"url": "https://example.org/bot123:token"}, secret_token="hush", note="the-key")
    wire.call(received, 0)
    told = json.dumps([seen, wire.wire()])
    assert "hush" not in told
    assert 'token"' not in told.replace("secret_token", "")
    assert "the-key" not in told
    assert seen[-1]["label"] == "setWebhook"


def test_both_languages_have_the_same_words_and_the_page_uses_all_of_them() -> None:
    assert words("en").keys() == words("vi").keys()
    assert {path.stem for path in (HERE / "locales").iterdir()} == {"en", "vi"}
    sources = "".join(path.read_text(encoding="utf-8") for path in (HERE / "static").glob("*.*"))
    sources += "".join(path.read_text(encoding="utf-8") for path in Path(HERE).glob("*.py"))
    made = ("choice-", "action-", "quoted-", "person-", "username-")
    unused = [key for key in words("en") if not key.startswith(made) and not re.search(rf'["{{]{key}["}}]', sources)]
    assert unused == []


async def test_a_service_that_is_not_there_has_accepted_nothing(
    log: tuple[WireLog, list[dict[str, object]]],
) -> None:
    wire, seen = log
    upstream = f"http://127.0.0.1:{free_port()}/api/v1"
    async with PassThrough(upstream, wire, Grouping(lambda _request: None)) as door, aiohttp.ClientSession() as session:
        form = {"prompt": "leaves fall"}
        async with session.post(f"{door.url}/veo/ingredients-to-video", data=form) as answer:
            assert (answer.status, "Retry-After" in answer.headers) == (503, True)
    assert seen[-1]["label"] == "POST /v1/veo/ingredients-to-video"
    assert seen[-1]["status"] == 503

import asyncio
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import Bot
from telegram.error import BadRequest, ChatMigrated, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.ext import ExtBot

from bot.outbox import Outbox, OutboxClosedError
from services.delivery import send as module
from services.delivery.errors import (
    SendForbiddenError,
    SendNotSentError,
    SendRefusedError,
    SendUnknownError,
)
from services.delivery.facts import VideoFacts
from services.delivery.send import Outgoing, SentVideo, VideoSender, meaning
from services.http_requests import CallBrokeError, NeverSentError
from services.screens import Place
from tests.integration.bot.telegram_calls import telegram_request
from tests.unit.delivery.botapi import BotApi, breaking_off, refusing, silent_end, too_large_as_html

TOKEN = "4242:SECRET"
FACTS = VideoFacts(1280, 720, 8)
PLACE = Place(7, None, 33)
BY_URL = Outgoing("https://cdn.example.org/SECRET.mp4", FACTS)


@dataclass
class Bench:
    api: BotApi
    sender: VideoSender
    film: Path

    @property
    def upload(self) -> Outgoing:
        return Outgoing(self.film, FACTS, "video-1.mp4")


@pytest.fixture
async def bench(film: Path) -> AsyncIterator[Bench]:
    api = BotApi()
    async with TestServer(api.app()) as server, telegram_request() as request:
        base = str(server.make_url("/"))
        yield Bench(api, VideoSender(Bot(TOKEN, f"{base}bot", f"{base}file/bot", request=request)), film)


async def test_one_goes_as_a_video(bench: Bench) -> None:
    assert await bench.sender.send(PLACE, [BY_URL], "a cat") == [SentVideo(500, "file-500")]
    [call] = bench.api.calls
    assert call.method == "sendVideo"
    assert call.json("reply_parameters") == {"message_id": 33, "allow_sending_without_reply": True}
    del call.fields["reply_parameters"]
    facts = {"width": "1280", "height": "720", "duration": "8", "supports_streaming": "true"}
    assert call.fields == {"chat_id": "7", "video": BY_URL.source, "caption": "a cat", **facts}


async def test_upload_is_byte_for_byte(bench: Bench) -> None:
    await bench.sender.send(PLACE, [bench.upload])
    [call] = bench.api.calls
    assert call.files == {"video": ("video-1.mp4", "video/mp4", bench.film.read_bytes())}
    assert (call.fields["width"], call.fields["duration"]) == ("1280", "8")


async def test_several_go_as_an_album(bench: Bench) -> None:
    sent = await bench.sender.send(Place(7, 12, 33), [bench.upload, BY_URL, bench.upload], "a <cat> & *dog*")
    assert [video.message_id for video in sent] == [500, 501, 502]
    [call] = bench.api.calls
    assert call.method == "sendMediaGroup"
    assert (call.fields["message_thread_id"], call.json("reply_parameters")["message_id"]) == ("12", 33)
    media = call.json("media")
    assert [item.get("caption") for item in media] == ["a <cat> & *dog*", None, None]
    assert [item["type"] for item in media] == ["video"] * 3
    assert all((item["width"], item["height"], item["duration"]) == (1280, 720, 8) for item in media)
    assert all(item["supports_streaming"] and "parse_mode" not in item for item in media)
    assert media[1]["media"] == BY_URL.source
    for item in (media[0], media[2]):
        assert call.files[item["media"].removeprefix("attach://")][2] == bench.film.read_bytes()


async def test_file_id_goes_without_facts(bench: Bench) -> None:
    await bench.sender.send(Place(7), [Outgoing("BAADfile-id")])
    assert bench.api.calls[0].fields == {"chat_id": "7", "video": "BAADfile-id", "supports_streaming": "true"}


async def test_caption_is_cut_between_characters(bench: Bench) -> None:
    await bench.sender.send(PLACE, [BY_URL], "🐈" * 2000)
    assert bench.api.calls[0].fields["caption"] == "🐈" * 1024


@pytest.mark.parametrize("kind", ["video", "animation", "document"])
async def test_file_id_of_whatever_telegram_made_of_it(bench: Bench, kind: str) -> None:
    bench.api.kind = kind
    assert (await bench.sender.send(PLACE, [BY_URL]))[0].file_id == "file-500"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Bad Request: message to be replied not found", {"message_thread_id"}),
        ("Bad Request: message thread not found", {"reply_parameters"}),
    ],
)
async def test_goes_without_what_is_gone(bench: Bench, text: str, kept: set[str]) -> None:
    bench.api.script = [refusing(400, text)]
    sent = await bench.sender.send(Place(7, 12, 33), [bench.upload])
    assert len(sent) == 1
    [call] = bench.api.calls
    assert {"message_thread_id", "reply_parameters"} & set(call.fields) == kept
    assert call.files["video"][2] == bench.film.read_bytes()


async def test_gives_up_when_that_does_not_help(bench: Bench) -> None:
    bench.api.script = [refusing(400, "Bad Request: message thread not found")] * 5
    with pytest.raises(SendRefusedError):
        await bench.sender.send(Place(7, 12, 33), [BY_URL])
    assert len(bench.api.script) == 3


@pytest.mark.parametrize(
    ("status", "text", "kind"),
    [
        (400, "Bad Request: wrong file identifier/HTTP URL specified", SendRefusedError),
        (400, "Bad Request: failed to get HTTP URL content", SendRefusedError),
        (400, "Bad Request: wrong type of the web page content", SendRefusedError),
        (400, "Bad Request: not enough rights to send videos to the chat", SendForbiddenError),
        (413, "Request Entity Too Large", SendRefusedError),
        (403, "Forbidden: bot was blocked by the user", SendForbiddenError),
        (403, "Forbidden: bot was kicked from the supergroup chat", SendForbiddenError),
        (400, "Bad Request: chat not found", SendForbiddenError),
        (400, "Bad Request: have no rights to send a message", SendForbiddenError),
        (400, "Bad Request: TOPIC_CLOSED", SendForbiddenError),
        (500, "Internal Server Error", SendUnknownError),
        (502, "Bad Gateway", SendUnknownError),
    ],
)
async def test_errors_are_told_apart(bench: Bench, status: int, text: str, kind: type[Exception]) -> None:
    bench.api.script = [refusing(status, text)] * 2
    for video in (BY_URL, bench.upload):
        with pytest.raises(kind) as caught:
            await bench.sender.send(PLACE, [video])
        assert type(caught.value) is kind
        assert "SECRET" not in "".join(traceback.format_exception(caught.value))


async def test_what_speaks_for_itself_passes(bench: Bench) -> None:
    bench.api.script = [
        refusing(429, "Too Many Requests: retry after 5", retry_after=5),
        refusing(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1009),
        refusing(401, "Unauthorized"),
    ]
    with pytest.raises(RetryAfter):
        await bench.sender.send(PLACE, [bench.upload])
    with pytest.raises(ChatMigrated) as caught:
        await bench.sender.send(PLACE, [bench.upload])
    assert caught.value.new_chat_id == -1009
    with pytest.raises(InvalidToken):
        await bench.sender.send(PLACE, [bench.upload])


@pytest.fixture
def heavy(tmp_path: Path) -> Outgoing:
    path = tmp_path / "heavy.mp4"
    with path.open("wb") as file:
        file.truncate(60_000_000)
    return Outgoing(path, FACTS)


async def test_too_large_as_a_page(bench: Bench, heavy: Outgoing) -> None:
    bench.api.script = [too_large_as_html]
    with pytest.raises(SendRefusedError):
        await bench.sender.send(PLACE, [heavy])


async def test_upload_that_breaks_off_was_not_sent(bench: Bench, heavy: Outgoing) -> None:
    bench.api.script = [breaking_off, breaking_off]
    for videos in ([heavy], [bench.upload, heavy]):
        with pytest.raises(SendNotSentError) as caught:
            await bench.sender.send(PLACE, videos)
        assert caught.value.broke_off


async def test_lost_answer_is_unknown(bench: Bench) -> None:
    bench.api.script = [silent_end] * 3
    for videos in ([BY_URL], [bench.upload], [bench.upload, BY_URL]):
        with pytest.raises(SendUnknownError):
            await bench.sender.send(PLACE, videos)


async def test_late_answer_is_unknown(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_SECONDS", 0.05)
    over = asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        await request.read()
        await over.wait()
        return web.Response()

    bench.api.script = [never]
    with pytest.raises(SendUnknownError):
        await bench.sender.send(PLACE, [bench.upload])
    over.set()


async def test_refused_connection_was_not_sent(film: Path) -> None:
    async with telegram_request() as request:
        sender = VideoSender(Bot(TOKEN, "http://127.0.0.1:1/bot", request=request))
        for video in (BY_URL, Outgoing(film, FACTS)):
            with pytest.raises(SendNotSentError) as caught:
                await sender.send(PLACE, [video])
            assert not caught.value.broke_off


def test_wait_for_a_connection_is_not_sent() -> None:
    error = TimedOut()
    error.__cause__ = NeverSentError("Wait")
    assert isinstance(meaning(error, whole=True), SendNotSentError)


def test_call_that_the_outbox_refused_at_the_end_is_not_sent() -> None:
    assert isinstance(meaning(OutboxClosedError(), whole=True), SendNotSentError)


@pytest.mark.parametrize(("cause", "kind"), [(NeverSentError, SendNotSentError), (CallBrokeError, SendUnknownError)])
def test_cause_is_told_by_its_name(cause: type[CallBrokeError], kind: type[Exception]) -> None:
    error = NetworkError("aiohttp.SomeError")
    error.__cause__ = cause("SomeError")
    found = meaning(error, whole=True)
    assert type(found) is kind
    assert "SomeError" in str(found)


@pytest.mark.parametrize(
    "error", [TimedOut(), NetworkError("aiohttp.ClientOSError"), TelegramError("Invalid server response")]
)
def test_whole_request_makes_the_difference(error: TelegramError) -> None:
    assert isinstance(meaning(error, whole=True), SendUnknownError)
    assert isinstance(meaning(error, whole=False), SendNotSentError)
    assert isinstance(meaning(BadRequest("Wrong file"), whole=False), SendRefusedError)


async def test_upload_that_a_flood_puts_off_is_made_again_in_full(bench: Bench) -> None:
    request = bench.sender.bot.request
    bot = ExtBot(TOKEN, bench.sender.bot.base_url.removesuffix(TOKEN), request=request, rate_limiter=Outbox())
    bench.api.script = [refusing(429, "Too Many Requests: retry after 1", retry_after=1)]
    sent = await VideoSender(bot).send(PLACE, [bench.upload, bench.upload])
    assert len(sent) == 2
    [call] = bench.api.calls
    assert [file[2] for file in call.files.values()] == [bench.film.read_bytes()] * 2

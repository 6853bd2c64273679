"""Photos, documents, videos, albums: in and out, byte for byte."""

import asyncio
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import telegram
from aiohttp import web
from aiohttp.test_utils import TestServer
from telegram import InputFile, InputMediaDocument, InputMediaPhoto, InputMediaVideo
from telegram.error import BadRequest, NetworkError

from sandbox.botapi import BotApiOptions, BotApiServer, Person
from sandbox.botapi.placeholders import OTHER_KINDS
from tests.integration.sandbox.botapi_tools import call, connect, refusal
from tests.pictures import picture

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(2000)


async def test_photo_has_sizes_and_keeps_its_bytes(bot: telegram.Bot, alice: Person) -> None:
    data = picture(size=(2000, 1000))
    await alice.send_photo(data, "a caption /video@pho2video_bot")
    (update,) = await bot.get_updates()
    assert update.message is not None
    sizes = update.message.photo
    assert [(one.width, one.height) for one in sizes] == [(90, 45), (320, 160), (800, 400), (1280, 640), (2000, 1000)]
    assert sizes[-1].file_size == len(data)
    assert [entity.type for entity in update.message.caption_entities] == ["bot_command"]
    file = await bot.get_file(sizes[-1])
    assert bytes(await file.download_as_bytearray()) == data
    assert bytes(await (await bot.get_file(sizes[0])).download_as_bytearray()).startswith(b"\xff\xd8")


async def test_document_keeps_name_and_bytes(bot: telegram.Bot, alice: Person, tmp_path: Path) -> None:
    path = tmp_path / "Ảnh cưới.png"
    path.write_bytes(picture(kind="PNG"))
    await alice.send_document(path, "look")
    (update,) = await bot.get_updates()
    assert update.message is not None
    document = update.message.document
    assert document is not None
    assert (document.file_name, document.mime_type) == ("Ảnh cưới.png", "image/png")
    assert bytes(await (await bot.get_file(document)).download_as_bytearray()) == path.read_bytes()


async def test_album_comes_as_separate_updates_in_any_order(bot: telegram.Bot, alice: Person) -> None:
    gaps = 0

    async def gap() -> None:
        nonlocal gaps
        gaps += 1

    sent = await alice.send_album(
        [picture("red"), picture("blue"), picture("gold")], "all", order=[2, 0, 1], between=gap
    )
    got = [update.message for update in await bot.get_updates()]
    assert [one.message_id for one in got if one] == [sent[index].message_id for index in (2, 0, 1)]
    assert len({one.media_group_id for one in got if one}) == 1
    assert [one.caption for one in got if one] == [None, "all", None]
    assert gaps == 2


@pytest.mark.parametrize("kind", sorted(OTHER_KINDS))
async def test_other_things_arrive(bot: telegram.Bot, alice: Person, kind: str) -> None:
    await alice.send_other(kind)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert getattr(update.message, kind) is not None


async def test_parts_of_an_album_are_told_of_later(bot: telegram.Bot, alice: Person) -> None:
    parts = await alice.send_album([picture(), picture()], "mine", order=())
    assert await bot.get_updates() == ()
    for part in reversed(parts):
        alice.tell(part)
    messages = [update.message for update in await bot.get_updates()]
    assert [message.message_id for message in messages if message] == [one.message_id for one in reversed(parts)]


async def test_file_whose_size_is_not_told(bot: telegram.Bot, alice: Person) -> None:
    await alice.send_document(b"x" * 7, sized=False)
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.document is not None
    document = update.message.document
    assert (document.file_size, document.file_name, document.mime_type) == (None, None, None)
    assert (await bot.get_file(document.file_id)).file_size == 7


async def test_message_with_any_fields(bot: telegram.Bot, alice: Person) -> None:
    await alice.send_fields({"write_access_allowed": {"from_request": True}, "of_tomorrow": {"x": 1}})
    (update,) = await bot.get_updates()
    assert update.message is not None
    assert update.message.write_access_allowed is not None
    assert update.message.api_kwargs == {"of_tomorrow": {"x": 1}}


async def test_video_upload(botapi: BotApiServer, bot: telegram.Bot, alice: Person, tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    path.write_bytes(MP4)
    with path.open("rb") as handle:
        video = InputFile(handle, filename="v.mp4", read_file_handle=False)
        sent = await bot.send_video(
            alice.chat_id, video, width=1280, height=720, duration=8, supports_streaming=True, caption="done"
        )
    assert sent.video is not None
    assert (sent.video.width, sent.video.height, sent.video.duration.__class__.__name__) == (1280, 720, "int")
    line = botapi.transcript(alice.chat_id)[-1]
    assert (line.kind, line.text, line.streaming, line.duration) == ("video", "done", True, 8)
    assert line.path is not None
    assert line.path.read_bytes() == MP4
    again = await bot.send_video(alice.chat_id, sent.video.file_id)
    assert again.video == sent.video
    with pytest.raises(BadRequest, match=r"(?i)can't use file of type video as photo"):
        await bot.send_photo(alice.chat_id, sent.video.file_id)


async def test_album_of_videos(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    asked = await alice.send_text("two please")
    parts = [
        InputMediaVideo(MP4, caption="<b>c</b>", parse_mode="HTML", width=1280, height=720, duration=8),
        InputMediaVideo(MP4 + b"2", supports_streaming=True),
    ]
    reply = telegram.ReplyParameters(asked.message_id)
    sent = await bot.send_media_group(alice.chat_id, parts, reply_parameters=reply)
    album = await botapi.wait_for_album(alice.chat_id, 2)
    assert [line.message_id for line in album] == [one.message_id for one in sent]
    assert [line.reply_to for line in album] == [asked.message_id] * 2
    assert [line.text for line in album] == ["c", ""]
    assert [line.path.read_bytes() for line in album if line.path] == [MP4, MP4 + b"2"]


@pytest.mark.parametrize(
    ("media", "reason"),
    [
        ([{"type": "photo", "media": "x"}], "an album must hold 2-10 items (strict mode)"),
        ([{"type": "photo", "media": "x"}] * 11, "too many messages to send as an album"),
        ([{"type": "photo", "media": "x"}, {"type": "document", "media": "x"}],
         "document can't be mixed with other media types"),
        ([{"type": "photo", "media": "x"}] * 2, "wrong file identifier/HTTP URL specified"),
        ([{"type": "photo", "media": "attach://nowhere"}] * 2, "wrong file identifier/HTTP URL specified"),
        ([{"type": "video", "media": "x", "caption": "c" * 1025}] * 2, "message caption is too long"),
        ([{"type": "video", "media": "x", "with": 3}] * 2,
         'can\'t parse InputMedia: unknown field "with" (strict mode)'),
    ],
)  # fmt: skip
async def test_unsendable_album(botapi: BotApiServer, alice: Person, media: list[object], reason: str) -> None:
    assert await refusal(botapi, "sendMediaGroup", chat_id=alice.chat_id, media=media) == f"Bad Request: {reason}"
    markup = {"inline_keyboard": [[{"text": "A", "callback_data": "a"}]]}
    buttons = await refusal(botapi, "sendMediaGroup", chat_id=alice.chat_id, media=media, reply_markup=markup)
    assert buttons == 'Bad Request: unknown parameter "reply_markup" of sendMediaGroup (strict mode)'


async def _site(**pages: tuple[str, bytes]) -> TestServer:
    async def page(request: web.Request) -> web.Response:
        mime, body = pages[request.match_info["name"]]
        return web.Response(body=body, content_type=mime)

    app = web.Application()
    app.router.add_get("/{name}", page)
    site = TestServer(app)
    await site.start_server()
    return site


async def test_by_url(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    photo = picture()
    site = await _site(v=("video/mp4", MP4), p=("image/jpeg", photo), h=("text/html", b"<html>"))
    good, bad = str(site.make_url("/v")), str(site.make_url("/h"))
    sent = await bot.send_video(alice.chat_id, good, width=4, height=3, duration=2)
    assert sent.video is not None
    assert sent.video.file_size == len(MP4)
    both: list[InputMediaPhoto | InputMediaVideo] = [InputMediaPhoto(str(site.make_url("/p"))), InputMediaVideo(good)]
    assert len(await bot.send_media_group(alice.chat_id, both)) == 2
    assert botapi.file_path(botapi.transcript(alice.chat_id)[1].file_id).read_bytes() == photo
    with pytest.raises(BadRequest, match=r"(?i)wrong type of the web page content"):
        await bot.send_video(alice.chat_id, bad)
    with pytest.raises(BadRequest, match=r"(?i)failed to send message #2 .*webpage_media_empty"):
        await bot.send_media_group(alice.chat_id, [InputMediaVideo(good), InputMediaVideo(bad)])
    await site.close()
    with pytest.raises(BadRequest, match=r"(?i)failed to get http url content"):
        await bot.send_video(alice.chat_id, good)
    assert len(botapi.transcript(alice.chat_id)) == 3


async def test_limits_of_size(tmp_path: Path) -> None:
    options = BotApiOptions(upload_limit=300_000, download_limit=100_000, photo_limit=50_000)
    async with BotApiServer(options) as server, connect(server) as bot:
        alice = server.add_person(started=True)
        site = await _site(v=("video/mp4", bytes(100_001)))
        with pytest.raises(BadRequest, match=r"(?i)failed to get http url content"):
            await bot.send_video(alice.chat_id, str(site.make_url("/v")))
        await site.close()
        sent = await bot.send_document(alice.chat_id, bytes(100_001))
        assert sent.document is not None
        with pytest.raises(BadRequest, match=r"(?i)file is too big"):
            await bot.get_file(sent.document)
        with pytest.raises(NetworkError, match="Request Entity Too Large"):
            await bot.send_document(alice.chat_id, bytes(300_001))
        with pytest.raises(BadRequest, match=r"(?i)file is too big"):
            await bot.send_photo(alice.chat_id, bytes(50_001))
        with pytest.raises(BadRequest, match=r"(?i)image_process_failed"):
            await bot.send_photo(alice.chat_id, b"no image")
        assert list((server.backend.files.incoming).iterdir()) == []


async def test_declared_length_over_the_limit_is_refused_unread(botapi: BotApiServer, alice: Person) -> None:
    url = f"{botapi.base_url}{botapi.token}/sendVideo"
    async with aiohttp.ClientSession() as session:
        headers = {"Content-Length": str(60 * 1024 * 1024), "Content-Type": "multipart/form-data; boundary=b"}
        async with session.post(url, data=b"", headers=headers) as response:
            assert response.status == 413
            assert (await response.json())["description"] == "Request Entity Too Large"


async def test_files_are_private(botapi: BotApiServer, alice: Person) -> None:
    message = await alice.send_document(b"secret", file_name="a.txt")
    assert message.media is not None
    path = message.media.file.file_path
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{botapi.base_file_url}{botapi.token}/{path}") as unasked:
            assert unasked.status == 404
        async with session.get(f"{botapi.base_file_url}1:x/{path}") as stranger:
            assert stranger.status == 401


async def test_part_that_nobody_refers_to(botapi: BotApiServer, alice: Person) -> None:
    form = aiohttp.FormData({"chat_id": str(alice.chat_id), "document": "attach://a"})
    form.add_field("a", b"1", filename="a.txt")
    form.add_field("b", b"2", filename="b.txt")
    url = f"{botapi.base_url}{botapi.token}/sendDocument"
    async with aiohttp.ClientSession() as session, session.post(url, data=form) as response:
        body = await response.json()
    assert body["description"] == 'Bad Request: uploaded file "b" is not referred to (strict mode)'


async def test_documents_album(botapi: BotApiServer, bot: telegram.Bot, alice: Person) -> None:
    await bot.send_media_group(alice.chat_id, [InputMediaDocument(b"a", filename="a.txt"), InputMediaDocument(b"b")])
    assert [line.kind for line in await botapi.wait_for_album(alice.chat_id, 2)] == ["document", "document"]


async def test_local_mode_gives_and_takes_paths(tmp_path: Path) -> None:
    path = tmp_path / "a b.mp4"
    path.write_bytes(MP4)
    async with BotApiServer(BotApiOptions(local_mode=True, download_limit=10)) as server:
        alice = server.add_person(started=True)
        sent = (await call(server, "sendVideo", chat_id=alice.chat_id, video=path.as_uri()))["result"]["video"]
        got = (await call(server, "getFile", file_id=sent["file_id"]))["result"]
        assert await asyncio.to_thread(Path(got["file_path"]).read_bytes) == MP4
        assert path.exists()
    async with BotApiServer() as server:
        alice = server.add_person(started=True)
        text = await refusal(server, "sendVideo", chat_id=alice.chat_id, video=path.as_uri())
        assert text == "Bad Request: wrong file identifier/HTTP URL specified"


async def test_memory_does_not_grow_with_the_upload(botapi: BotApiServer, alice: Person) -> None:
    piece, pieces = bytes(256 * 1024), 120

    async def body() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield piece

    form = aiohttp.FormData({"chat_id": str(alice.chat_id)})
    form.add_field("document", body(), filename="large.bin", content_type="application/octet-stream")
    tracemalloc.start()
    try:
        async with aiohttp.ClientSession() as session:
            url = f"{botapi.base_url}{botapi.token}/sendDocument"
            async with session.post(url, data=form) as response:
                assert (await response.json())["result"]["document"]["file_size"] == len(piece) * pieces
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * 1024 * 1024

"""Files as a host of the field gives them: late, cut short, piece by piece, under odd addresses, of odd kinds."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from sandbox.botapi.faults import FaultKind
from sandbox.genaipro import Answer, FileFault, Script
from services.http_requests import USER_AGENT
from tests.acceptance.e2e.asking import ask, left_over, rows, shown, statuses, videos
from tests.acceptance.e2e.test_delivery_faults import done, got, links, made, states
from tests.acceptance.e2e.world import World, world
from tests.pictures import jpeg

pytestmark = pytest.mark.timeout(90)

FILMS = Path(__file__).parents[2] / "unit" / "delivery" / "films"
FILM = (FILMS / "free-box-in-stsd.mp4").read_bytes()
WEBM = (FILMS / "title-not-utf8.webm").read_bytes()
Give = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Host:
    """A host of files beside the API, under its name and another port."""

    root: str = ""
    files: dict[str, Give] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    agents: set[str] = field(default_factory=set)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        self.agents.add(request.headers.get("User-Agent", ""))
        return await self.files[request.path](request)


@asynccontextmanager
async def hosting(**files: Give) -> AsyncIterator[Host]:
    host = Host(files={f"/{name}.mp4": give for name, give in files.items()})
    app = web.Application()
    app.router.add_get("/{path:.*}", host.answer)
    async with TestServer(app, host="127.0.0.1") as server:
        host.root = f"127.0.0.1:{server.port}"
        yield host


def whole(data: bytes) -> Give:
    async def give(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=data)

    return give


async def in_pieces(request: web.Request) -> web.StreamResponse:
    """At most 8 kB in an answer; no length without ``Range``."""
    asked = request.headers.get("Range")
    start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
    piece = FILM[start : start + 8192]
    if asked:
        named = {"Content-Range": f"bytes {start}-{start + len(piece) - 1}/{len(FILM)}"}
        return web.Response(status=206, body=piece, headers=named)
    response = web.StreamResponse()
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(piece)
    return response


def late(times: int, status: int, data: bytes) -> Give:
    left = [times]

    async def give(_request: web.Request) -> web.StreamResponse:
        left[0] -= 1
        return web.Response(status=status) if left[0] >= 0 else web.Response(body=data)

    return give


async def test_a_stump_is_asked_for_again_until_the_film_is_whole(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        here.genaipro.enqueue(Script(file_faults=(FileFault(cut=700, times=3),)))
        asked = await ask(here, "a stump", 2)
        await done(here, asked)
        # Each is sent when it is there: on a busy machine the second may be first.
        assert sorted(got(here, asked)) == sorted(made(here, asked))
        assert states(here) == ["sent", "sent"]


async def test_a_host_that_gives_pieces_is_asked_for_all(tmp_path: Path) -> None:
    async with hosting(v=in_pieces) as host, world(tmp_path) as here, here.clock.hurried(0.5):
        here.genaipro.enqueue(Script(urls=(f"http://{host.root}/v.mp4",)))
        asked = await ask(here, "pieces")
        await done(here, asked)
        assert got(here, asked) == [FILM]
        assert host.agents == {USER_AGENT}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404),
        Answer(403),
        Answer(425),
        Answer(503),
        Answer(200, ""),
        Answer(200, "<html>", content_type="text/html"),
    ],
    ids=["404", "403", "425", "503", "empty", "page"],
)
async def test_a_file_that_is_not_there_yet_is_waited_for_and_the_status_says_so(
    tmp_path: Path, answer: Answer
) -> None:
    async with world(tmp_path) as here:
        here.genaipro.enqueue(Script(file_faults=(FileFault(answer, times=5 if answer.status != 403 else 10),)))
        asked = await ask(here, "late")
        async with here.clock.hurried(0.05):
            await shown(here, asked, "the service's file is not there yet")
        async with here.clock.hurried(0.5):
            await done(here, asked)
        assert got(here, asked) == made(here, asked)
        assert links(here, asked) == 0


async def test_a_late_file_holds_none_of_the_others(tmp_path: Path) -> None:
    async with hosting(v=late(6, 404, FILM)) as host, world(tmp_path) as here:
        here.genaipro.enqueue(Script(urls=(f"http://{host.root}/v.mp4",)))
        asked = await ask(here, "one is late", 3)
        async with here.clock.hurried(0.05):
            await here.telegram.wait_for(lambda: len(videos(here, asked)) == 2)
        assert host.asked["/v.mp4"] <= 6
        async with here.clock.hurried(0.5):
            await done(here, asked)
        assert got(here, asked) == [*made(here, asked)[1:], FILM]
        assert states(here) == ["sent"] * 3


async def test_an_address_that_has_expired_is_looked_up_in_the_history(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(2.0):
        here.genaipro.enqueue(Script(expired=True))
        asked = await ask(here, "expired", 2)
        await done(here, asked)
        assert sorted(got(here, asked)) == sorted(made(here, asked))
        assert states(here) == ["sent", "sent"]
        assert len(here.genaipro.posts) == 1


async def test_a_file_that_never_comes_is_a_link_and_the_words_are_true(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(4.0):
        here.genaipro.enqueue(Script(file_answer=Answer(404)))
        asked = await ask(here, "never")
        await done(here, asked)
        (status,) = statuses(here, asked)
        assert "The service did not hand out the file of 1 video" in status.text
        assert "Telegram" not in status.text
        assert links(here, asked) == 1
        assert states(here) == ["unfetched"]


async def test_a_kill_while_a_file_is_waited_for_loses_nothing(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.genaipro.enqueue(Script(file_faults=(FileFault(Answer(404), times=5),)))
        asked = await ask(here, "late and stopped")
        async with here.clock.hurried(0.05):
            await shown(here, asked, "the service's file is not there yet")
        await here.stop()
        await here.start()
        async with here.clock.hurried(0.5):
            await done(here, asked)
        assert got(here, asked) == made(here, asked)
        assert len(here.genaipro.posts) == 1


@pytest.mark.parametrize(
    ("name", "film", "size"),
    [
        ("free-box-in-stsd.mp4", "video-1.mp4", ("320", "180", "2")),
        ("title-not-utf8-fragmented.mp4", "video-1.mp4", ("320", "180", "2")),
        ("title-not-utf8.webm", "video-1.webm", ("320", "180", "2")),
    ],
)
async def test_odd_films_are_sent_under_their_own_name_with_what_is_true(
    tmp_path: Path, name: str, film: str, size: tuple[str, str, str]
) -> None:
    data = (FILMS / name).read_bytes()
    async with hosting(v=whole(data)) as host, world(tmp_path) as here, here.clock.hurried(0.5):
        here.genaipro.enqueue(Script(urls=(f"http://{host.root}/v.mp4",)))
        asked = await ask(here, "an odd film")
        await done(here, asked)
        (sent,) = here.telegram.calls("sendVideo")
        assert tuple(str(sent.params[key]) for key in ("width", "height", "duration")) == size
        assert [upload.file_name for upload in sent.uploads.values()] == [film]
        assert got(here, asked) == [data]


async def test_a_film_that_is_damaged_spoils_none_of_the_others(tmp_path: Path) -> None:
    damaged = FILM[:60] + bytes(len(FILM) - 60)
    async with hosting(v=whole(damaged)) as host, world(tmp_path) as here, here.clock.hurried(4.0):
        here.genaipro.enqueue(Script(urls=(f"http://{host.root}/v.mp4",)))
        asked = await ask(here, "one is damaged", 2)
        await done(here, asked)
        assert got(here, asked) == made(here, asked)[1:]
        assert states(here) == ["unfetched", "sent"]


async def test_an_hour_without_telegram_costs_no_video_its_place(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        gate = here.genaipro.hold(at=2)
        asked = await ask(here, "an outage")
        await shown(here, asked, "Uploading")
        here.telegram.fail("*", FaultKind.HTML, status=502, times=100_000)
        began = here.clock.monotonic()
        async with here.clock.hurried(10.0):
            gate.release()
            await here.telegram.wait_for(lambda: here.clock.monotonic() - began > 3600)
        assert len(here.telegram.calls("sendVideo")) == 1
        here.telegram.clear_faults()
        async with here.clock.hurried(1.0):
            await done(here, asked)
        assert states(here) == ["sent"]
        assert got(here, asked) == made(here, asked)
        assert len(here.telegram.calls("sendVideo")) == 2


async def test_a_stop_in_an_outage_keeps_the_video(tmp_path: Path) -> None:
    async with world(tmp_path) as here:
        here.telegram.fail("sendVideo", FaultKind.HTML, status=502)
        here.telegram.fail("getMe", FaultKind.HTML, status=502, times=100_000, skip=0)
        asked = await ask(here, "stopped in an outage")
        async with here.clock.hurried(0.1):
            await here.telegram.wait_for(lambda: len(here.telegram.calls("getMe")) >= 3)
        await here.stop()
        assert states(here) == ["sending"]
        here.telegram.clear_faults()
        await here.start()
        async with here.clock.hurried(0.5):
            await done(here, asked)
        assert states(here) == ["sent"]
        assert len(here.telegram.calls("sendVideo")) == 2


async def _in_a_group(here: World, prompt: str, *, topic: bool) -> tuple[int, int | None, int]:
    """A request in a group, or in one of its topics: the chat, the topic, the message."""
    chat = here.telegram.add_group("Film club", [here.anna], forum=topic)
    thread = here.telegram.add_topic(chat.chat_id, "Cats").thread_id if topic else None
    name = "@" + here.telegram.backend.world.bot.username
    message = await here.anna.send_photo(jpeg("red"), f"/video{name} {prompt}", chat=chat.chat_id, thread=thread)
    return chat.chat_id, thread, message.message_id


@pytest.mark.parametrize("topic", [True, False], ids=["closed topic", "no right to send videos"])
async def test_a_group_is_told_that_its_videos_went_to_the_person(tmp_path: Path, *, topic: bool) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        gate = here.genaipro.hold(at=2)
        await here.anna.send_text("/start")
        chat, thread, message = await _in_a_group(here, "not here", topic=topic)
        await here.genaipro.posted()
        if thread is not None:
            here.telegram.close_topic(chat, thread)
        else:
            here.telegram.forbid(chat, "video")
        gate.release()
        told = await here.telegram.wait_for_message(chat, "Done: 1 video")
        assert told.reply_to == message
        assert "I may not send videos here, so I sent it to the one who asked, in private" in told.text
        assert [line.kind for line in here.telegram.bot_lines(here.anna.chat_id)].count("video") == 1
        assert [found["state"] for found in rows(here, "SELECT state FROM videos")] == ["sent_in_private"]
        assert not left_over(here)


@pytest.mark.parametrize("form", ["//{root}/v.mp4", "HTTP://{root}/v.mp4", " http://{root}/phim của tôi.mp4 "])
async def test_addresses_in_other_shapes_are_fetched(tmp_path: Path, form: str) -> None:
    async with hosting(v=whole(FILM)) as host, world(tmp_path) as here, here.clock.hurried(0.5):
        host.files["/phim của tôi.mp4"] = whole(FILM)
        here.genaipro.enqueue(Script(urls=(form.format(root=host.root),)))
        asked = await ask(here, "an odd address")
        await done(here, asked)
        assert got(here, asked) == [FILM]


async def test_a_path_lies_on_the_host_of_the_api(tmp_path: Path) -> None:
    async with world(tmp_path) as here, here.clock.hurried(0.5):
        first = await ask(here, "the first")
        await done(here, first)
        (video_id,) = here.genaipro.posts[0].video_ids
        here.genaipro.enqueue(Script(urls=(f"/files/{video_id}.mp4",)))
        asked = await ask(here, "a path")
        await done(here, asked)
        assert got(here, asked) == made(here, first)
        assert "/files/" in rows(here, "SELECT url FROM videos")[-1]["url"]

"""A GenAIPro server written from the published page alone: it takes forms apart by hand and checks all of them."""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from aiohttp import web

from tests.acceptance.e2e.plain_base import Json, News

KEY = "plain-server-key-0123456789"


@dataclass
class Post:
    """A request to the paid endpoint, as it came."""

    at: float
    parts: list[tuple[str, str, str, bytes]]
    left: bool = False

    def texts(self, name: str) -> list[str]:
        return [body.decode() for part, file, _, body in self.parts if part == name and not file]

    @property
    def prompt(self) -> str:
        return self.texts("prompt")[0]

    @property
    def photos(self) -> list[bytes]:
        return [body for part, _, _, body in self.parts if part == "reference_images"]


Send = Callable[[str, object], Awaitable[None]]
Course = Callable[[Post, Send], Awaitable[None]]


class PlainGenAIPro(News):
    """The GenAIPro server: checks every form itself; a course under a prompt says what its stream does."""

    def __init__(self, film: bytes) -> None:
        super().__init__()
        self.posts: list[Post] = []
        self.courses: dict[str, Course] = {}
        self.history: list[Json] = []
        self.url = ""
        self._film = film

    def app(self) -> web.Application:
        app = web.Application(client_max_size=100_000_000)
        app.router.add_post("/api/v1/veo/ingredients-to-video", self._post)
        app.router.add_get("/api/v1/veo/histories", self._histories)
        app.router.add_get("/api/v1/veo/credits", self._credits)
        app.router.add_get("/files/{name}.mp4", self._file)
        return app

    def film(self, name: str) -> bytes:
        """A video file that no other name has."""
        label = name.encode()
        return self._film + (8 + len(label)).to_bytes(4, "big") + b"free" + label

    def posts_of(self, prompt: str) -> list[Post]:
        return [post for post in self.posts if post.prompt == prompt]

    def results(self, post: Post) -> list[Json]:
        """What a good end says."""
        number, count = self.posts.index(post), int(post.texts("number_of_videos")[0])
        return [
            {
                "id": f"v{number}-{at}",
                "prompt": post.prompt,
                "file_url": f"{self.url}/files/v{number}-{at}.mp4",
                "status": "MEDIA_GENERATION_STATUS_SUCCESSFUL",
                "created_at": "2026-03-30T10:00:00Z",
            }
            for at in range(count)
        ]

    def films(self, post: Post) -> list[bytes]:
        return [self.film(one["id"]) for one in self.results(post)]

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.film(request.match_info["name"]), content_type="video/mp4")

    async def _histories(self, request: web.Request) -> web.Response:
        data = [one | {"file_urls": [one["file_url"]]} for one in self.history]
        return web.json_response({"data": data, "total": len(data), "page": 1, "page_size": 20, "total_pages": 1})

    async def _credits(self, _request: web.Request) -> web.Response:
        return web.json_response([{"quota": 100, "used": 23, "expires_at": None}])

    async def _post(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {KEY}":
            return web.json_response({"error": "unauthorized"}, status=401)
        try:
            post = Post(time.monotonic(), _multipart(request.headers["Content-Type"], await request.read()))
            _check_form(post)
        except (AssertionError, ValueError, KeyError) as error:
            self.faults.append(f"POST: {error!r}")
            return web.json_response({"error": str(error)}, status=400)
        self.posts.append(post)
        self.tell()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)

        async def send(event: str, data: object) -> None:
            await response.write(f"event: {event}\ndata: {json.dumps(data)}\n\n".encode())

        try:
            await self.courses.get(post.prompt, self.usual)(post, send)
        except (ConnectionResetError, asyncio.CancelledError):
            post.left = True
            self.tell()
            raise
        return response

    async def usual(self, post: Post, send: Send) -> None:
        """The course of the published example."""
        for word in ("starting", "uploading_images", "processing"):
            await send("video_generation_status", word)
        await send("video_generation_complete", self.results(post))


def _multipart(content_type: str, body: bytes) -> list[tuple[str, str, str, bytes]]:
    """Name, file name, content type and bytes of each part (RFC 7578), by hand."""
    kind, _, boundary = content_type.partition("; boundary=")
    assert kind == "multipart/form-data", content_type
    fence = b"--" + boundary.strip('"').encode()
    first, *pieces, last = body.split(fence)
    assert first == b""
    assert last.strip() == b"--"
    parts = []
    for piece in pieces:
        assert piece.startswith(b"\r\n")
        assert piece.endswith(b"\r\n")
        head, _, content = piece[2:-2].partition(b"\r\n\r\n")
        lines = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        headers = {name.lower(): value for name, value in lines}
        words = dict(word.split("=", 1) for word in headers["content-disposition"].split("; ")[1:])
        name, file = (words.get(one, "").strip('"') for one in ("name", "filename"))
        parts.append((name, file, headers.get("content-type", ""), content))
    return parts


_MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG", "image/webp": b"RIFF"}


def _check_form(post: Post) -> None:
    images = [part for part in post.parts if part[0] == "reference_images"]
    assert 1 <= len(images) <= 3, f"{len(images)} images"
    for _, file, kind, body in images:
        assert file, "an image has a file name"
        assert body.startswith(_MAGIC[kind]), f"{file} is no {kind}"
    (prompt,), (count,) = post.texts("prompt"), post.texts("number_of_videos")
    assert prompt.strip(), "the prompt is empty"
    assert count in {"1", "2", "3", "4"}, f"number_of_videos is {count}"
    assert len(post.parts) == len(images) + 2, "parts that nobody asked for"

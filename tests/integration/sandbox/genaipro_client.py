"""A plain client for the tests of the GenAIPro sandbox."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from sandbox.genaipro import GenAIProOptions, GenAIProServer
from tests.pictures import picture

TINY = GenAIProOptions().tiny()
Start = Callable[..., Awaitable[tuple[GenAIProServer, "Client"]]]
"""Starts a server with options changed, and a client of it."""


def form(
    photos: int = 1, prompt: str | None = "a boat at dusk", videos: str | None = "1", **extra: str
) -> aiohttp.FormData:
    """A form as the API wants it; None leaves a part out."""
    data = aiohttp.FormData(default_to_multipart=True)
    for number in range(photos):
        data.add_field("reference_images", picture(), filename=f"p{number}.jpg", content_type="image/jpeg")
    if prompt is not None:
        data.add_field("prompt", prompt)
    if videos is not None:
        data.add_field("number_of_videos", videos)
    for name, value in extra.items():
        data.add_field(name, value)
    return data


def frames(
    *,
    end: bool = False,
    prompt: str | None = "a boat at dusk",
    ratio: str | None = "VIDEO_ASPECT_RATIO_PORTRAIT",
    videos: str | None = "1",
    **extra: str,
) -> aiohttp.FormData:
    """A form as ``frames-to-video`` wants it; None leaves a part out."""
    data = aiohttp.FormData(default_to_multipart=True)
    if end:
        data.add_field("end_image", picture("navy"), filename="end.jpg", content_type="image/jpeg")
    data.add_field("start_image", picture(), filename="start.jpg", content_type="image/jpeg")
    texts = {"prompt": prompt, "aspect_ratio": ratio, "number_of_videos": videos} | extra
    for name, value in texts.items():
        if value is not None:
            data.add_field(name, value)
    return data


@dataclass
class Heard:
    """What a client heard of a stream."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    events: list[tuple[str, Any]] = field(default_factory=list)
    fault: Exception | None = None

    @property
    def words(self) -> list[Any]:
        return [data if name == "video_generation_status" else name for name, data in self.events]


class Client:
    """Speaks to one server."""

    def __init__(self, server: GenAIProServer, session: aiohttp.ClientSession, key: str | None = None) -> None:
        self._server = server
        self._session = session
        self._headers = {"Authorization": f"Bearer {server.options.key if key is None else key}"}

    async def create(
        self,
        data: aiohttp.FormData | aiohttp.MultipartWriter | None = None,
        endpoint: str = "ingredients-to-video",
        **headers: str,
    ) -> Heard:
        """POST and listen to the end, whatever it is."""
        heard = Heard()
        url = f"{self._server.url}/veo/{endpoint}"
        try:
            async with self._session.post(url, data=data or form(), headers=self._headers | headers) as answer:
                heard.status, heard.headers = answer.status, dict(answer.headers)
                async for chunk in answer.content.iter_any():
                    heard.body += chunk.decode()
        except aiohttp.ClientError as fault:
            heard.fault = fault
        if heard.status == 200:
            heard.events = [event for block in heard.body.split("\n\n")[:-1] for event in _event(block)]
        return heard

    async def get(self, path: str, **headers: str) -> tuple[int, Any]:
        """GET of the API; its status and its JSON."""
        async with self._session.get(self._server.url + path, headers=self._headers | headers) as answer:
            return answer.status, await answer.json()

    async def fetch(self, url: str, *, key: bool = False, **headers: str) -> tuple[int, bytes]:
        """GET of any address; its status and its bytes."""
        async with self._session.get(url, headers=headers | (self._headers if key else {})) as answer:
            return answer.status, await answer.read()


def _event(block: str) -> list[tuple[str, Any]]:
    fields = {line.partition(": ")[0]: line.partition(": ")[2] for line in block.splitlines()}
    return [(fields["event"], json.loads(fields["data"]))] if {"event", "data"} <= set(fields) else []

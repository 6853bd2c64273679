"""The person's phone: the control address of the sandbox's Bot API server."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import aiohttp
from pydantic import JsonValue, TypeAdapter

from sandbox.demo.view import Event, read_event
from sandbox.demo.visit import VisitError

_JSON: TypeAdapter[JsonValue] = TypeAdapter(JsonValue)


class ControlPhone:
    """A phone that acts through ``/control``.

    Args:
        session: For all requests.
        url: Of the Bot API server, without ``/control``.
        user_id: Whose phone it is.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str, user_id: int) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._user_id = user_id

    async def events(self) -> AsyncIterator[Event]:
        """What happens in the chat, from the beginning on, until the server ends."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with self._session.get(f"{self._url}/control/events", timeout=timeout) as answer:
            answer.raise_for_status()
            # A line grows with every edit that its message has seen: no limit for lines, as readline() has one.
            rest = b""
            async for chunk in answer.content.iter_any():
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    yield read_event(_JSON.validate_json(line))

    async def send_text(self, text: str) -> None:
        """Send a text."""
        await self._do("send", {"kind": "text", "text": text})

    async def send_photos(self, photos: Sequence[Path], caption: str) -> None:
        """Send one photo, or an album of several, with a caption."""
        paths: list[JsonValue] = [str(photo.resolve()) for photo in photos]
        kind = "photo" if len(paths) == 1 else "album"
        await self._do("send", {"kind": kind, "text": caption, "paths": paths})

    async def press(self, message_id: int, data: str) -> None:
        """Press the button that sends this data."""
        await self._do("press", {"message_id": message_id, "data": data})

    async def _do(self, action: str, fields: dict[str, JsonValue]) -> None:
        body = {"user_id": self._user_id, **fields}
        async with self._session.post(f"{self._url}/control/{action}", json=body) as answer:
            if answer.status != 200:
                said = cast("dict[str, JsonValue]", await answer.json()).get("error", "")
                raise VisitError(f"The sandbox does not take the person's {action}: {said}")

"""The running bot with its HTTP endpoints, as an operator and as Telegram meet them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from bot.webhook import SECRET_HEADER
from tests.acceptance.e2e.world import PATIENCE, World, world
from tests.ports import free_port

SECRET = "a-long-random-word"
PATH = "/hook/updates"


class Endpoints:
    """The bot's own HTTP endpoints."""

    def __init__(self, port: int, session: aiohttp.ClientSession) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._session = session

    async def get(self, path: str) -> tuple[int, str]:
        async with self._session.get(f"{self.url}{path}") as response:
            return response.status, await response.text()

    async def part(self, path: str, name: str) -> str:
        """What is said of one part, whatever the status."""
        _, body = await self.get(path)
        said: str = json.loads(body)["parts"][name]
        return said

    async def until(self, path: str, match: Callable[[int, str], bool]) -> str:
        """Ask until the answer is so; every question is a request, so this yields to the bot."""
        async with asyncio.timeout(PATIENCE):
            while True:
                status, body = await self.get(path)
                if match(status, body):
                    return body

    async def metric(self, line: str) -> float | None:
        """The value of one sample, named with its labels as Prometheus writes them."""
        _, body = await self.get("/metrics")
        return next((float(text.rpartition(" ")[2]) for text in body.splitlines() if text.startswith(f"{line} ")), None)

    async def post(self, update: dict[str, object], secret: str = SECRET) -> int:
        """Send an update to the webhook, as Telegram does."""
        async with self._session.post(f"{self.url}{PATH}", json=update, headers={SECRET_HEADER: secret}) as response:
            return response.status


@asynccontextmanager
async def operated(
    data_dir: Path, *, webhook: bool = False, start: bool = True, **settings: Any
) -> AsyncIterator[tuple[World, Endpoints]]:
    """A world with endpoints. The webhook's address is plain http, which the settings of a real bot refuse."""
    port = free_port()
    async with (
        world(data_dir, start=False, http_port=port, **settings) as here,
        aiohttp.ClientSession() as session,
    ):
        endpoints = Endpoints(port, session)
        if webhook:
            values = {"webhook_url": f"{endpoints.url}{PATH}", "webhook_secret": SecretStr(SECRET)}
            here.settings = here.settings.model_copy(update=values)
        if start:
            await here.start()
        yield here, endpoints

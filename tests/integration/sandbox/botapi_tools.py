"""What the tests of the Bot API server share."""

from typing import Any

import aiohttp
import telegram
from telegram.request import HTTPXRequest

from sandbox.botapi import BotApiServer


def connect(server: BotApiServer) -> telegram.Bot:
    """python-telegram-bot, pointed at a server; it need not read the certificates of the world first."""
    requests = [HTTPXRequest(httpx_kwargs={"verify": False}) for _ in range(2)]
    return telegram.Bot(
        server.token,
        base_url=server.base_url,
        base_file_url=server.base_file_url,
        request=requests[0],
        get_updates_request=requests[1],
    )


async def call(server: BotApiServer, method: str, **params: Any) -> dict[str, Any]:
    """A call with a JSON body, by hand; the whole answer."""
    url = f"{server.base_url}{server.token}/{method}"
    async with aiohttp.ClientSession() as session, session.post(url, json=params) as response:
        body: dict[str, Any] = await response.json()
        assert body.get("error_code", 200) == response.status
        return body


async def refusal(server: BotApiServer, method: str, **params: Any) -> str:
    """The text with which a call is refused."""
    body = await call(server, method, **params)
    assert body["ok"] is False
    return str(body["description"])

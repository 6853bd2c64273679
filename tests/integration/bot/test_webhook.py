import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from unittest.mock import Mock

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from telegram import User
from telegram.ext import ApplicationBuilder, ContextTypes, ExtBot

from bot.http import MAX_BODY_BYTES, http_server
from bot.update_queue import UpdateQueue
from bot.webhook import SECRET_HEADER, Webhook, read_body
from handlers.context import Context
from services.clock import Clock
from services.inbox import Arrived, Inbox
from tests.counted import Counted

SECRET = "a-long-random_word"


def message(update_id: int = 7, chat: int = 5, user: int = 6) -> dict[str, object]:
    return {
        "update_id": update_id,
        "message": {
            "message_id": 1,
            "date": 1700000000,
            "chat": {"id": chat, "type": "private", "first_name": "A"},
            "from": {"id": user, "is_bot": False, "first_name": "A"},
            "text": "hi \ud83d",
        },
    }


def queue() -> UpdateQueue:
    bot = ExtBot("77:aa")
    bot._bot_user = User(77, "Bot", is_bot=True, username="pho2video_bot")
    builder = ApplicationBuilder().bot(bot).updater(None).job_queue(None)
    application = builder.context_types(ContextTypes(context=Context)).build()
    return UpdateQueue(application, Mock(spec=Inbox), Clock())


QUEUE = queue()


class Door:
    """A served webhook, and what came through it."""

    def __init__(self, base: str, webhook: Webhook, session: aiohttp.ClientSession) -> None:
        self.base = base
        self.webhook = webhook
        self.session = session
        self.taken: list[Arrived] = []
        self.is_out = False

    def read(self, data: object, text: str | None = None) -> Arrived | None:
        return QUEUE.read(data, text)

    async def take(self, items: Sequence[Arrived]) -> None:
        if self.is_out:
            raise OperationalError("INSERT", None, Exception("database is locked"))
        self.taken += items

    async def post(
        self, body: bytes | dict[str, object], *, secret: str | None = SECRET, path: str = "/tg/updates"
    ) -> int:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {} if secret is None else {SECRET_HEADER: secret}
        async with self.session.post(f"{self.base}{path}", data=data, headers=headers) as response:
            assert await response.read() == b"" or response.status == 404
            return response.status


@asynccontextmanager
async def door(
    port: int, url: str = "https://bot.example.com/tg/updates", *, is_open: bool = True, seconds: float = 5
) -> AsyncIterator[Door]:
    webhook = Webhook(url, SECRET, body_seconds=seconds)
    async with http_server("127.0.0.1", port, [webhook]), aiohttp.ClientSession() as session:
        it = Door(f"http://127.0.0.1:{port}", webhook, session)
        if is_open:
            webhook.queue = it  # type: ignore[assignment]
        yield it


async def test_update_is_taken_as_it_came(port: int) -> None:
    async with door(port) as it:
        assert await it.post(message()) == 200
        (taken,) = it.taken
        assert (taken.update_id, taken.lane, taken.kind) == (7, "5:6", "message")
        assert json.loads(taken.payload) == message()


@pytest.mark.parametrize("secret", [None, "", "a", SECRET + "x", SECRET[:-1], SECRET.upper(), "bí mật"])
async def test_wrong_secret_is_401_and_nothing_more(secret: str | None, port: int) -> None:
    async with door(port) as it:
        assert await it.post(message(), secret=secret) == 401
        assert it.taken == []
        assert await it.post(message()) == 200


async def test_wrong_secret_is_refused_before_the_body_is_read(port: int) -> None:
    async with door(port) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /tg/updates HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        async with asyncio.timeout(120):
            assert (await reader.readline()).split()[1] == b"401"
        writer.close()
        await writer.wait_closed()
        assert it.taken == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"\xff\xfe",
        b"[]",
        b"null",
        b"{}",
        b'{"update_id": "7"}',
        b'{"update_id": true}',
        b'{"update_id": 1.5}',
        b'{"update_id": -1}',
        b'{"update_id": 99999999999999999999}',
        b"[" * 100_000,
        b'{"update_id": 7, "message": {"text": "\x00"}}',
    ],
)
async def test_garbage_is_400_and_nothing_more(body: bytes, port: int) -> None:
    async with door(port) as it:
        assert await it.post(body) == 400
        assert it.taken == []
        assert await it.post(message()) == 200


@pytest.mark.parametrize("content", [b'"x"', b'{"chat": []}', b'{"poll": {}}'])
async def test_what_the_library_cannot_read_does_not_come_again(content: bytes, port: int) -> None:
    async with door(port) as it:
        assert await it.post(b'{"update_id": 7, "message": %s}' % content) == 200
        assert len(it.taken) == 1


async def test_body_has_a_limit_in_size(port: int) -> None:
    async with door(port) as it:
        assert await it.post(b" " * (MAX_BODY_BYTES + 1)) == 413
        assert it.taken == []


async def test_body_has_a_limit_in_time(port: int) -> None:
    async with door(port, seconds=0.05) as it:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"POST /tg/updates HTTP/1.1\r\nHost: x\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: 1000\r\n\r\n"
        writer.write(head.encode() + b'{"update')
        async with asyncio.timeout(120):
            assert (await reader.readline()).split()[1] == b"408"
        writer.close()
        await writer.wait_closed()
        assert it.taken == []


async def test_what_cannot_be_kept_is_to_come_again(port: int) -> None:
    async with door(port) as it:
        it.is_out = True
        assert await it.post(message()) == 503
        it.is_out = False
        assert await it.post(message()) == 200
        assert len(it.taken) == 1


async def test_shut_before_it_is_opened_and_after_it_is_closed(port: int) -> None:
    async with door(port, is_open=False) as it:
        assert await it.post(message()) == 503
        assert await it.post(message(), secret="wrong") == 401
        it.webhook.queue = it  # type: ignore[assignment]
        assert await it.post(message()) == 200
        it.webhook.queue = None
        assert await it.post(message()) == 503


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://h.example", "/"),
        ("https://h.example/a/b/", "/a/b/"),
        ("https://h.example/a%20b/c%C3%A9", "/a%20b/c%C3%A9"),
        ("https://h.example/{x}", "/%7Bx%7D"),
        ("https://h.example/hook?x=1", "/hook?x=1"),
    ],
)
async def test_path_is_served_as_it_stands(url: str, path: str, port: int) -> None:
    async with door(port, url) as it:
        assert await it.post(message(), path=path) == 200
        assert await it.post(message(), path="/other") == 404
        async with it.session.get(f"{it.base}{path}") as response:
            assert response.status == 405


async def test_requests_are_counted_by_status(port: int) -> None:
    counted = Counted()
    async with door(port) as it:
        for secret in (SECRET, SECRET, "wrong"):
            await it.post(message(), secret=secret)
    assert counted("webhook_requests_total", status="200") == 2
    assert counted("webhook_requests_total", status="401") == 1
    assert counted("webhook_seconds_count") == 3


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
fields = st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member", "poll", "chat", "from"])


@given(st.binary() | st.builds(lambda data: json.dumps(data).encode(), json_values))
def test_reading_never_raises(body: bytes) -> None:
    found = read_body(body, QUEUE.read)
    assert found is None or json.loads(found.payload)["update_id"] == found.update_id


@given(st.integers(0, 2**63 - 1), st.dictionaries(fields, json_values))
def test_reading_never_raises_on_odd_updates(update_id: int, rest: dict[str, object]) -> None:
    found = read_body(json.dumps({"update_id": update_id, **rest}).encode(), QUEUE.read)
    assert found is None or found.update_id == update_id

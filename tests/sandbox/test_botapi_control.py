"""The person's side over HTTP, and both servers as one process."""

import asyncio
import base64
import json
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import telegram

from sandbox.botapi import BotApiServer
from sandbox.serve import main
from tests.sandbox.botapi_tools import picture


class Remote:
    """A program that knows the server's address only."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = f"{url}/control"
        self.session = session

    async def post(self, path: str, expected: int = 200, /, **body: Any) -> dict[str, Any]:
        async with self.session.post(f"{self.url}/{path}", json=body) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status == expected, answer
            return answer

    async def get(self, path: str, /, **query: Any) -> dict[str, Any]:
        async with self.session.get(f"{self.url}/{path}", params=query) as response:
            assert response.status == 200
            answer: dict[str, Any] = await response.json()
            return answer


@pytest.fixture
async def remote(botapi: BotApiServer) -> AsyncIterator[Remote]:
    async with aiohttp.ClientSession() as session:
        yield Remote(botapi.url, session)


async def test_conversation(remote: Remote, bot: telegram.Bot, tmp_path: Path) -> None:
    person = await remote.post("people", first_name="Ann", language_code="vi")
    who = {"user_id": person["user_id"]}
    path = tmp_path / "p.jpg"
    path.write_bytes(picture())
    coded = base64.b64encode(picture("red")).decode()
    await remote.post("send", **who, kind="album", text="both", paths=[str(path)], base64s=[coded], order=[1, 0])
    document = await remote.post("send", **who, kind="document", path=str(path), file_name="q.jpg")
    await remote.post("send", **who, kind="sticker")
    updates = await bot.get_updates()
    assert [update.message.caption for update in updates if update.message] == [None, "both", None, None]
    assert document["message_ids"] == [3]
    keys = telegram.InlineKeyboardMarkup([[telegram.InlineKeyboardButton("Go", callback_data="go")]])
    sent = await bot.send_message(person["chat_id"], "ready?", reply_markup=keys)
    line = (await remote.post("wait", chat_id=person["chat_id"], contains="ready", label="Go"))["message"]
    assert (line["message_id"], line["buttons"][0][0]["data"]) == (sent.message_id, "go")
    press = asyncio.create_task(remote.post("press", **who, message_id=sent.message_id, label="Go", wait=30))
    (update,) = await bot.get_updates(offset=updates[-1].update_id + 1, timeout=30)
    assert update.callback_query is not None
    await update.callback_query.answer("going")
    assert (await press)["answer"] == "going"
    assert (await remote.get("presses"))["presses"][0]["data"] == "go"
    lines = (await remote.get("transcript", chat_id=person["chat_id"]))["messages"]
    assert [one["kind"] for one in lines] == ["photo", "photo", "document", "sticker", "text"]
    async with remote.session.get(f"{remote.url}/file", params={"file_id": lines[2]["file_id"]}) as response:
        assert await response.read() == path.read_bytes()
    assert [one["method"] for one in (await remote.get("calls"))["calls"]] == [
        "getMe",
        "sendMessage",
        "answerCallbackQuery",
    ]


async def test_events_stream(remote: Remote, botapi: BotApiServer, bot: telegram.Bot) -> None:
    person = botapi.add_person("Ann", started=True)
    async with remote.session.get(f"{remote.url}/events") as response:
        sent = await bot.send_message(person.chat_id, "one")
        await sent.edit_text("two")
        await bot.send_video(person.chat_id, b"1", duration=8)
        await sent.delete()
        events = [json.loads(await response.content.readline()) for _ in range(4)]
    seen = [(one["event"], one["actor"], one["message"]["kind"], one["message"]["text"]) for one in events]
    assert seen == [
        ("message_sent", "bot", "text", "one"),
        ("message_edited", "bot", "text", "two"),
        ("message_sent", "bot", "video", ""),
        ("message_deleted", "bot", "text", "two"),
    ]


async def test_groups_and_faults(remote: Remote, bot: telegram.Bot) -> None:
    ann = (await remote.post("people"))["user_id"]
    group = (await remote.post("groups", title="Club", members=[ann], forum=True, bot="administrator"))["chat_id"]
    thread = (await remote.post("topics", chat_id=group, name="Videos"))["thread_id"]
    await remote.post("send", user_id=ann, chat_id=group, thread_id=thread, text="hi")
    await remote.post("faults", method="sendMessage", kind="error", status=403, description="Forbidden: no")
    with pytest.raises(telegram.error.Forbidden):
        await bot.send_message(group, "x")
    await remote.post("forbid", chat_id=group, kinds=["text"])
    with pytest.raises(telegram.error.BadRequest, match="ot enough rights"):
        await bot.send_message(group, "x")
    await remote.post("standing", chat_id=group, standing="kicked")
    assert (await remote.get("state"))["pending_updates"] == 3


async def test_senseless_requests(remote: Remote) -> None:
    ann = (await remote.post("people"))["user_id"]
    assert "unknown field" in (await remote.post("send", 400, user_id=ann, text="x", txet="y"))["error"]
    assert "user_id" in (await remote.post("send", 400, text="x"))["error"]
    assert "one file" in (await remote.post("send", 400, user_id=ann, kind="photo"))["error"]
    assert "unknown kind" in (await remote.post("send", 400, user_id=ann, kind="song"))["error"]
    assert "error" in await remote.post("wait", 408, chat_id=ann, contains="x", timeout=0)


async def test_both_servers_as_a_process() -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "sandbox", "serve", "--until-stdin-closes", "--first-name", "Linh", "--language", "vi",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    ready = json.loads(await process.stdout.readline())
    assert set(ready) == {"bot_api_url", "genaipro_url", "token", "key", "user_id", "chat_id"}
    async with aiohttp.ClientSession() as session:
        async with session.get(f"{ready['bot_api_url']}/bot{ready['token']}/getMe") as response:
            assert (await response.json())["ok"]
        headers = {"Authorization": f"Bearer {ready['key']}"}
        async with session.get(f"{ready['genaipro_url']}/veo/credits", headers=headers) as response:
            assert response.status == 200
    process.stdin.close()
    assert await process.wait() == 0
    assert await process.stdout.read() == b""


def test_taken_port(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        assert main(["serve", "--bot-api-port", str(taken.getsockname()[1])]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert "could not start" in output.err


async def test_forged_button(remote: Remote, bot: telegram.Bot) -> None:
    ann = (await remote.post("people", started=True))["user_id"]
    sent = await bot.send_message(ann, "no buttons")
    await remote.post("press", 400, user_id=ann, message_id=sent.message_id, data="drop")
    await remote.post("press", user_id=ann, message_id=sent.message_id, data="drop", forged=True)
    (update,) = await bot.get_updates()
    assert update.callback_query is not None
    assert update.callback_query.data == "drop"

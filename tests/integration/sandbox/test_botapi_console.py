"""The Bot API server on its own: a person at the terminal, and a bot in another process."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from sandbox.botapi import BotApiServer, Person
from sandbox.botapi.__main__ import main
from sandbox.botapi.console import Console
from tests.integration.sandbox.botapi_tools import call
from tests.pictures import picture

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def console(botapi: BotApiServer, alice: Person, said: list[str]) -> Console:
    return Console(botapi, alice, said.append)


async def test_lines_become_what_a_person_does(
    botapi: BotApiServer, alice: Person, console: Console, tmp_path: Path
) -> None:
    photo, other = tmp_path / "a boat.jpg", tmp_path / "b.jpg"
    photo.write_bytes(picture())
    other.write_bytes(picture("navy"))
    for line in ("/start", "", f":photo '{photo}' | at dusk", f":photo '{photo}' {other}", f":file {other} | raw"):
        assert await console.do(line)
    lines = botapi.transcript(alice.chat_id)
    assert [(line.kind, line.text) for line in lines] == [
        ("text", "/start"),
        ("photo", "at dusk"),
        ("photo", ""),
        ("photo", ""),
        ("document", "raw"),
    ]
    assert lines[2].media_group_id == lines[3].media_group_id != ""
    await console.do(":edit rough")
    assert botapi.transcript(alice.chat_id)[-1].text == "rough"
    await console.do(":delete")
    assert len(botapi.transcript(alice.chat_id)) == 4
    assert not await console.do(":quit")


async def test_buttons_are_pressed_by_their_label(
    botapi: BotApiServer, alice: Person, console: Console, said: list[str]
) -> None:
    markup = {"inline_keyboard": [[{"text": "🎬 Go", "callback_data": "go"}]]}
    await call(botapi, "sendMessage", chat_id=alice.chat_id, text="?", reply_markup=markup)
    await console.do(":press Go")
    await console.do(":press Stop")
    await console.do(":react 🔥")
    assert [one.data for one in botapi.presses()] == ["go"]
    assert said == ["  The bot shows no button 'Stop'."]
    assert botapi.transcript(alice.chat_id)[-1].reactions == ((alice.user_id, "🔥"),)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (":dance", "There is no :dance"),
        (":photo none.jpg", "There is no file none.jpg."),
        (":photo", "Name a file."),
        (":edit x", "You have sent nothing yet."),
        (":pay", "There is no invoice."),
        (":inline x", "BOT_INLINE_DISABLED"),
        (":choose 1", "Type :inline first."),
        (":fail sendMessage soon", "invalid literal"),
    ],
)
async def test_what_cannot_be_done_is_one_line(console: Console, said: list[str], line: str, sentence: str) -> None:
    assert await console.do(line)
    assert len(said) == 1
    assert sentence in said[0]


async def test_calls_fail_when_asked_to(botapi: BotApiServer, console: Console, said: list[str]) -> None:
    await console.do(":fail getMe 429")
    assert (await call(botapi, "getMe"))["parameters"] == {"retry_after": 5}
    assert (await call(botapi, "getMe"))["ok"]
    await console.do(":calls")
    assert [line.split("→")[1].split()[0] for line in said] == ["429", "200"]


async def test_server_runs_alone_and_prints_the_chat() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "sandbox.botapi", "--port", "0", "--name", "Echo"),
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    async with asyncio.timeout(60):
        base, token = [(await _line(process.stdout, word)).split()[-1] for word in ("base URL", "token ")]
        process.stdin.write(b"hello there\n")
        await _line(process.stdout, "hello there")
        url = f"{base}/bot{token}"
        async with aiohttp.ClientSession() as session:
            async with session.get(f"{url}/getUpdates", params={"timeout": 5}) as answer:
                update = (await answer.json())["result"][0]
            reply = {"chat_id": update["message"]["chat"]["id"], "text": f"You said {update['message']['text']}"}
            async with session.post(f"{url}/sendMessage", json=reply) as answer:
                assert answer.status == 200
        assert "Echo" in await _line(process.stdout, "Echo")
        await _line(process.stdout, "You said hello there")
        process.stdin.write(b":quit\n")
        assert await process.wait() == 0


async def _line(output: asyncio.StreamReader, part: str) -> str:
    """The next line that holds this."""
    while line := (await output.readline()).decode():
        if part in line:
            return line
    raise AssertionError(f"no line with {part!r}")


def test_odd_token_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--token", "secret"]) == 2
    assert capsys.readouterr().err == "The token must look like 123456:ABC.\n"


async def test_example_of_the_readme_passes() -> None:
    readme = (ROOT / "sandbox" / "botapi" / "README.md").read_text(encoding="utf-8")
    code = readme.partition("```python\n")[2].partition("```")[0]
    names: dict[str, Any] = {}
    exec(code, names)
    await names["test_echo"]()

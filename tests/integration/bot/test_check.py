import asyncio
import re
import sqlite3
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from bot import check
from bot.check import Check, check_all, run_checks
from bot.settings import Settings
from services.store.database import DatabaseError, open_database
from tests.settings import FixedSettings

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
KEY = "gp-key-0123456789"
ME = {"id": 1, "is_bot": True, "first_name": "B", "username": "some_bot", "can_read_all_group_messages": False}
CREDITS = [
    {"quota": 100, "used": 23, "expires_at": None},
    {"quota": 50, "used": 0, "expires_at": "2020-01-01T00:00:00Z"},
]


@asynccontextmanager
async def world(
    tmp_path: Path,
    *,
    token: str = TOKEN,
    key: str = KEY,
    grants: object = CREDITS,
    guard: tuple[int, str, str] | None = None,
    webhook: Mapping[str, object] | None = None,
    **changes: str,
) -> AsyncIterator[Settings]:
    """Both services with one good token and one good key; `changes` are settings."""

    async def get_me(request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return web.json_response({"ok": False, "error_code": 401, "description": "Unauthorized"}, status=401)
        return web.json_response({"ok": True, "result": ME})

    async def get_webhook_info(_request: web.Request) -> web.Response:
        info = {"url": "", "has_custom_certificate": False, "pending_update_count": 3} | dict(webhook or {})
        return web.json_response({"ok": True, "result": info})

    async def tell_credits(request: web.Request) -> web.StreamResponse:
        if guard is not None:
            status, text, content_type = guard
            return web.Response(status=status, text=text, content_type=content_type)
        if request.headers["Authorization"] != f"Bearer {KEY}":
            return web.json_response({"error": f"unknown key {key}"}, status=401)
        return web.json_response(grants)

    app = web.Application()
    app.router.add_route("*", "/bot{token}/getMe", get_me)
    app.router.add_route("*", "/bot{token}/getWebhookInfo", get_webhook_info)
    app.router.add_get("/api/v1/veo/credits", tell_credits)
    async with TestServer(app) as server:
        url = f"http://127.0.0.1:{server.port}"
        values: Mapping[str, str] = {
            "telegram_api_url": url,
            "genaipro_api_url": f"{url}/api/v1",
            "data_dir": str(tmp_path / "data"),
            "telegram_bot_token": token,
            "genaipro_api_key": key,
            **changes,
        }
        yield FixedSettings.model_validate(values)


async def report(settings: Settings) -> tuple[int, list[str]]:
    lines: list[str] = []
    status = await check_all(settings, lines.append)
    assert not any(secret in line for line in lines for secret in settings.secrets)
    return status, lines


async def test_all_well(tmp_path: Path) -> None:
    async with world(tmp_path) as settings:
        status, lines = await report(settings)
    assert status == 0
    assert [line.split(":")[0] for line in lines] == [
        "ok      configuration",
        "ok      disk",
        "ok      database",
        "ok      Telegram",
        "ok      GenAIPro",
    ]
    assert "@some_bot; privacy mode is on" in lines[3]
    assert lines[3].endswith("the bot polls, no webhook is in the way, 3 updates wait")
    assert "inline mode is off: for people to share their videos, send /setinline to @BotFather" in lines[3]
    assert lines[2].endswith("sqlite, can be used; the first start makes its tables")
    assert "77 credits are left" in lines[4]


async def test_inline_mode_that_is_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ME, "supports_inline_queries", True)
    async with world(tmp_path) as settings:
        status, lines = await report(settings)
    assert status == 0
    assert "; inline mode is on: people can share their videos; " in lines[3]


@pytest.mark.parametrize(
    ("changes", "index", "said"),
    [
        ({"token": "1:refused-token"}, 3, "the token is refused; set TELEGRAM_BOT_TOKEN"),
        (
            {"telegram_proxy_url": "socks5://minh:secret-word@127.0.0.1:1"},
            3,
            "no usable answer (the proxy of TELEGRAM_PROXY_URL cannot be reached); see that TELEGRAM_PROXY_URL",
        ),
        (
            {"telegram_api_url": "http://127.0.0.1:1"},
            3,
            "no usable answer (ClientConnectorError); see that",
        ),
        ({"key": "refused-key"}, 4, "the key is refused; set GENAIPRO_API_KEY"),
        ({"genaipro_api_url": "http://127.0.0.1:1"}, 4, "cannot be reached; see that GENAIPRO_API_URL"),
        (
            {"guard": (403, "error code: 1010", "text/plain")},
            4,
            "a guard in front of the service turns",
        ),
        (
            {"guard": (401, "<html>Just a moment...</html>", "text/html")},
            4,
            "run the bot from another address",
        ),
        ({"grants": []}, 4, "no credits are left; buy credits"),
        ({"database_url": "sqlite:////proc/none/x.db"}, 2, "set DATABASE_URL"),
        ({"data_dir": "/dev/null/x", "database_url": "sqlite:///unused.db"}, 1, "cannot be written"),
    ],
)
async def test_one_thing_wrong_is_one_failed_line_with_advice(
    changes: dict[str, Any], index: int, said: str, workdir: Path
) -> None:
    async with world(workdir, **changes) as settings:
        status, lines = await report(settings)
    assert status == 1
    assert [number for number, line in enumerate(lines) if line.startswith("failed")] == [index]
    assert said in lines[index]


JUST_NOW = 0
"""Stands for the time of the test, which may be long after its values were collected."""

HOOK = {"webhook_url": "https://bot.example.com/private-path", "webhook_secret": "abc"}


@pytest.mark.parametrize(
    ("changes", "webhook", "ok", "said"),
    [
        ({}, {"url": "https://old.example.com/private-path"}, True, "to old.example.com is set, and the start removes"),
        (HOOK, {}, True, "the webhook is not set yet, the start sets it, 3 updates wait"),
        (HOOK, {"url": HOOK["webhook_url"]}, True, "the webhook is set, 3 updates wait"),
        (
            HOOK,
            {"url": HOOK["webhook_url"], "last_error_date": JUST_NOW, "last_error_message": "Bad Gateway"},
            False,
            "Telegram could not deliver: Bad Gateway; see that WEBHOOK_URL leads to HTTP_HOST",
        ),
        (
            HOOK,
            {"url": HOOK["webhook_url"], "last_error_date": 1_700_000_000, "last_error_message": "Bad Gateway"},
            True,
            "the webhook is set, 3 updates wait",
        ),
    ],
)
async def test_state_of_the_webhook(
    changes: dict[str, Any], webhook: dict[str, object], ok: bool, said: str, tmp_path: Path
) -> None:
    if webhook.get("last_error_date") == JUST_NOW:
        webhook = webhook | {"last_error_date": int(time.time())}
    async with world(tmp_path, webhook=webhook, **changes) as settings:
        status, lines = await report(settings)
    assert (status == 0) is ok
    assert said in lines[3]
    assert "private-path" not in lines[3]


async def test_tables_are_looked_at_and_not_touched(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'x.sqlite3'}"

    async def line_of_database() -> str:
        async with world(tmp_path, database_url=url) as settings:
            return (await report(settings))[1][2]

    def set_revision(revision: str) -> None:
        with sqlite3.connect(tmp_path / "x.sqlite3") as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
        connection.close()

    assert (await line_of_database()).startswith("ok ")
    assert not (tmp_path / "x.sqlite3").exists()
    await (await open_database(url)).close()
    assert re.search(r"its tables are up to date \(\d{4}\)$", await line_of_database())
    set_revision("9999")
    line = await line_of_database()
    assert line.startswith("failed ")
    assert "were made by a newer version" in line
    with pytest.raises(DatabaseError, match="was made by a newer version of the bot; run that version"):
        await open_database(url)


async def test_wrong_path_tells_the_status(tmp_path: Path) -> None:
    async with world(tmp_path) as settings:
        moved = settings.model_copy(update={"genaipro_api_url": settings.genaipro_api_url + "/elsewhere"})
        _, lines = await report(moved)
    assert "answers with status 404; see that GENAIPRO_API_URL is right" in lines[4]


async def test_little_room_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "LEAST_FREE_BYTES", 2**62)
    async with world(tmp_path) as settings:
        status, lines = await report(settings)
    assert status == 1
    assert "; make room: at least " in lines[1]


async def test_silent_and_broken_parts_do_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check, "ANSWER_SECONDS", 0.05)

    async def silent() -> str:
        await asyncio.Event().wait()
        raise AssertionError

    async def broken() -> str:
        raise LookupError(f"https://h/x?sig={TOKEN}")

    async def well() -> str:
        return f"knows {TOKEN}"

    lines: list[str] = []
    checks = [Check("a", silent, "wake it"), Check("b", broken, "mend it"), Check("c", well, "")]
    assert not await run_checks(checks, lines.append, lambda line: line.replace(TOKEN, "***"))
    assert lines == [
        "failed  a: no answer within 0.05 seconds; wake it",
        "failed  b: unexpected LookupError; mend it",
        "ok      c: knows ***",
    ]


async def test_password_of_the_database_is_not_told(tmp_path: Path) -> None:
    url = "postgresql://user:a-private-password@127.0.0.1:1/name"
    async with world(tmp_path, database_url=url) as settings:
        assert settings.database_url == SecretStr(url)
        status, lines = await report(settings)
    assert status == 1
    assert lines[2].startswith("failed  database: ")
    assert "a-private-password" not in lines[2]

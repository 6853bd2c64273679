"""TELEGRAM_PROXY_URL: what goes through it, what a proxy that fails is told as, and what never shows."""

import asyncio
import io
import ssl
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from structlog.testing import capture_logs
from telegram import Bot, InputFile

from bot.settings_loading import ignored_proxies, load_settings
from bot.telegram_session import (
    PROXY_LEADS_NOWHERE,
    PROXY_REFUSES,
    PROXY_UNREACHABLE,
    connect,
    make_bot,
    open_session,
)
from services.clock import Clock
from services.http_requests import reason
from services.telemetry import Contact
from tests.integration.bot.proxies import proxy
from tests.integration.bot.raw_server import answering, raw_server
from tests.integration.bot.telegram_calls import (
    MESSAGE,
    TOKEN,
    assert_silent,
    bot_at,
    failure,
    is_unsent,
    telegram_request,
)
from tests.settings import FixedSettings

CERTIFICATE = Path(__file__).with_name("loopback.pem")
"""Of localhost and 127.0.0.1, with its key; for tests alone."""
pytestmark = pytest.mark.usefixtures("no_proxies")

KINDS = ("http", "socks5", "socks5h")


@pytest.mark.parametrize("kind", KINDS)
async def test_calls_go_through_the_proxy(kind: str) -> None:
    async with (
        raw_server(answering(200, MESSAGE)) as server,
        proxy(kind) as through,
        bot_at(server.port, telegram_request(through.url())) as bot,
    ):
        await bot.send_message(7, "hi")
        await bot.send_message(7, "ho")
    target = f"127.0.0.1:{server.port}"
    call = f"POST http://{target}/bot{TOKEN}/sendMessage"
    assert through.asked == ([call, call] if kind == "http" else [f"address {target}"])
    assert [got.line for got in server.got] == [f"POST /bot{TOKEN}/sendMessage HTTP/1.1"] * 2


@pytest.mark.parametrize("kind", KINDS)
async def test_uploads_and_downloads_go_through_the_proxy(kind: str, tmp_path: Path) -> None:
    async def take(request: web.Request) -> web.Response:
        async for part in await request.multipart():
            sizes[part.name] = len(await part.read())  # type: ignore[union-attr]
        return web.Response(body=MESSAGE)

    async def give(_request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 300_000)

    sizes: dict[str | None, int] = {}
    app = web.Application(client_max_size=10**7)
    app.router.add_post("/bot{token}/sendVideo", take)
    app.router.add_get("/file/bot{token}/photo.jpg", give)
    (tmp_path / "film").write_bytes(bytes(900_000))
    async with (
        TestServer(app) as server,
        proxy(kind, "u:p") as through,
        bot_at(server.port or 0, telegram_request(through.url("u:p"))) as bot,
    ):
        with io.FileIO(tmp_path / "film") as film:
            await bot.send_video(7, InputFile(film, filename="a.mp4", read_file_handle=False))
        assert len(through.asked) == 1
        async with (
            open_session(through.url("u:p")) as session,
            session.get(f"{bot.base_file_url}/photo.jpg") as response,
        ):
            assert len(await response.read()) == 300_000
    assert sizes["video"] == 900_000
    assert len(through.asked) == 2


async def test_calls_over_tls_pass_the_proxy_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await answering(200, MESSAGE)(writer)

    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(CERTIFICATE)
    monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", ssl.create_default_context(cafile=CERTIFICATE))
    server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=own)
    port = server.sockets[0].getsockname()[1]
    for kind, asked in (
        ("http", f"CONNECT localhost:{port}"),
        ("socks5", f"address 127.0.0.1:{port}"),
        ("socks5h", f"name localhost:{port}"),
    ):
        async with proxy(kind, "u:p") as through, telegram_request(through.url("u:p")) as request:
            assert await Bot(TOKEN, f"https://localhost:{port}/bot", request=request).send_message(7, "hi")
        assert through.asked == [asked]
    server.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_password_is_given_as_it_is_meant(kind: str) -> None:
    async with (
        raw_server(answering(200, MESSAGE)) as server,
        proxy(kind, "minh:p@ss:w/rd") as through,
        bot_at(server.port, telegram_request(through.url("minh:p%40ss:w%2Frd"))) as bot,
    ):
        await bot.send_message(7, "hi")
    assert (len(server.got), through.refused) == (1, 0)


@pytest.mark.parametrize("login", ["", "minh:wrong-password"])
@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("kind", KINDS)
async def test_refused_password_was_not_sent(kind: str, secure: bool, login: str) -> None:
    async with (
        raw_server(answering(200, MESSAGE)) as server,
        proxy(kind, "minh:right-password") as through,
        telegram_request(through.url(login)) as request,
    ):
        bot = Bot(TOKEN, f"http{'s' if secure else ''}://127.0.0.1:{server.port}/bot", request=request)
        error = await failure(bot)
    assert is_unsent(error)
    assert reason(error) == PROXY_REFUSES
    assert "wrong-password" not in f"{error!r} {error.__cause__!r}"
    assert_silent(error)
    assert (server.got, through.asked) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
async def test_proxy_that_is_down_was_not_passed(kind: str) -> None:
    async with telegram_request(f"{kind}://minh:secret-word@127.0.0.1:1") as request:
        error = await failure(Bot(TOKEN, "https://127.0.0.1:1/bot", request=request))
    assert is_unsent(error)
    assert reason(error) == PROXY_UNREACHABLE
    assert "secret-word" not in f"{error!r} {error.__cause__!r}"
    assert_silent(error)


async def test_proxy_that_leads_nowhere_was_not_passed() -> None:
    async with proxy("socks5") as through, telegram_request(through.url()) as request:
        error = await failure(Bot(TOKEN, "http://127.0.0.1:1/bot", request=request))
    assert is_unsent(error)
    assert reason(error) == PROXY_LEADS_NOWHERE


@pytest.mark.parametrize("kind", KINDS)
async def test_start_waits_for_the_proxy_and_says_so(kind: str) -> None:
    me = b'{"ok":true,"result":{"id":123456789,"is_bot":true,"first_name":"B","username":"some_bot"}}'
    async with raw_server(answering(200, me)) as server, proxy(kind, "u:right") as through:
        settings = FixedSettings(
            telegram_bot_token=SecretStr(TOKEN),
            telegram_api_url=f"http://127.0.0.1:{server.port}",
            telegram_proxy_url=SecretStr(through.url("u:later")),
        )
        bot = make_bot(settings, Contact(Clock()))
        with capture_logs() as lines:
            connecting = asyncio.create_task(connect(bot))
            await through.was_refused.wait()
            through.login = "u:later"
            await connecting
        await bot.shutdown()
    assert bot.username == "some_bot"
    assert {(line["event"], line["error"]) for line in lines} == {("telegram_not_reached", PROXY_REFUSES)}


async def test_downloads_fail_as_any_other_where_the_proxy_is_down() -> None:
    for kind in KINDS:
        async with open_session(f"{kind}://127.0.0.1:1") as session:
            with pytest.raises(aiohttp.ClientError):
                await session.get("http://127.0.0.1:1/photo.jpg")


@pytest.mark.parametrize("name", ["HTTP_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("value", ["http://127.0.0.1:1", "socks5://127.0.0.1:1"])
async def test_proxies_of_the_environment_count_for_nothing(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    assert ignored_proxies() == [name]
    async with raw_server(answering(200, MESSAGE)) as server, bot_at(server.port, telegram_request()) as bot:
        await bot.send_message(7, "hi")
    assert len(server.got) == 1


def test_password_of_the_proxy_is_a_secret(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_PROXY_URL", "SOCKS5://minh:p%40ssword@proxy.example.com/")
    settings = load_settings(run=False)
    assert settings.telegram_proxy_url.get_secret_value() == "socks5://minh:p%40ssword@proxy.example.com"
    assert {"p%40ssword", "p@ssword"} <= set(settings.secrets)
    assert "ssword" not in f"{settings!r}"

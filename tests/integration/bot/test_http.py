import asyncio
import http.client
from contextlib import AbstractAsyncContextManager

import aiohttp
import pytest
from aiohttp import web

from bot.errors import OperatorError
from bot.health import Probe, probe_route
from bot.healthcheck import is_healthy
from bot.http import MAX_BODY_BYTES, http_server


def url_of(port: int, path: str) -> str:
    return f"http://127.0.0.1:{port}{path}"


def server_with(port: int, *routes: web.RouteDef) -> AbstractAsyncContextManager[None]:
    return http_server("127.0.0.1", port, routes)


async def well() -> None:
    await asyncio.sleep(0)


async def broken() -> None:
    raise ConnectionError("password=abc https://h/x?sig=1")


async def silent() -> None:
    await asyncio.Event().wait()


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url_of(port, path)) as response:
        return response.status, await response.text()


async def test_health_is_200_when_every_part_answers(port: int) -> None:
    async with server_with(port, probe_route("/healthz", {"database": well, "loop": well})):
        status, body = await get(port, "/healthz")
        assert status == 200
        assert body == '{"status": "ok", "parts": {"database": "ok", "loop": "ok"}}'
        assert await asyncio.to_thread(is_healthy, "127.0.0.1", port)
        assert (await get(port, "/other"))[0] == 404


@pytest.mark.parametrize("failing", [broken, silent])
async def test_health_is_503_and_names_the_part_that_does_not_answer(
    failing: Probe, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.health.PROBE_SECONDS", 0.05)
    async with server_with(port, probe_route("/healthz", {"database": failing, "other": well})):
        status, body = await get(port, "/healthz")
        assert status == 503
        assert body == '{"status": "failed", "parts": {"database": "failed", "other": "ok"}}'
        assert not await asyncio.to_thread(is_healthy, "127.0.0.1", port)


async def test_health_recovers(port: int) -> None:
    probes = [broken, well]

    async def next_probe() -> None:
        await probes.pop(0)()

    async with server_with(port, probe_route("/healthz", {"database": next_probe})):
        assert [(await get(port, "/healthz"))[0] for _ in range(2)] == [503, 200]


async def test_port_in_use_is_one_clear_line(port: int) -> None:
    async with server_with(port):
        with pytest.raises(OperatorError) as caught:
            async with server_with(port):
                pass
    assert caught.value.exit_status == 1
    assert caught.value.lines == (
        f"HTTP_PORT {port} on 127.0.0.1 is in use by another process; "
        "set HTTP_PORT to a free port, or to 0 to turn it off",
    )


async def test_address_of_another_machine_is_one_clear_line() -> None:
    with pytest.raises(OperatorError, match=r"^HTTP_HOST 192\.0\.2\.1 is not an address of this machine"):
        async with http_server("192.0.2.1", 1, []):
            pass


async def test_port_0_means_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(web, "TCPSite")
    async with http_server("127.0.0.1", 0, [probe_route("/healthz", {})]):
        assert is_healthy("127.0.0.1", 0)


async def test_stopped_server_lets_go_of_its_port(port: int) -> None:
    for _ in range(2):
        async with server_with(port, probe_route("/healthz", {})):
            assert await asyncio.to_thread(is_healthy, "127.0.0.1", port)
        assert not await asyncio.to_thread(is_healthy, "127.0.0.1", port)


async def test_failing_handler_answers_500_without_the_reason(port: int, caplog: pytest.LogCaptureFixture) -> None:
    async def fail(_request: web.Request) -> web.Response:
        raise RuntimeError("a private reason")

    asyncio.get_running_loop().set_debug(True)
    async with server_with(port, web.get("/x", fail)):
        status, body = await get(port, "/x")
    assert (status, body) == (500, '{"status": "error"}')


async def test_endless_body_is_refused(port: int) -> None:
    async def take(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    async with server_with(port, web.post("/x", take)), aiohttp.ClientSession() as session:
        for size, status in ((MAX_BODY_BYTES, 200), (MAX_BODY_BYTES + 1, 413)):
            async with session.post(url_of(port, "/x"), data=b"a" * size) as response:
                assert response.status == status


async def test_endless_header_is_refused(port: int) -> None:
    async with server_with(port, probe_route("/healthz", {})), aiohttp.ClientSession() as session:
        async with session.get(url_of(port, "/healthz"), headers={"X": "a" * 10_000}) as response:
            assert response.status == 400
        async with session.get(url_of(port, "/healthz?" + "a" * 10_000)) as response:
            assert response.status == 400


def test_healthcheck_asks_the_loopback_where_all_addresses_are_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def refuse(connection: http.client.HTTPConnection, *_: str) -> None:
        asked.append(connection.host)
        raise ConnectionRefusedError

    monkeypatch.setattr(http.client.HTTPConnection, "request", refuse)
    assert not is_healthy("0.0.0.0", 1)
    assert not is_healthy("::", 1)
    assert asked == ["127.0.0.1", "::1"]

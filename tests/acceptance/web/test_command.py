"""The command: where it listens, whom it answers, and how it ends."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.acceptance.web.browser import ROOT, Command, children, command

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def running() -> Iterator[Command]:
    with command() as one:
        yield one


def ask(url: str, method: str, path: str, headers: dict[str, str]) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders())


UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}
PATHS = [("GET", "/"), ("GET", "/static/main.js"), ("GET", "/screens"), ("POST", "/do/kill"), ("GET", "/socket")]


@pytest.mark.parametrize(("method", "path"), PATHS)
def test_other_hosts_and_origins_are_refused(running: Command, method: str, path: str) -> None:
    port = urlsplit(running.url).port
    more = UPGRADE if path == "/socket" else {}
    for host in ("example.org", f"example.org:{port}", "127.0.0.1", f"[::1]:{port}"):
        assert 400 <= ask(running.url, method, path, {"Host": host} | more)[0] < 500, host
    for origin in ("http://example.org", "null", f"https://127.0.0.1:{port}", "http://127.0.0.1"):
        assert ask(running.url, method, path, {"Origin": origin} | more)[0] == 403, origin


def test_its_own_names_are_answered(running: Command) -> None:
    port = urlsplit(running.url).port
    for name in (f"127.0.0.1:{port}", f"localhost:{port}"):
        headers = {"Host": name, "Origin": f"http://{name}"}
        assert ask(running.url, "GET", "/", headers)[0] == 200
        assert ask(running.url, "GET", "/socket", headers | UPGRADE)[0] == 101


def test_the_policy_lets_nothing_in_from_elsewhere(running: Command) -> None:
    for path in ("/", "/screens", "/static/main.js", "/texts.js", "/nowhere"):
        policy = ask(running.url, "GET", path, {})[1]["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert [part.strip() for part in policy.split(";") if "data:" in part or "blob:" in part] == [
            "img-src 'self' data: blob:"
        ]


def test_it_listens_on_loopback_only(running: Command) -> None:
    port = urlsplit(running.url).port
    assert port is not None
    with socket.socket() as probe:
        probe.bind(("0.0.0.0", 0))
        other = socket.gethostbyname(socket.gethostname())
        if other.startswith("127."):
            pytest.skip("this machine has no address but loopback")
        assert probe.connect_ex((other, port)) != 0


def test_a_page_weighs_little(running: Command) -> None:
    names = [path.name for path in (ROOT / "sandbox/web/static").iterdir()]
    sizes = [int(ask(running.url, "GET", f"/static/{name}", {})[1]["Content-Length"]) for name in names]
    assert sum(sizes) < 120_000


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_in_time_with_nothing_left(number: int, tmp_path: Path) -> None:
    with command(environment={"TMPDIR": str(tmp_path)}) as one:
        assert [path.name for path in tmp_path.iterdir()] != []
        started = children(one.process.pid)
        assert started
        assert one.end(number) == 0
        assert [pid for pid in started if _alive(pid)] == []
        assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        arguments = [sys.executable, "-m", "bot", "chat", "--no-open", "--port", str(port)]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, timeout=90, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert str(port) in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_it_reads_no_settings_of_the_owners(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DATA_DIR=owned\nTELEGRAM_BOT_TOKEN=nonsense\nLOG_LEVEL=nonsense\n")
    with command(cwd=tmp_path, environment={"DATA_DIR": str(tmp_path / "mine"), "TELEGRAM_BOT_TOKEN": "x"}) as one:
        assert ask(one.url, "GET", "/", {})[0] == 200
        assert one.end() == 0
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_the_real_service_needs_a_key(tmp_path: Path) -> None:
    arguments = [sys.executable, "-m", "bot", "chat", "--no-open", "--genaipro"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GENAIPRO")}
    environment["PYTHONPATH"] = str(ROOT)
    done = subprocess.run(
        arguments, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=90, check=False
    )
    assert done.returncode == 2
    assert "GENAIPRO_API_KEY" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False

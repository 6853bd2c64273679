import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from bot import cli
from bot.app import Role
from bot.demo import Order
from bot.errors import OperatorError
from bot.settings import Settings
from bot.settings_docs import render_table

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"


pytestmark = pytest.mark.usefixtures("workdir", "restored_logging")


@pytest.fixture
def configured(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", TOKEN)
    monkeypatch.setenv("GENAIPRO_API_KEY", "some-key-123")


def status_of(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        cli.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_run_without_settings_is_a_line_each_and_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("run") == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.split()[0] for line in err.splitlines()] == ["TELEGRAM_BOT_TOKEN", "GENAIPRO_API_KEY"]


@pytest.mark.usefixtures("configured")
def test_run_hands_the_settings_over_and_returns_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[str, Role]] = []

    def run_bot(settings: Settings, role: Role) -> int:
        given.append((settings.telegram_bot_token.get_secret_value(), role))
        return 7

    monkeypatch.setattr("bot.app.run_bot", run_bot)
    assert [status_of(command) for command in ("run", "web", "worker")] == [7, 7, 7]
    assert given == [(TOKEN, Role.ALL), (TOKEN, Role.WEB), (TOKEN, Role.WORKER)]


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("status", [1, 2])
def test_operator_error_is_a_redacted_line(
    status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_bot(_settings: Settings, _role: Role) -> int:
        raise OperatorError(f"Telegram refuses the token {TOKEN}", status)

    monkeypatch.setattr("bot.app.run_bot", run_bot)
    assert status_of("run") == status
    assert capsys.readouterr().err == "Telegram refuses the token ***\n"


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_unexpected_error_is_logged_and_redacted(
    level: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run_bot(_settings: Settings, _role: Role) -> int:
        raise LookupError("nobody has some-key-123")

    monkeypatch.setenv("LOG_LEVEL", level)
    monkeypatch.setattr("bot.app.run_bot", run_bot)
    assert status_of("run") == 1
    err = capsys.readouterr().err
    assert "LookupError: nobody has ***" in err
    assert "LOG_LEVEL=DEBUG" in err
    assert ("Traceback" in err) == (level == "DEBUG")
    assert len(err.splitlines()) == 1 or level == "DEBUG"


def test_demo_passes_its_options(monkeypatch: pytest.MonkeyPatch, workdir: Path) -> None:
    calls: list[Order] = []

    def run_demo(order: Order) -> int:
        calls.append(order)
        return 0

    monkeypatch.setattr("bot.demo.run_demo", run_demo)
    photo = workdir / "a.jpg"
    photo.write_bytes(b"x")
    assert status_of("demo") == 0
    options = ("--photo", str(photo), "--photo", str(photo), "--prompt", "p", "--videos", "3", "--language", "vi")
    assert status_of("demo", *options, "--out", "o", "--shape", "tall", "--pay") == 0
    assert calls == [
        Order((), None, 1, "en", Path("demo-output")),
        Order((photo, photo), "p", 3, "vi", Path("o"), tall=True, pay=True),
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        ("demo", "--videos", "many"),
        ("demo", "--language", "de"),
        ("fly",),
        ("run", "--fast"),
    ],
)
def test_wrong_usage_is_a_sentence_and_status_2(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(*arguments) == 2
    err = capsys.readouterr().err
    assert "Error: " in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [("--photo", "missing.jpg"), ("--videos", "5"), ("--prompt", " "), ["--photo", __file__] * 4, ("--out", __file__)],
)
def test_demo_that_cannot_be_is_one_sentence(arguments: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("demo", *arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith(".\n")
    assert err.count("\n") == 1


def test_interrupted_demo_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run_demo(_order: Order) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("bot.demo.run_demo", run_demo)
    assert status_of("demo") == 130
    assert capsys.readouterr().err == ""


def test_check_without_settings_reports_and_has_status_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("check") == 2
    assert [line[:21] for line in capsys.readouterr().out.splitlines()] == ["failed  configuration"] * 2


@pytest.mark.usefixtures("configured")
def test_check_returns_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    async def check_all(_settings: Settings, _say: Callable[[str], object]) -> int:
        return 1

    monkeypatch.setattr("bot.check.check_all", check_all)
    assert status_of("check") == 1


def test_settings_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("settings") == 0
    assert capsys.readouterr().out == render_table()


def test_settings_write_goes_to_the_project(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cli, "_ROOT", tmp_path)
    (tmp_path / "README.md").write_text("# Title\n")
    assert status_of("settings", "--write") == 0
    assert capsys.readouterr().out == "written: README.md\nwritten: .env.example\n"


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--help") == 0
    out = capsys.readouterr().out
    assert all(command in out for command in ("run", "check", "demo", "settings"))


def test_module_runs_as_a_process(workdir: Path) -> None:
    (workdir / ".env").write_text("HTTP_PORT=none\nTELEGRAM_BOT_TOKEN=bad token\n")
    done = subprocess.run([sys.executable, "-m", "bot", "run"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line.split()[0] for line in done.stderr.splitlines()] == [
        "GENAIPRO_API_KEY",
        "TELEGRAM_BOT_TOKEN",
        "HTTP_PORT",
    ]

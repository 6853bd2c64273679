import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.settings import Settings
from bot.settings_loading import SettingsError, load_settings
from tests.settings import FixedSettings

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
KEY = "gp-key-0123456789"

pytestmark = pytest.mark.usefixtures("workdir")


def lines_of(*, run: bool = False) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(run=run)
    assert caught.value.exit_status == 2
    return list(caught.value.lines)


def test_defaults_are_those_of_the_contract(workdir: Path) -> None:
    loaded = load_settings(run=False)
    assert loaded.telegram_api_url == "https://api.telegram.org"
    assert loaded.genaipro_api_url == "https://genaipro.vn/api/v1"
    assert loaded.effective_database_url == f"sqlite:///{workdir}/data/pho2video.sqlite3"
    assert (loaded.http_host, loaded.http_port) == ("127.0.0.1", 8080)
    assert (loaded.max_active_generations, loaded.max_active_per_user, loaded.max_queued_per_user) == (20, 1, 3)
    assert (loaded.daily_videos_per_user, loaded.genaipro_requests_per_minute) == (0, 30)
    assert (loaded.stream_idle_timeout, loaded.generation_timeout) == (300, 1800)
    assert (loaded.reconcile_interval, loaded.reconcile_timeout) == (15, 1800)
    assert (loaded.default_language, loaded.log_level, loaded.log_format) == ("en", "INFO", "console")
    assert not loaded.open_access
    assert not loaded.telegram_local_mode
    assert loaded.webhook_url == ""
    assert loaded.allowed_user_ids == loaded.allowed_chat_ids == loaded.admin_user_ids == frozenset()


def test_run_needs_token_and_key() -> None:
    lines = lines_of(run=True)
    assert [line.split()[0] for line in lines] == ["TELEGRAM_BOT_TOKEN", "GENAIPRO_API_KEY"]
    assert all("is not set; for example " in line for line in lines)


def test_environment_wins_over_the_file(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workdir / ".env").write_text("LOG_LEVEL=debug\nHTTP_PORT=9000\n")
    monkeypatch.setenv("HTTP_PORT", "9001")
    loaded = load_settings(run=False)
    assert (loaded.log_level, loaded.http_port) == ("DEBUG", 9001)


def test_empty_variable_of_the_environment_unsets_the_one_of_the_file(
    workdir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workdir / ".env").write_text("WEBHOOK_URL=https://a.example/x\nWEBHOOK_SECRET=abc\n")
    monkeypatch.setenv("WEBHOOK_URL", "")
    assert load_settings(run=False).webhook_url == ""


def test_required_variable_may_come_from_the_file(workdir: Path) -> None:
    (workdir / ".env").write_text(f"\ufeffTELEGRAM_BOT_TOKEN={TOKEN}\nexport GENAIPRO_API_KEY='{KEY}'\n")
    loaded = load_settings()
    assert loaded.secrets == (TOKEN, KEY)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("ADMIN_USER_IDS", " 1, 2 ,3, ", frozenset({1, 2, 3})),
        ("ALLOWED_CHAT_IDS", "-1001234567890,-5", frozenset({-1001234567890, -5})),
        ("OPEN_ACCESS", "Yes", True),
        ("OPEN_ACCESS", "0", False),
        ("TELEGRAM_API_URL", " http://127.0.0.1:8081/ ", "http://127.0.0.1:8081"),
        ("TELEGRAM_API_URL", "http://host/bots/", "http://host/bots"),
        ("GENAIPRO_API_URL", "http://[::1]:80/api/v1//", "http://[::1]:80/api/v1"),
        ("STREAM_IDLE_TIMEOUT", "0.5", 0.5),
        ("DAILY_VIDEOS_PER_USER", "0", 0),
        ("HTTP_PORT", "0", 0),
        ("HTTP_HOST", "::", "::"),
        ("DATA_DIR", "/var/lib/x", Path("/var/lib/x")),
        ("DEFAULT_LANGUAGE", "VI", "vi"),
        ("LOG_FORMAT", "JSON", "json"),
    ],
)
def test_usable_values(name: str, value: str, expected: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert getattr(load_settings(run=False), name.lower()) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[(name, "0") for name in ("MAX_ACTIVE_GENERATIONS", "MAX_ACTIVE_PER_USER", "MAX_QUEUED_PER_USER")],
        *[(name, "0") for name in ("GENAIPRO_REQUESTS_PER_MINUTE", "STREAM_IDLE_TIMEOUT", "GENERATION_TIMEOUT")],
        *[(name, "0") for name in ("RECONCILE_INTERVAL", "RECONCILE_TIMEOUT")],
        *[("STREAM_IDLE_TIMEOUT", value) for value in ("nan", "inf", "-1", "5m", "1e300", "9" * 40)],
        *[("MAX_ACTIVE_GENERATIONS", value) for value in ("-1", "ten", "1.5", "9" * 5000, "٣")],
        ("DAILY_VIDEOS_PER_USER", "-1"),
        *[("STARS_PER_VIDEO", value) for value in ("-1", "10001", "1.5", "free")],
        ("FREE_VIDEOS_PER_USER", "-1"),
        *[(name, "0") for name in ("PAYMENT_TIMEOUT", "PAYMENT_CHECK_INTERVAL")],
        *[("HTTP_PORT", value) for value in ("65536", "-1", "http")],
        *[("HTTP_HOST", value) for value in ("http://x", "a b", "127.0.0.1:80")],
        *[("TELEGRAM_API_URL", value) for value in ("api.telegram.org", "ftp://x", "http://", "http://h:99999")],
        *[("TELEGRAM_API_URL", f"https://h/bot{rest}") for rest in ("", "/", TOKEN)],
        *[("TELEGRAM_API_URL", value) for value in ("http://u:p@h", "http://h?x=1", "http://h/#x", "http://[")],
        *[("TELEGRAM_PROXY_URL", value) for value in ("127.0.0.1:1080", "ftp://h:1", "socks4://h:1", "http://h:99999")],
        *[("TELEGRAM_PROXY_URL", f"socks5://{rest}") for rest in ("h:1/x", "u:p#w@h:1", "u:mật@h:1", ":p@h:1")],
        ("GENAIPRO_API_URL", "https://h/a b"),
        *[("WEBHOOK_URL", value) for value in ("http://h/x", "h/x", "https://h/healthz", "https://h/metrics/")],
        *[("TELEGRAM_BOT_TOKEN", value) for value in ("abc", "123:", '"123:abc"', "123:a b", "bot123:abc")],
        *[("GENAIPRO_API_KEY", value) for value in ("Bearer abc", '"abc"', "a b", "khóa")],
        *[("WEBHOOK_SECRET", value) for value in ("a b", "a" * 257, "ä")],
        *[
            ("DATABASE_URL", value)
            for value in ("mysql://h/x", "x.db", "sqlite://", "sqlite:///", "sqlite:///:memory:")
        ],
        *[("DATABASE_URL", value) for value in ("postgres://h/x", "postgresql+asyncpg://h/x", "postgresql://h")],
        ("DATABASE_URL", "postgresql://u:pw@h:port/x"),
        *[("ADMIN_USER_IDS", value) for value in ("@me", "1;2", "0", "1.5", "-5", "9" * 16)],
        ("ALLOWED_CHAT_IDS", "0"),
        ("OPEN_ACCESS", "maybe"),
        ("DEFAULT_LANGUAGE", "de"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_unusable_value_is_one_line_with_an_example_and_without_the_value(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    (line,) = lines_of()
    assert line.startswith(f"{name} ")
    assert re.search(rf"; for example {name}=\S+$", line)
    assert len(value) < 8 or value not in line
    example = line.rpartition("=")[2]
    monkeypatch.setenv(name, example)
    if name == "WEBHOOK_URL":
        monkeypatch.setenv("WEBHOOK_SECRET", "abc")
    assert load_settings(run=False)


def test_every_problem_is_told_at_once(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workdir / ".env").write_text("MAX_ACTIV_GENERATIONS=4\nHTTP_PORT=x\n")
    monkeypatch.setenv("LOG_LEVEL", "LOUD")
    assert [line.split()[0] for line in lines_of(run=True)] == [
        "MAX_ACTIV_GENERATIONS",
        "TELEGRAM_BOT_TOKEN",
        "GENAIPRO_API_KEY",
        "HTTP_PORT",
        "LOG_LEVEL",
    ]


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"WEBHOOK_URL": "https://h/x"}, "WEBHOOK_SECRET"),
        ({"WEBHOOK_URL": "https://h/x", "WEBHOOK_SECRET": "abc", "HTTP_PORT": "0"}, "HTTP_PORT"),
        ({"TELEGRAM_LOCAL_MODE": "true"}, "TELEGRAM_LOCAL_MODE"),
        ({"WEBHOOK_URL": f"https://h/{TOKEN}", "WEBHOOK_SECRET": "abc", "TELEGRAM_BOT_TOKEN": TOKEN}, "WEBHOOK_URL"),
    ],
)
def test_settings_that_contradict_each_other(
    given: dict[str, str], named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    (line,) = lines_of()
    assert line.startswith(f"{named} ")
    assert TOKEN not in line


def test_webhook_url_is_kept_as_it_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", "a_b-9")
    for url in ("https://h:8443/a%20b/", "https://h"):
        monkeypatch.setenv("WEBHOOK_URL", url)
        assert load_settings(run=False).webhook_url == url


@pytest.mark.parametrize(
    ("content", "start"),
    [
        (b"LOG_LEVEL=INFO\n\nfoo bar baz\n", ".env, line 3: "),
        (b"LOG_LEVEL\n", ".env, line 1: LOG_LEVEL has no value"),
        (b"LOG_LEVEL=\xff\xfe\n", ".env is not text"),
        (b"TELEGRAM_TOKEN=1:a\n", "TELEGRAM_TOKEN is not a setting; did you mean TELEGRAM_BOT_TOKEN?"),
        (b"MAX_ACTIVE_GENERATION=3\n", "MAX_ACTIVE_GENERATION is not a setting"),
        (b"HTTP_PROT=3\n", "HTTP_PROT is not a setting; did you mean HTTP_PORT?"),
    ],
)
def test_file_that_would_be_passed_over_in_silence(
    workdir: Path, content: bytes, start: str, caplog: pytest.LogCaptureFixture
) -> None:
    (workdir / ".env").write_bytes(content)
    (line,) = lines_of()
    assert line.startswith(start)
    assert not caplog.records


def test_directory_in_place_of_the_file(workdir: Path) -> None:
    (workdir / ".env").mkdir()
    (line,) = lines_of()
    assert line.startswith(".env cannot be read: ")


def test_other_programs_variables_are_none_of_our_business(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workdir / ".env").write_text(
        "TELEGRAM_API_ID=1\nTELEGRAM_API_HASH=a\nTELEGRAM_LOCAL=1\nPOSTGRES_PASSWORD=x\nCOMPOSE_PROJECT_NAME=y\n"
        "DATABASE_URL=sqlite:///a.db\nDATABASE_URL_OLD=sqlite:///b.db\n"
    )
    for name in ("HTTP_PROXY", "HTTPS_PORT", "LOG_LEVELS", "DATA_DIRS", "TELEGRAM_CHAT_ID", "DATABASE_URLS"):
        monkeypatch.setenv(name, "x")
    assert load_settings(run=False)


def test_near_miss_of_a_long_name_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKE", TOKEN)
    (line,) = lines_of()
    assert line.startswith("TELEGRAM_BOT_TOKE is not a setting; did you mean TELEGRAM_BOT_TOKEN?")
    assert TOKEN not in line


def test_secrets_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "GENAIPRO_API_KEY": KEY,
        "WEBHOOK_SECRET": "hook-secret",
        "DATABASE_URL": "postgresql://user:db-pass@host/name",
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    loaded = load_settings()
    assert loaded.secrets == (TOKEN, KEY, "hook-secret", "db-pass")
    shown = f"{loaded!r} {loaded} {loaded.model_dump_json()}"
    assert not any(secret in shown for secret in loaded.secrets)
    assert loaded.effective_database_url == given["DATABASE_URL"]


def test_fixed_settings_ignore_environment_and_file(workdir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (workdir / ".env").write_text("HTTP_PORT=1\n")
    monkeypatch.setenv("MAX_ACTIVE_GENERATIONS", "7")
    fixed = FixedSettings(http_port=0)
    assert isinstance(fixed, Settings)
    assert (fixed.http_port, fixed.max_active_generations) == (0, 20)


NAMES = sorted(name.upper() for name in Settings.model_fields)


def problems_of(**variables: str) -> tuple[str, ...]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():
            patch.setenv(name, value)
        try:
            load_settings(run=False)
        except SettingsError as error:
            return error.lines
    return ()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(NAMES), value=st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=40))
def test_any_value_is_taken_or_refused_in_one_line(name: str, value: str) -> None:
    lines = problems_of(**{name: value})
    assert len(lines) <= 1
    assert all("; for example " in line for line in lines)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=40) | st.text("LOG_EV=\"'${}#\\ \n\r\tx", max_size=60).map(str.encode))
def test_any_file_is_read_or_refused(workdir: Path, content: bytes) -> None:
    (workdir / ".env").write_bytes(content)
    assert all(problems_of())

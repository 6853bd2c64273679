import asyncio
import io
import json
import logging
import sys
import threading
import warnings
from typing import Literal

import pytest
import structlog

from bot.logs import LONGEST, configure_logging, install_hooks, install_loop_handler
from bot.redaction import Redactor

TOKEN = "123456789:AAbbCCddEEffGGhhIIjjKKllMMnnOOppQQr"
KEY = "gp-key+0123/456789"


pytestmark = pytest.mark.usefixtures("restored_logging")


def start(level: str = "INFO", form: Literal["console", "json"] = "json") -> io.StringIO:
    stream = io.StringIO()
    configure_logging(level, form, [TOKEN, KEY], stream)
    return stream


def events(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_line_of_the_product() -> None:
    stream = start()
    with structlog.contextvars.bound_contextvars(generation="g1"):
        structlog.get_logger("services.x").info("stream event", word='a "b"\n', count=2)
    (event,) = events(stream)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "level": "info",
        "logger": "services.x",
        "event": "stream event",
        "word": 'a "b"\n',
        "count": 2,
        "generation": "g1",
    }


def test_library_lines_take_the_same_way_and_carry_the_generation() -> None:
    stream = start()
    with structlog.contextvars.bound_contextvars(generation="g1"):
        logging.getLogger("somelib.part").warning("trouble with %s", "x")
    (event,) = events(stream)
    assert (event["logger"], event["event"], event["generation"]) == ("somelib.part", "trouble with x", "g1")


def test_generation_does_not_cross_to_another_task() -> None:
    stream = start()

    async def work(name: str, bound: asyncio.Event, other: asyncio.Event) -> None:
        with structlog.contextvars.bound_contextvars(generation=name):
            bound.set()
            await other.wait()
            logging.getLogger("services.x").info(name)

    async def both() -> None:
        first, second = asyncio.Event(), asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(work("g1", first, second))
            group.create_task(work("g2", second, first))

    asyncio.run(both())
    assert {(event["event"], event["generation"]) for event in events(stream)} == {("g1", "g1"), ("g2", "g2")}


def test_console_line_is_one_line_whatever_is_in_it() -> None:
    stream = start(form="console")
    structlog.get_logger("bot.x").warning("first\nsecond\x1b[31m", reason="a\r\nb", plain="c")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith(r"[warning  ] first\nsecond\x1b[31m [bot.x] reason=a\r\nb plain=c")


def test_levels_of_the_product_follow_the_setting() -> None:
    stream = start("DEBUG")
    logging.getLogger("handlers.x").debug("seen")
    logging.getLogger("somelib").debug("unseen")
    assert [event["event"] for event in events(stream)] == ["seen"]
    stream = start("ERROR")
    logging.getLogger("handlers.x").warning("unseen")
    structlog.get_logger("services.x").warning("unseen")
    logging.getLogger("somelib").error("seen")
    assert [event["event"] for event in events(stream)] == ["seen"]


def test_configured_twice_a_line_comes_once() -> None:
    first, second = start(), start()
    logging.getLogger("bot.x").warning("once")
    assert (len(events(first)), len(events(second))) == (0, 1)


def fail_deeply() -> None:
    try:
        raise ValueError(f"inner {TOKEN}")
    except ValueError as error:
        raise RuntimeError(f"outer https://cdn.example/v.mp4?sig=abc\nBearer {KEY}") from error


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_exception_is_redacted_and_stays_in_its_line(level: str, form: Literal["console", "json"]) -> None:
    stream = start(level, form)
    try:
        fail_deeply()
    except RuntimeError:
        logging.getLogger("somelib").exception("it broke")
        structlog.get_logger("bot.x").exception("it broke")
    text = stream.getvalue()
    assert text.count("it broke") == 2
    for forbidden in (TOKEN, TOKEN.split(":")[1], KEY, "sig=abc", "v.mp4"):
        assert forbidden not in text
    starts = [line for line in text.splitlines() if not line.startswith("    | ")]
    assert len(starts) == 2
    assert ("Traceback" in text) == (form == "json" or level == "DEBUG")
    assert "fail_deeply" in text
    assert "outer" in text
    assert "inner" in text


def test_exception_group_names_its_members() -> None:
    stream = start(form="console")
    structlog.get_logger("bot.x").error("failed", exc_info=ExceptionGroup("two", [ValueError("a"), KeyError("b")]))
    assert "ValueError: a; KeyError: 'b'" in stream.getvalue()


def test_long_value_is_cut() -> None:
    stream = start()
    structlog.get_logger("bot.x").info("long", body="x" * (LONGEST + 500))
    assert f"({LONGEST + 500} characters)" in events(stream)[0]["body"]
    assert len(stream.getvalue()) < LONGEST + 500


def test_line_that_cannot_be_made_shows_none_of_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    stream = start()
    # The handler of pytest would raise by itself.
    logging.root.handlers[:] = logging.root.handlers[-1:]
    logging.getLogger("somelib").warning("%d things", TOKEN)
    assert stream.getvalue() == "A log line of somelib could not be written: TypeError\n"
    assert TOKEN not in capsys.readouterr().err


def test_closed_stream_does_not_stop_the_bot() -> None:
    start().close()
    logging.getLogger("bot.x").warning("into the void")


def test_warnings_become_lines() -> None:
    stream = start()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"old {TOKEN}", UserWarning, stacklevel=1)
    (event,) = events(stream)
    assert event["logger"] == "py.warnings"
    assert "UserWarning: old ***" in event["event"]
    assert TOKEN not in stream.getvalue()


def test_uncaught_exceptions_become_lines() -> None:
    stream = start()
    install_hooks()
    error = ValueError(f"no {TOKEN}")
    sys.excepthook(ValueError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    thread = threading.Thread(target=lambda: int(f"{KEY}"), name="worker-1")
    thread.start()
    thread.join()
    found = events(stream)
    assert [event["level"] for event in found] == ["critical", "error"]
    assert found[1]["thread"] == "worker-1"
    assert TOKEN not in stream.getvalue()
    assert KEY not in stream.getvalue()


def test_event_loop_reports_without_arguments() -> None:
    stream = start()

    async def scene() -> None:
        loop = asyncio.get_running_loop()
        install_loop_handler(loop)
        loop.call_soon(lambda prompt: 1 / 0, "a secret prompt")
        done = asyncio.Event()
        loop.call_soon(done.set)
        await done.wait()

    asyncio.run(scene())
    (event,) = events(stream)
    assert "ZeroDivisionError" in event["exception"]
    assert "a secret prompt" not in event["event"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"GET https://api.telegram.org/bot{TOKEN}/getMe HTTP/1.1", "GET https://api.telegram.org/… HTTP/1.1"),
        (f"https://h/file/bot{TOKEN}/photos/f.jpg", "https://h/…"),
        (f"path /bot{TOKEN}/getMe", "path /bot***/getMe"),
        ("/file/bot77:ab/photos/1.jpg", "/file/bot***/photos/1.jpg"),
        ("bot%31%3A", "bot%31%3A"),
        ("token 987654321:AAbbCCddEEffGGhhIIjjKKll9", "token ***"),
        ("987654321%3AAAbbCCddEEffGGhhIIjjKKll9", "***"),
        (f"only {TOKEN.split(':')[1]}", "only ***"),
        (f"key {KEY}!", "key ***!"),
        ("key gp-key%2B0123%2F456789", "key ***"),
        ("key gp-key%2b0123%2f456789", "key ***"),
        ("Authorization: Bearer other-key", "Authorization: ***"),
        ("{'Authorization': 'Bearer other-key', 'a': 'b'}", "{'Authorization': '***', 'a': 'b'}"),
        ("(b'authorization', b'Basic abc')", "(b'authorization', b'***')"),
        ("bearer other-key, then", "bearer ***, then"),
        ("postgresql://user:p@ss:w@host:5432/db failed", "postgresql://host:5432/… failed"),
        ("URL('https://cdn.x.vn/v.mp4?X-Amz-Signature=a')", "URL('https://cdn.x.vn/…"),
        ("<https://cdn.x.vn/v.mp4>", "<https://cdn.x.vn/…>"),
        ('{"file_url": "https://cdn.x.vn/v.mp4"}', '{"file_url": "https://cdn.x.vn/…"}'),
        ("https%3A%2F%2Fcdn.x.vn%2Fv.mp4%3Fsig%3Da&b=c", "https://…&b=c"),
        ("GET /v.mp4?a=1&X-Goog-Signature=b&c=2", "GET /v.mp4?a=1&X-Goog-Signature=***&c=2"),
        ("WEBHOOK_SECRET=abc; next", "WEBHOOK_SECRET=***; next"),
        ("[parameters: ('a prompt]', 1)]\n(more)", "[parameters: ***]\n(more)"),
        ("Failing row contains (1, a prompt (x), null).", "Failing row contains (***)."),
        ("open https://t.me/some_bot?start=claim_Ab12", "open https://t.me/some_bot?start=claim_Ab12"),
        ("at 12:34:56 on 2026-01-01, ids 123:45", "at 12:34:56 on 2026-01-01, ids 123:45"),
        ("http://127.0.0.1:8080 is up", "http://127.0.0.1:8080 is up"),
    ],
)
def test_redaction(text: str, shown: str) -> None:
    redact = Redactor([TOKEN, KEY])
    assert redact(text).startswith(shown)
    assert redact(redact(text)) == redact(text)


def test_short_secret_is_hidden_as_a_word_only() -> None:
    redact = Redactor(["post", "ab"])
    assert redact("a post, posting ab") == "a ***, posting ab"


def test_finished_json_line_stays_json() -> None:
    stream = start()
    structlog.get_logger("bot.x").info(
        f'{{"api_key": "{KEY}"}} Bearer x',
        secret="a b",
        headers={"Authorization": f"Bearer {KEY}", "url": f"https://h/bot{TOKEN}/x"},
        password='with "quotes" and \\ more',
    )
    (event,) = events(stream)
    assert event["password"] == "***" or "quotes" in event["password"]
    assert KEY not in stream.getvalue()
    assert TOKEN not in stream.getvalue()

"""The demo's processes: what they get, what is said when one fails, and that nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from bot import demo
from bot.demo import Order, bot_environment, check_order, run_demo
from bot.errors import OperatorError
from sandbox.demo.processes import RestartableBot
from sandbox.demo.show import Place

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The only place for temporary files."""
    place = tmp_path / "room"
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", str(place))
    return place


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda photo: {"photos": [photo.with_name("none.jpg")]}, "There is no photo"),
        (lambda photo: {"photos": [Path(__file__)]}, "is not an image"),
        (lambda photo: {"photos": [photo] * 4}, "At most 3 photos"),
        (lambda photo: {"photos": [photo] * 3, "tall": True}, "At most 2 photos make a tall video"),
        (lambda photo: {"videos": 0}, "must be 1 to 4, not 0"),
        (lambda photo: {"videos": 5}, "must be 1 to 4, not 5"),
        (lambda photo: {"prompt": "  "}, "must not be empty"),
        (lambda photo: {"out": photo}, "is a file, not a directory"),
        (lambda photo: {"out": photo / "deep"}, "No videos can be saved in"),
    ],
)
def test_bad_order_is_one_sentence_and_status_2(
    tmp_path: Path, change: Callable[[Path], dict[str, object]], sentence: str
) -> None:
    photo = tmp_path / "a.jpg"
    Image.new("RGB", (20, 20)).save(photo)
    order: dict[str, object] = {"photos": (photo,), "prompt": "x", "videos": 1, "language": "en", "out": tmp_path}
    with pytest.raises(OperatorError, match=sentence) as caught:
        check_order(Order(**(order | change(photo))))  # type: ignore[arg-type]
    assert (caught.value.exit_status, len(caught.value.lines)) == (2, 1)


def test_torn_photo_is_refused(tmp_path: Path) -> None:
    photo = tmp_path / "torn.jpg"
    Image.effect_noise((400, 400), 50).save(photo)
    photo.write_bytes(photo.read_bytes()[:-2000])
    with pytest.raises(OperatorError, match="cannot be read as an image"):
        check_order(Order((photo,), None, 1, "en", tmp_path))


def test_good_order_is_taken(tmp_path: Path) -> None:
    check_order(Order((), None, 4, "vi", tmp_path / "new"))
    assert (tmp_path / "new").is_dir()


def test_no_setting_of_the_outside_gets_in(tmp_path: Path) -> None:
    outer = {"PATH": "/bin", "TELEGRAM_BOT_TOKEN": "t", "GENAIPRO_API_KEY": "k", "DATABASE_URL": "d", "HTTP_PROXY": "p"}
    given = bot_environment(Place("T", "B", "K", "G"), "vi", tmp_path, outer)
    assert given["PATH"] == "/bin"
    assert not set(given) & {"DATABASE_URL", "HTTP_PROXY"}
    assert (given["TELEGRAM_BOT_TOKEN"], given["GENAIPRO_API_KEY"], given["HTTP_PORT"]) == ("T", "K", "0")


def test_bot_that_fails_is_told_with_its_last_words(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "BOT", ("-c", "import sys; sys.exit('no luck today')"))
    assert run_demo(Order((), None, 1, "en", tmp_path / "out", quick=True)) == 1
    told = capfd.readouterr().err
    assert "The bot ended by itself, with status 1." in told
    assert "  no luck today" in told
    assert list(room.iterdir()) == []


def test_demo_that_takes_too_long_is_ended(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "BOT", ("-c", "import time; time.sleep(600)"))
    monkeypatch.setattr(demo, "PATIENCE", 2.0)
    assert run_demo(Order((), None, 1, "en", tmp_path / "out", quick=True)) == 1
    assert "was not over after 2 s" in capfd.readouterr().err
    assert list(room.iterdir()) == []


def test_whole_demo_brings_videos_that_play(
    room: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TELEGRAM_BOT_TOKEN", "not this one")
    photo, out = tmp_path / "boat.png", tmp_path / "out"
    Image.linear_gradient("L").save(photo)
    assert run_demo(Order((photo,), "Thuyền trôi <b>", 2, "vi", out, quick=True)) == 0
    told = capfd.readouterr()
    for part in ("Thuyền trôi <b>", "[ Tạo video ]", "Xong", "video-1.mp4: plays, 320×180", "video-2.mp4: plays"):
        assert part in told.out
    assert told.err == ""
    assert sorted(path.name for path in out.iterdir()) == ["video-1.mp4", "video-2.mp4"]
    assert list(room.iterdir()) == []


_SLEEPER = "from bot import demo; demo.BOT = ('-c', 'import time; time.sleep(600)'); "


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_ends_everything(room: Path, tmp_path: Path, number: signal.Signals) -> None:
    code = (
        _SLEEPER + f"sys.exit(demo.run_demo(demo.Order((), None, 1, 'en', demo.Path({str(tmp_path)!r}), quick=True)))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {code}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    # The person's first line: all processes are running.
    assert any("/start" in line for line in process.stdout)
    process.send_signal(number)
    process.stdout.read()
    assert process.wait(30) != 0
    assert list(room.iterdir()) == []
    assert not _alive(str(room))


def _alive(needle: str) -> list[str]:
    """Processes whose environment names a directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if needle.encode() in (entry / "environ").read_bytes() and int(entry.name) != os.getpid():
                found.append(entry.name)
        except OSError:
            continue
    return found


async def test_stubborn_child_is_ended_by_force(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "deaf")
    code = "import signal, time; signal.signal(15, signal.SIG_IGN); open('deaf', 'w').close(); time.sleep(600)"
    bot = RestartableBot(("-c", code), os.environ, tmp_path, grace=0.1)
    await bot.start()
    process = bot._process
    assert process is not None
    async with asyncio.timeout(20):
        await asyncio.to_thread((tmp_path / "deaf").read_bytes)
        await bot.stop()
    assert process.returncode == -signal.SIGKILL

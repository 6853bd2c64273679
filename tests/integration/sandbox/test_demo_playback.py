"""Playing videos, and photos as Telegram's apps send them."""

from pathlib import Path

import pytest
from PIL import Image

from sandbox.demo.compress import as_sent
from sandbox.demo.playback import Expected, play
from sandbox.genaipro.render import Film, prepare, render
from sandbox.samples import SAMPLES

FILM = Film(320, 180, 0.5)
EXPECTED = Expected(320, 180, 0.5, 0.1)


@pytest.fixture
def video(tmp_path: Path) -> Path:
    target = tmp_path / "v.mp4"
    render([prepare(SAMPLES[0], FILM)], "x", FILM, target, variation=0, cancelled=lambda: False)
    return target


def test_whole_video_plays(video: Path) -> None:
    played = play(video, EXPECTED)
    assert (played.problem, played.frames, played.seconds) == ("", 12, 0.5)


@pytest.mark.parametrize(
    ("expected", "problem"),
    [
        (Expected(1280, 720, 0.5), "320×180 instead of 1280×720"),
        (Expected(320, 180, 8.0), "lasts 0.5 s instead of 8.0 s"),
    ],
)
def test_wrong_shape_is_told(video: Path, expected: Expected, problem: str) -> None:
    assert problem in play(video, expected).problem


def test_torn_and_broken_files_do_not_play(video: Path, tmp_path: Path) -> None:
    data = video.read_bytes()
    video.write_bytes(data[: len(data) * 2 // 3])
    assert "decoded" in play(video, EXPECTED).problem
    video.write_bytes(b"no video at all")
    assert "cannot be decoded" in play(video, EXPECTED).problem
    assert "cannot be decoded" in play(tmp_path / "none.mp4", EXPECTED).problem


def test_plain_jpeg_is_sent_as_it_is(tmp_path: Path) -> None:
    assert as_sent(SAMPLES[0], tmp_path) == SAMPLES[0]


def test_nothing_about_the_photo_is_sent_along(tmp_path: Path) -> None:
    told, sent = tmp_path / "told.jpg", tmp_path / "sent"
    sent.mkdir()
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    Image.new("RGB", (40, 20)).save(told, exif=exif, comment=b"at home")
    with Image.open(as_sent(told, sent)) as image:
        assert (image.size, dict(image.getexif()), image.info.get("comment")) == ((40, 20), {}, None)


def test_others_become_upright_jpegs_of_bounded_size(tmp_path: Path) -> None:
    large, turned = tmp_path / "a.png", tmp_path / "a.jpg"
    Image.new("RGBA", (3000, 100), (255, 0, 0, 0)).save(large)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.new("RGB", (40, 20)).save(turned, exif=exif)
    sent = tmp_path / "sent"
    sent.mkdir()
    made = [as_sent(large, sent), as_sent(turned, sent)]
    assert made[0] != made[1]
    with Image.open(made[0]) as first, Image.open(made[1]) as second:
        assert (first.format, first.size, first.getpixel((0, 0))) == ("JPEG", (2560, 85), (255, 255, 255))
        assert (second.format, second.size, 0x0112 in second.getexif()) == ("JPEG", (20, 40), False)

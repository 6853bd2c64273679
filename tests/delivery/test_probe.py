from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.delivery.errors import NotAVideoError
from services.delivery.probe import VideoFacts, probe, read_facts
from tests.delivery.conftest import make_film


async def test_tells_size_and_duration(film: Path) -> None:
    assert await probe(film) == VideoFacts(128, 72, 2)


@pytest.mark.parametrize(("rotation", "size"), [(90, (72, 128)), (-90, (72, 128)), (180, (128, 72))])
def test_size_is_as_shown_when_turned(tmp_path: Path, rotation: int, size: tuple[int, int]) -> None:
    facts = read_facts(make_film(tmp_path / "turned.mp4", rotation=rotation))
    assert (facts.width, facts.height) == size


def test_size_is_in_square_pixels(tmp_path: Path) -> None:
    facts = read_facts(make_film(tmp_path / "wide.mp4", ratio=Fraction(2)))
    assert (facts.width, facts.height) == (256, 72)


def test_less_than_a_second_counts_as_one(tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode())
    assert read_facts(path).duration == 1


def test_webm_is_a_video(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("mpeg4", rate=1)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        container.mux(stream.encode())
    assert read_facts(path) == VideoFacts(64, 48, 3)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(NotAVideoError):
        read_facts(path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><html><body>Sign in</body></html>",
        b'{"error": "expired"}',
        b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n",
        b"ffconcat version 1.0\nfile /etc/hostname\n",
        b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(500),
        b"\x1a\x45\xdf\xa3" + bytes(500),
    ],
    ids=["empty", "html", "json", "playlist", "concat", "mp4-head", "ebml-head"],
)
def test_other_things_named_mp4_are_none(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "video-1.mp4"
    path.write_bytes(data)
    with pytest.raises(NotAVideoError):
        read_facts(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_off_film_is_none(film: Path, tmp_path: Path, share: float) -> None:
    data = film.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(NotAVideoError):
        read_facts(path)


def test_unknown_codec_is_none(footage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "unknown.mp4"
    unknown = footage.replace(b"mp4v", b"zzzz").replace(b"esds", b"zzzz")
    assert unknown != footage
    path.write_bytes(unknown)
    with pytest.raises(NotAVideoError):
        read_facts(path)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_raises_nothing_else(film: Path, tmp_path: Path, data: st.DataObject) -> None:
    spoilt = bytearray(film.read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "spoilt.mp4"
    path.write_bytes(spoilt)
    try:
        facts = read_facts(path)
    except NotAVideoError:
        return
    assert facts.width > 0
    assert facts.height > 0
    assert facts.duration >= 1

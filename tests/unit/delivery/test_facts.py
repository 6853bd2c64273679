from fractions import Fraction
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.delivery.errors import VideoError
from services.delivery.facts import VideoFacts, read_facts
from tests.unit.delivery.conftest import make_film
from tests.unit.delivery.test_tables import h264

FILMS = Path(__file__).parent / "films"


def test_tells_size_and_duration(film: Path) -> None:
    assert read_facts(film) == VideoFacts(128, 72, 2)


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
    assert read_facts(path) == VideoFacts(64, 48, 3, "mkv")


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "sound.mp4"
    with av.open(str(path), "w", format="matroska") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
    with pytest.raises(VideoError, match="not-a-video"):
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
    with pytest.raises(VideoError, match="not-a-video"):
        read_facts(path)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_cut_off_film_is_none(film: Path, tmp_path: Path, share: float) -> None:
    data = film.read_bytes()
    path = tmp_path / "cut.mp4"
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(VideoError, match="not-a-video"):
        read_facts(path)


def test_unknown_codec_is_none(footage: bytes, tmp_path: Path) -> None:
    path = tmp_path / "unknown.mp4"
    unknown = footage.replace(b"mp4v", b"zzzz").replace(b"esds", b"zzzz")
    assert unknown != footage
    path.write_bytes(unknown)
    with pytest.raises(VideoError, match="not-a-video"):
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
    except VideoError:
        return
    assert facts.width > 0
    assert facts.height > 0
    assert facts.duration is None or facts.duration >= 1


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("free-box-in-stsd.mp4", VideoFacts(320, 180, 2)),
        ("title-not-utf8-fragmented.mp4", VideoFacts(320, 180, 2)),
        ("title-not-utf8.webm", VideoFacts(320, 180, 2, "webm")),
    ],
)
def test_odd_films_of_the_field(name: str, facts: VideoFacts) -> None:
    assert read_facts(FILMS / name) == facts


def _box(kind: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def with_box_in_stsd(data: bytes, extra: bytes) -> bytes:
    """A film whose tables lie behind its pictures, with more in its list of codecs."""
    for kind in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"):
        at = data.index(kind) - 4
        data = data[:at] + (int.from_bytes(data[at : at + 4], "big") + len(extra)).to_bytes(4, "big") + data[at + 4 :]
    at = data.index(b"stsd") - 4
    end = at + int.from_bytes(data[at : at + 4], "big") - len(extra)
    return data[:end] + extra + data[end:]


@pytest.mark.parametrize(
    "extra",
    [_box(b"free", b""), _box(b"skip", bytes(40)), _box(b"free", b"") * 3, b"\0" * 7, bytes(64), b"junk" * 5],
    ids=["free", "skip", "three", "short", "zeros", "junk"],
)
def test_more_in_the_list_of_codecs_does_no_harm(tmp_path: Path, extra: bytes) -> None:
    path = h264(tmp_path / "film.mp4")
    path.write_bytes(with_box_in_stsd(path.read_bytes(), extra))
    assert read_facts(path) == VideoFacts(128, 72, 2)


@pytest.mark.parametrize(("container", "suffix"), [("matroska", "mkv"), ("webm", "webm")])
@pytest.mark.parametrize("pictures", [1, 30])
def test_length_that_is_not_told_is_measured(tmp_path: Path, container: str, suffix: str, pictures: int) -> None:
    path = tmp_path / "film"
    with av.open(str(path), "w", format=container, options={"live": "1"}) as film:
        stream = film.add_stream("libvpx", rate=10) if container == "webm" else film.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(pictures):
            film.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        film.mux(stream.encode())
    with av.open(str(path)) as film:
        assert film.duration is None
    assert read_facts(path) == VideoFacts(64, 48, 3 if pictures == 30 else 1, suffix)


def test_a_title_in_another_encoding_is_no_reason_to_refuse(tmp_path: Path) -> None:
    path = tmp_path / "film.mkv"
    with av.open(str(path), "w", format="matroska") as film:
        film.metadata["title"] = "TITLETITLE"
        stream = film.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            film.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        film.mux(stream.encode())
    data = path.read_bytes()
    assert b"TITLETITLE" in data
    path.write_bytes(data.replace(b"TITLETITLE", b"\xc0\xff\xfe\x80\xe9\xe8\xa0\xb0\xfe\xff"))
    assert read_facts(path) == VideoFacts(64, 48, 2, "mkv")

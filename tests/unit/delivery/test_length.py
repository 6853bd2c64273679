"""A file that was cut off anywhere promises more than is there; a whole one promises what is there, or nothing."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.delivery.length import least_length
from tests.unit.delivery.test_tables import h264

FILMS = Path(__file__).parent / "films"


def promised(data: bytes) -> int:
    return least_length(BytesIO(data), len(data))


def webm(path: Path) -> Path:
    with av.open(str(path), "w", format="webm") as film:
        stream = film.add_stream("libvpx", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(10):
            film.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        film.mux(stream.encode())
    return path


@pytest.fixture(scope="module", params=["end", "front", "sound", "index", "webm"])
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("films") / "film"
    kinds = {
        "end": lambda: h264(path.with_suffix(".mp4")),
        "front": lambda: h264(path.with_suffix(".mp4"), flags="faststart"),
        "sound": lambda: h264(path.with_suffix(".mp4"), flags="faststart", sound=True),
        "index": lambda: h264(path.with_suffix(".mp4"), flags="frag_keyframe+dash+global_sidx+skip_trailer"),
        "webm": lambda: webm(path.with_suffix(".webm")),
    }
    return kinds[request.param]().read_bytes()


def test_a_whole_file_promises_no_more_than_there_is(whole: bytes) -> None:
    assert 0 < promised(whole) <= len(whole)


def test_cut_off_anywhere_it_promises_more(whole: bytes) -> None:
    assert not [length for length in range(64, len(whole), 7) if promised(whole[:length]) <= length]


def test_media_up_to_the_end_of_the_file_is_told_by_the_tables(tmp_path: Path) -> None:
    data = bytearray(h264(tmp_path / "film.mp4", flags="faststart").read_bytes())
    at = data.index(b"mdat") - 4
    data[at : at + 4] = bytes(4)
    assert promised(bytes(data)) == len(data)
    assert promised(bytes(data[:-1])) == len(data)


@pytest.mark.parametrize("tail", [bytes(3), bytes(100), b"\xff" * 40, b"\x01"], ids=["three", "zeros", "ones", "byte"])
def test_what_follows_the_boxes_is_no_promise(tmp_path: Path, tail: bytes) -> None:
    data = h264(tmp_path / "film.mp4").read_bytes()
    assert promised(data + tail) <= len(data) + max(8, len(tail))
    if len(tail) != 1:
        assert promised(data + tail) <= len(data + tail)


@pytest.mark.parametrize("name", sorted(path.name for path in FILMS.iterdir()))
def test_films_of_the_field_are_whole(name: str) -> None:
    data = (FILMS / name).read_bytes()
    assert promised(data) <= len(data)
    assert promised(data[:-1]) > len(data) - 1 or promised(data) == 0


@pytest.mark.parametrize("data", [b"", b"<html>", bytes(100), bytes(range(256)) * 4])
def test_other_things_promise_nothing(data: bytes) -> None:
    assert promised(data) == 0


@given(st.data())
def test_damage_raises_nothing(data: st.DataObject) -> None:
    spoilt = bytearray((FILMS / data.draw(st.sampled_from(sorted(path.name for path in FILMS.iterdir())))).read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        spoilt[data.draw(st.integers(0, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    assert promised(bytes(spoilt)) >= 0

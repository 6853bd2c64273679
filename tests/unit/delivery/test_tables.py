"""The tables say what the decoder says, or nothing."""

import subprocess
import sys
from fractions import Fraction
from io import BytesIO
from pathlib import Path

import av
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.delivery.facts import UnusualError, VideoFacts, decode, read_facts, read_tables
from tests.unit.delivery.fuzz_heads import run


def h264(path: Path, *, rotation: int = 0, ratio: Fraction | None = None, flags: str = "", sound: bool = False) -> Path:
    with av.open(str(path), "w", options={"movflags": flags} if flags else {}) as container:
        voice = container.add_stream("aac", rate=8000, layout="mono") if sound else None
        stream = container.add_stream("libx264", rate=5, options={"bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        if ratio is not None:
            stream.codec_context.sample_aspect_ratio = ratio
        if rotation:
            stream.set_display_rotation(rotation)
        for _ in range(12):
            container.mux(stream.encode(av.VideoFrame(128, 72, "yuv420p")))
        container.mux(stream.encode())
        if voice is not None:
            container.mux(voice.encode())
    return path


def facts_of(path: Path) -> VideoFacts:
    data = path.read_bytes()
    return read_tables(BytesIO(data), len(data), "mp4")


@pytest.mark.parametrize("rotation", [0, 90, 180, -90])
@pytest.mark.parametrize("ratio", [None, Fraction(4, 3)])
@pytest.mark.parametrize("flags", ["", "faststart"], ids=["end", "front"])
def test_agrees_with_the_decoder(tmp_path: Path, rotation: int, ratio: Fraction | None, flags: str) -> None:
    path = h264(tmp_path / "film.mp4", rotation=rotation, ratio=ratio, flags=flags)
    facts = facts_of(path)
    assert facts == decode(path, "mp4")
    assert facts.duration == 2


def test_first_track_of_pictures_counts(tmp_path: Path) -> None:
    assert facts_of(h264(tmp_path / "film.mp4", sound=True)) == VideoFacts(128, 72, 2)


def test_padding_does_no_harm(tmp_path: Path) -> None:
    path = h264(tmp_path / "film.mp4")
    path.write_bytes(path.read_bytes() + (1000).to_bytes(4, "big") + b"free" + bytes(992))
    assert facts_of(path).duration == 2


def test_fragments_are_unusual(tmp_path: Path) -> None:
    path = h264(tmp_path / "film.mp4", flags="frag_keyframe+empty_moov")
    with pytest.raises(UnusualError):
        facts_of(path)
    assert read_facts(path).width == 128


def test_another_codec_is_unusual(film: Path) -> None:
    with pytest.raises(UnusualError):
        facts_of(film)


@pytest.fixture(scope="module")
def footage_of_h264(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return h264(tmp_path_factory.mktemp("films") / "film.mp4").read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_cut_off_is_unusual(footage_of_h264: bytes, share: float) -> None:
    data = footage_of_h264[: int(len(footage_of_h264) * share)]
    with pytest.raises(UnusualError):
        read_tables(BytesIO(data), len(data), "mp4")


def test_media_that_is_none_is_unusual(footage_of_h264: bytes) -> None:
    at = footage_of_h264.index(b"mdat") + 4
    data = footage_of_h264[:at] + b"\xff" * 40 + footage_of_h264[at + 40 :]
    with pytest.raises(UnusualError):
        read_tables(BytesIO(data), len(data), "mp4")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_is_unusual_at_worst(footage_of_h264: bytes, data: st.DataObject) -> None:
    spoilt = bytearray(footage_of_h264)
    tables = spoilt.index(b"moov")
    for _ in range(data.draw(st.integers(1, 4))):
        spoilt[data.draw(st.integers(tables - 4, len(spoilt) - 1))] = data.draw(st.integers(0, 255))
    try:
        facts = read_tables(BytesIO(bytes(spoilt)), len(spoilt), "mp4")
    except UnusualError:
        return
    assert facts.width > 0
    assert facts.height > 0
    assert facts.duration


def test_usual_films_need_no_decoder(tmp_path: Path) -> None:
    path = h264(tmp_path / "film.mp4")
    look = (
        "import sys, pathlib; from services.delivery.facts import read_facts;"
        f"print(read_facts(pathlib.Path({str(path)!r})), 'av' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True).stdout
    assert said.strip() == f"{VideoFacts(128, 72, 2)} False"


def test_mutated_heads_raise_nothing_else(tmp_path: Path, footage_of_h264: bytes) -> None:
    found = run(1500, 7, tmp_path, [footage_of_h264])
    assert found["refused"] > 0
    assert found["read"] > 0

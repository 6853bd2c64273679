"""Films: camera, title, cancelling, padding."""

import itertools
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from PIL import Image

from sandbox.genaipro.camera import MOVES, Move, View, box_at, choose_move
from sandbox.genaipro.render import Film, RenderCancelledError, pad_to, prepare, render
from sandbox.genaipro.render import compose as frames_of
from sandbox.genaipro.title import Title, load_font, printable, visibility, wrap

FILM = Film(320, 180, 0.5)
VOWELS = "aăâeêioôơuưy"
TONES = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
VIETNAMESE = unicodedata.normalize("NFC", "".join(v + t for v in VOWELS for t in TONES)) + "đ"


@example(Move(View(1.0, 0.5, 0.4), View(0.8, 0.5, 0.5)), 0.0, (431, 242))
@given(
    move=st.sampled_from(MOVES),
    progress=st.floats(-1, 2),
    photo=st.tuples(st.integers(416, 2000), st.integers(234, 2000)),
)
def test_camera_stays_on_the_photo_and_keeps_the_frame_s_shape(
    move: object, progress: float, photo: tuple[int, int]
) -> None:
    left, top, right, bottom = box_at(move, progress, photo, FILM.size)  # type: ignore[arg-type]
    assert 0 <= left < right <= photo[0]
    assert 0 <= top < bottom <= photo[1]
    assert (right - left) / (bottom - top) == pytest.approx(320 / 180, rel=1e-6)


def test_no_two_variations_move_alike() -> None:
    paths = [tuple(choose_move(variation, photo) for photo in range(3)) for variation in range(4)]
    assert all(one != other for one, other in itertools.combinations(paths, 2))


def test_every_vietnamese_letter_looks_like_no_other() -> None:
    font = load_font(40)
    for text in (VIETNAMESE, VIETNAMESE.upper()):
        assert printable(unicodedata.normalize("NFD", text), font) == text
        assert len({bytes(font.getmask(letter, anchor="ls")) for letter in text}) == len(text)


@pytest.mark.parametrize("text", ["Чайка над морем", "Η βάρκα", "Größe, ça, łódź"])
def test_other_scripts_are_kept(text: str) -> None:
    assert printable(text, load_font(20)) == text


def test_symbols_without_a_glyph_are_left_out() -> None:
    assert printable("a 🌅 b\nc", load_font(37)) == "a b c"


@given(st.text(max_size=300), st.integers(40, 900))
def test_lines_fit_whatever_the_text(text: str, width: int) -> None:
    font = load_font(20)
    lines = wrap(printable(text, font), font, width)
    assert 1 <= len(lines) <= 2
    assert all(font.getlength(line) <= width for line in lines)


def test_text_that_is_too_long_ends_in_an_ellipsis() -> None:
    font = load_font(20)
    lines = wrap(printable("word " * 200, font), font, 300)
    assert lines[-1].startswith("word word")
    assert lines[-1].endswith("…")
    assert len(lines) == 2
    assert wrap("short enough", font, 300) == ["short enough"]


def test_title_is_seen_in_the_middle_only() -> None:
    assert (visibility(0, 8), visibility(4, 8), visibility(8, 8)) == (0, 1, 0)
    planes = (Image.new("L", (320, 180), 100), Image.new("L", (160, 90), 60), Image.new("L", (160, 90), 60))
    before = planes[0].tobytes()
    title = Title("Thuyền trôi", 320, 180)
    title.draw(planes, 0, 8)
    assert planes[0].tobytes() == before
    title.draw(planes, 4, 8)
    seen = planes[0].tobytes()
    assert (min(seen) < 60, max(seen) > 200) == (True, True)
    assert seen[: 320 * 90] == before[: 320 * 90]


@pytest.mark.parametrize("size", [(40, 40), (30, 400), (900, 20), (1, 1)])
def test_photos_of_any_shape_fill_the_frame(tmp_path: Path, size: tuple[int, int]) -> None:
    path = tmp_path / "p.png"
    Image.new("RGB", size, "white").save(path)
    prepared = prepare(path, FILM)
    frames = list(frames_of([prepared, prepared], FILM, 0))
    assert len(frames) == FILM.frames
    assert {plane.size for frame in frames for plane in frame} == {(320, 180), (160, 90)}
    assert all(min(frame[0].tobytes()) > 230 for frame in frames)


def test_cancelled_film_leaves_nothing(tmp_path: Path) -> None:
    path, target = tmp_path / "p.png", tmp_path / "v.mp4"
    Image.new("RGB", (40, 40)).save(path)
    answers = iter([False, False, True])
    with pytest.raises(RenderCancelledError):
        render([prepare(path, FILM)], "x", FILM, target, variation=0, cancelled=lambda: next(answers))
    assert not target.exists()


@pytest.mark.parametrize(("size", "expected"), [(100, 100), (57, 50), (40, 50)])
def test_padding_needs_room_for_a_box(tmp_path: Path, size: int, expected: int) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 50)
    pad_to(path, size)
    data = path.read_bytes()
    assert len(data) == expected
    if expected > 50:
        assert data[50:58] == (50).to_bytes(4, "big") + b"free"

from fractions import Fraction
from pathlib import Path

import av
import pytest


def make_film(path: Path, *, seconds: int = 2, rotation: int = 0, ratio: Fraction | None = None) -> Path:
    """A real film of 128×72 pixels, five pictures a second."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 128, 72, "yuv420p"
        if ratio is not None:
            stream.codec_context.sample_aspect_ratio = ratio
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(5 * seconds):
            picture = av.VideoFrame(128, 72, "yuv420p")
            for plane in picture.planes:
                plane.update(bytes((20 * number % 256,)) * plane.buffer_size)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_film(tmp_path_factory.mktemp("films") / "film.mp4")


@pytest.fixture(scope="session")
def footage(film: Path) -> bytes:
    return film.read_bytes()

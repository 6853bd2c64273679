"""Films from photos: camera moves, cross-fades, the prompt as a title; H.264 in an MP4 that streams.

All drawing happens on the three planes of a film's frame (BT.709, limited range), with half the columns and rows for
the two of colour: half the work of drawing in RGB, and no conversion for each frame. Everything here blocks: call it in
a thread.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import av
from av.video.stream import VideoStream
from PIL import Image, ImageOps

from sandbox.genaipro.camera import SLACK, box_at, choose_move
from sandbox.genaipro.title import Title

FADE_SECONDS = 0.8
"""How long two photos overlap."""

_TO_YCBCR = (
    *(0.1826, 0.6142, 0.0620, 16.0),
    *(-0.1006, -0.3386, 0.4392, 128.0),
    *(0.4392, -0.3989, -0.0403, 128.0),
)
_MAX_STRETCH = 2.2
_COLOURS = "colorprim=bt709:transfer=bt709:colormatrix=bt709:range=tv"

Planes = tuple[Image.Image, Image.Image, Image.Image]
"""Brightness in full size, the two colour differences in half size, each of mode L."""


class RenderCancelledError(Exception):
    """The film is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Film:
    """The shape of a film.

    Attributes:
        width: Pixels, even.
        height: Pixels, even.
        seconds: Length, above 0.
        fps: Frames for each second.
    """

    width: int = 1280
    height: int = 720
    seconds: float = 8.0
    fps: int = 24

    @property
    def frames(self) -> int:
        """Number of frames, at least 1."""
        return max(1, round(self.seconds * self.fps))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.width, self.height

    def turned(self) -> "Film":
        """The same with width and height exchanged: tall instead of wide."""
        return replace(self, width=self.height, height=self.width)


def prepare(path: Path, film: Film) -> Planes:
    """Decode a photo, turn it upright and bring it to the size that the camera moves over.

    Raises:
        OSError: The file is no image that Pillow can decode.
    """
    with Image.open(path) as opened:
        opened.draft("RGB", (round(film.width * SLACK), round(film.height * SLACK)))
        photo = ImageOps.exif_transpose(opened).convert("RGB")
    scale = SLACK * max(film.width / photo.width, film.height / photo.height)
    width = min(photo.width * scale, film.width * SLACK * _MAX_STRETCH)
    height = min(photo.height * scale, film.height * SLACK * _MAX_STRETCH)
    size = (round(width / 2) * 2, round(height / 2) * 2)
    fitted = ImageOps.fit(photo, size, Image.Resampling.LANCZOS)
    brightness, blue, red = fitted.convert("RGB", _TO_YCBCR).split()
    half = (size[0] // 2, size[1] // 2)
    return brightness, blue.resize(half, Image.Resampling.BOX), red.resize(half, Image.Resampling.BOX)


def render(
    photos: Sequence[Planes], prompt: str, film: Film, target: Path, *, variation: int, cancelled: Callable[[], bool]
) -> None:
    """Write one film.

    Args:
        photos: One to three prepared photos, in order.
        prompt: What the title says.
        film: Size, length, frame rate.
        target: The file to write; an unfinished one is removed.
        variation: Which video of the request, from 0; each takes other camera moves.
        cancelled: Asked before every frame.

    Raises:
        RenderCancelledError: ``cancelled`` said so.
    """
    title = Title(prompt, film.width, film.height)
    try:
        with av.open(str(target), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            container.metadata["comment"] = f"{target.stem}, variation {variation + 1}"
            stream = _stream(container, film)
            for number, planes in enumerate(compose(photos, film, variation)):
                if cancelled():
                    raise RenderCancelledError
                title.draw(planes, number / film.fps, film.seconds)
                container.mux(stream.encode(_frame(planes, film, number)))
            container.mux(stream.encode())
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def compose(photos: Sequence[Planes], film: Film, variation: int) -> Iterator[Planes]:
    """The frames of a film without its title: for each the photo seen, or two of them fading into each other."""
    share = film.seconds / len(photos)
    fade = min(FADE_SECONDS, share / 2)
    for number in range(film.frames):
        now = number / film.fps
        index = min(int(now / share), len(photos) - 1)
        planes = _look(photos, film, variation, index, now)
        into_next = (now - (index + 1) * share + fade) / fade
        if index + 1 < len(photos) and into_next > 0:
            coming = _look(photos, film, variation, index + 1, now)
            first, second, third = (Image.blend(old, new, into_next) for old, new in zip(planes, coming, strict=True))
            planes = (first, second, third)
        yield planes


def _look(photos: Sequence[Planes], film: Film, variation: int, index: int, now: float) -> Planes:
    """One photo as the camera sees it at a moment; a move begins with the fade before it and lasts past its share."""
    share = film.seconds / len(photos)
    begins = index * share - FADE_SECONDS
    progress = (now - begins) / (share + FADE_SECONDS)
    brightness, blue, red = photos[index]
    left, top, right, bottom = box_at(choose_move(variation, index), progress, brightness.size, film.size)
    colour_box = (left / 2, top / 2, right / 2, bottom / 2)
    half = (film.width // 2, film.height // 2)
    smooth = Image.Resampling.BILINEAR
    return (
        brightness.resize(film.size, smooth, (left, top, right, bottom)),
        blue.resize(half, smooth, colour_box),
        red.resize(half, smooth, colour_box),
    )


def _stream(container: av.container.OutputContainer, film: Film) -> VideoStream:
    stream = container.add_stream("libx264", rate=film.fps)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = film.width, film.height, "yuv420p"
    stream.codec_context.thread_count = 2
    stream.options = {"preset": "superfast", "crf": "23", "x264-params": _COLOURS}
    return stream


def _frame(planes: Planes, film: Film, number: int) -> av.VideoFrame:
    frame = av.VideoFrame(film.width, film.height, "yuv420p")
    for plane, image in zip(frame.planes, planes, strict=True):
        if plane.line_size == image.width:
            plane.update(image.tobytes())
        else:
            padded = Image.new("L", (plane.line_size, image.height))
            padded.paste(image)
            plane.update(padded.tobytes())
    frame.pts = number
    return frame


def pad_to(path: Path, size: int) -> None:
    """Make an MP4 file larger, not different: a box of type ``free`` goes to its end (ISO 14496-12, 8.1.2).

    Args:
        path: The file.
        size: Bytes that it shall have; a file with no room left for the head of a box stays as it is.
    """
    room = size - path.stat().st_size
    if room < 8:
        return
    with path.open("r+b") as file:
        file.seek(0, 2)
        file.write(room.to_bytes(4, "big") + b"free")
        file.truncate(size)
